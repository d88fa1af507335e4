//! The contract of whatever messages are handed to.

use std::fmt;
use std::time::Duration;

use crate::Message;

/// Where messages go: a webhook, a broker, a file.
///
/// # What it is given
/// Batches, in the order of a partition; the next one when it has taken the one before. Where
/// a publisher has several slices, or its log several partitions, it is called for several of
/// them at once, and then no stream is in two of them.
///
/// # What it promises
/// - `Ok` says that all of the batch is kept where a crash does not lose it.
/// - It takes the messages in their order, and tells how many it has taken before one that it
///   did not.
/// - It may be given a message that it has taken before, and then answers as if it were new.
///   The [id](Message::id) tells.
///
/// # Cancellation
/// The future of [`publish`](Self::publish) is dropped when a publisher is stopped in a hurry,
/// when its lease is lost, or when it takes longer than a lease. What was taken and not
/// answered comes again.
///
/// ```
/// use annals_publisher::{Message, NotTaken, Sink};
///
/// /// Standard output, a line for each message.
/// struct Lines;
///
/// impl Sink for Lines {
///     fn target(&self) -> String {
///         "stdout".to_owned()
///     }
///
///     async fn publish(&self, batch: &[Message]) -> Result<(), NotTaken> {
///         use std::io::Write;
///         for (nth, message) in batch.iter().enumerate() {
///             let written = writeln!(std::io::stdout(), "{}", message.to_json());
///             written.map_err(|error| NotTaken::passing(error.to_string()).behind(nth))?;
///         }
///         Ok(())
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not take messages",
    note = "use `MemorySink` or `WebhookSink`, or implement `annals_publisher::Sink`"
)]
pub trait Sink: Send + Sync + 'static {
    /// What people call the place, without secrets. A receiver that is [gone](Why::Gone) is gone
    /// for this name: another one begins anew.
    fn target(&self) -> String;

    /// The most messages of a batch, 100 by default.
    fn most(&self) -> usize {
        100
    }

    /// Hands messages over, in their order.
    fn publish(&self, batch: &[Message]) -> impl Future<Output = Result<(), NotTaken>> + Send;
}

/// A sink has not taken a message of a batch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}: {reason}")]
pub struct NotTaken {
    why: Why,
    reason: String,
    taken: usize,
}

/// What it means that a message was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// It may pass: the publisher sends it again, with pauses that grow, and nothing behind it
    /// in its partition before it.
    Passing {
        /// Not before this time has gone by, an hour at most, if the receiver has said so.
        after: Option<Duration>,
    },
    /// This message will never be taken: it is parked, with the later ones of its stream, and
    /// all others go on.
    Refused,
    /// The receiver wants nothing any more: the publisher stops, and loses nothing.
    Gone,
}

impl NotTaken {
    /// It may pass. The reason must hold no content of a message, and no secret.
    #[must_use]
    pub fn passing(reason: impl Into<String>) -> Self {
        Self { why: Why::Passing { after: None }, reason: reason.into(), taken: 0 }
    }

    /// The first message that was not taken never will be.
    #[must_use]
    pub fn refused(reason: impl Into<String>) -> Self {
        Self { why: Why::Refused, ..Self::passing(reason) }
    }

    /// The receiver wants nothing any more. Of the reason 1,000 characters are kept.
    #[must_use]
    pub fn gone(reason: impl Into<String>) -> Self {
        Self { why: Why::Gone, ..Self::passing(reason) }
    }

    /// The receiver asks to be left alone for so long; only where it may pass.
    #[must_use]
    pub fn after(self, pause: Duration) -> Self {
        match self.why {
            Why::Passing { .. } => Self { why: Why::Passing { after: Some(pause) }, ..self },
            _ => self,
        }
    }

    /// So many messages of the batch were taken before.
    #[must_use]
    pub fn behind(self, taken: usize) -> Self {
        Self { taken, ..self }
    }

    /// What it means.
    #[must_use]
    pub fn why(&self) -> Why {
        self.why
    }

    /// The reason, for people.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// How many messages of the batch were taken before.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.taken
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Passing { .. } => "not taken now",
            Self::Refused => "refused",
            Self::Gone => "the receiver wants nothing any more",
        })
    }
}
