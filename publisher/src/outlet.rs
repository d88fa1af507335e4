//! Hands the events of the log to a sink.

use std::sync::Arc;

use annals::RawEvent;
use annals_projections::{RawProjection, Verdict};
use time::format_description::well_known::Rfc3339;

use crate::course::{Closed, Course};
use crate::taken::Taken;
use crate::{Message, NotTaken, PublisherError, Sink, Why};

/// What a publisher does with each step.
pub(crate) struct Outlet<K> {
    pub(crate) course: Arc<Course>,
    pub(crate) sink: K,
    pub(crate) source: Arc<str>,
    pub(crate) taken: Taken,
}

/// Why a step was not published.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotPublished {
    #[error("{target}: {why}")]
    Passing { target: String, why: String },
    #[error(
        "{target} wants nothing any more ({reason}): nothing is lost; say that it is to go on, or \
         give it another target"
    )]
    Gone { target: String, reason: String },
    #[error("{target}: {reason}")]
    Refused { target: String, reason: String, nth: usize },
    #[error("what the log keeps of the publisher: {0}")]
    Marks(#[from] PublisherError),
}

impl<K: Sink> Outlet<K> {
    fn target(&self) -> String {
        self.course.target.clone()
    }

    async fn check_open(&self) -> Result<(), NotPublished> {
        match self.course.closed().await? {
            None => Ok(()),
            Some(Closed::Gone(reason)) => Err(NotPublished::Gone { target: self.target(), reason }),
            Some(Closed::Waits(until)) => {
                // Not for how long: what is the same trouble is told in the same words.
                let until = until.truncate_to_second().format(&Rfc3339).unwrap_or_default();
                let why = format!("the receiver asks to be left alone until {until}");
                Err(NotPublished::Passing { target: self.target(), why })
            }
        }
    }

    /// What it means that a part of a batch was not taken.
    async fn failed(&self, error: NotTaken, batch: &[(usize, &RawEvent)]) -> NotPublished {
        let (target, reason) = (self.target(), error.reason().to_owned());
        match error.why() {
            Why::Passing { after } => {
                if let Some(pause) = after {
                    self.course.wait(pause);
                }
                NotPublished::Passing { target, why: error.to_string() }
            }
            Why::Gone => match self.course.gone(&reason).await {
                Ok(()) => {
                    tracing::error!(target: "annals", %target, %reason, "the receiver of a publisher wants nothing any more: it stands still");
                    NotPublished::Gone { target, reason }
                }
                Err(error) => error.into(),
            },
            Why::Refused => match batch.get(error.taken()) {
                Some((nth, _)) => NotPublished::Refused { target, reason, nth: *nth },
                None => {
                    let why = "the sink refuses a message that is not in its batch".to_owned();
                    NotPublished::Passing { target, why }
                }
            },
        }
    }
}

impl<K: Sink> RawProjection for Outlet<K> {
    type Error = NotPublished;

    async fn handle(&self, events: &[&RawEvent]) -> Result<(), NotPublished> {
        let due = |event: &RawEvent| self.course.publishes(event) && !self.taken.has(event.id);
        let due: Vec<(usize, &RawEvent)> =
            events.iter().copied().enumerate().filter(|(_, event)| due(event)).collect();
        for batch in due.chunks(self.sink.most().max(1)) {
            // Another part of the publisher may have learned something meanwhile.
            self.check_open().await?;
            let messages: Vec<_> =
                batch.iter().map(|(_, raw)| Message::new(raw, self.source.clone())).collect();
            let published = self.sink.publish(&messages).await;
            let taken = published.as_ref().err().map_or(batch.len(), NotTaken::taken);
            for (_, event) in batch.iter().take(taken) {
                self.taken.add(event.id);
            }
            if let Err(error) = published {
                return Err(self.failed(error, batch).await);
            }
        }
        Ok(())
    }

    fn verdict(error: &NotPublished) -> Verdict {
        match error {
            NotPublished::Refused { nth, .. } => Verdict::Event(*nth),
            NotPublished::Gone { .. } => Verdict::Standing,
            NotPublished::Passing { .. } => Verdict::Passing,
            NotPublished::Marks(error) if error.is_transient() => Verdict::Passing,
            NotPublished::Marks(_) => Verdict::Standing,
        }
    }
}
