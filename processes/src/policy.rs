//! Whenever something happens, something else is to be done.

mod follower;
mod forgiving;
mod hand;
mod options;

use annals::{Event, Recorded};

pub(crate) use self::follower::Follower;
pub use self::options::PolicyOptions;

/// A policy: whenever one thing happens, others are to be done. It turns events into commands
/// and remembers nothing; what has to remember is a [`Process`](crate::Process).
///
/// Services that follow each other's events in this way are choreographed: no one of them knows
/// the whole, and what undoes a step is itself a policy.
///
/// ```
/// use annals::{Event, Recorded};
/// use annals_processes::Policy;
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Debug, Clone, Serialize, Deserialize, Event)]
/// # #[event(prefix = "order")]
/// # enum OrderEvent { Placed { sku: String }, Shipped }
///
/// struct Ship {
///     order: String,
/// }
///
/// /// Whenever an order is placed, it is shipped.
/// struct Shipping;
///
/// impl Policy for Shipping {
///     const NAME: &'static str = "shipping";
///     type Event = OrderEvent;
///     type Command = Ship;
///
///     fn react(event: &Recorded<OrderEvent>) -> Vec<Ship> {
///         match event.event {
///             OrderEvent::Placed { .. } => vec![Ship { order: event.stream.key().to_owned() }],
///             OrderEvent::Shipped => vec![],
///         }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a policy",
    label = "not a policy",
    note = "implement `annals_processes::Policy` for it"
)]
pub trait Policy: Send + Sync + 'static {
    /// The name under which it is known: 1 to 40 of the characters `a-z`, `0-9` and `_`,
    /// beginning with a letter. It stays when the Rust type is renamed. No process has the same.
    const NAME: &'static str;

    /// Raised by one whenever [`Event`](Self::Event) has fewer types of events than before, or the code
    /// before is to come back. Workers with an earlier revision are handed nothing from then on,
    /// and do not start again. Types may be added without it.
    const REVISION: u32 = 1;

    /// The events that it follows: those of one aggregate, or a union.
    type Event: Event;

    /// What it asks for.
    type Command: Send + Sync + 'static;

    /// What is to be done whenever this has happened: 1,000 commands at most, which are carried
    /// out one after the other. It is pure, and gives the same each time for the same event:
    /// the place of a command in the list is part of what makes it one and the same.
    fn react(event: &Recorded<Self::Event>) -> Vec<Self::Command>;

    /// What the order of events is kept for: the commands of one key are carried out one after
    /// the other, those of different keys side by side. Its stream by default.
    ///
    /// Order reaches as far as a partition: events of one key in streams of several partitions
    /// come in any order.
    fn key(event: &Recorded<Self::Event>) -> String {
        event.stream.to_string()
    }

    /// What a refused command means: by default that somebody has to look.
    fn refused(command: &Self::Command, reason: &str) -> Refusal {
        let _ = (command, reason);
        Refusal::Park
    }
}

/// What it means that a command of a [policy](Policy) is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Refusal {
    /// The event is parked as a dead letter, with the later ones of its key.
    #[default]
    Park,
    /// Nothing: the policy goes on with what comes next.
    Ignore,
}
