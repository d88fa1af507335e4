//! What the log keeps of publishers, as events.

use annals::{Event, Position};
use serde::{Deserialize, Serialize};

/// What annals itself records about a publisher, in the stream `annals.publisher-<name>`; all
/// but [`Listed`](Self::Listed), which is in the stream `annals.publishers-all`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Event)]
#[event(prefix = "annals.publisher")]
pub enum PublisherEvent {
    /// It was started for the first time.
    Begun(Begun),
    /// Its receiver wants nothing any more.
    Stopped(Stopped),
    /// Somebody said that it is to go on.
    Resumed(Resumed),
    /// It was started for the first time, and is one of the publishers of the log.
    Listed(Listed),
}

/// From where on a publisher publishes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// The last event of each partition that it does not publish.
    pub behind: Vec<Position>,
}

/// A receiver wants nothing any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopped {
    /// Which one: another target is not stopped by it.
    pub target: String,
    /// What it said.
    pub reason: String,
}

/// Somebody said that a publisher is to go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resumed {
    /// Who, and why.
    pub note: String,
}

/// There is a publisher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Its name.
    pub name: String,
}
