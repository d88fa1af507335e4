//! What to read.

use crate::{Checkpoint, Event, Partition, Position, RawEvent, StreamId, Version};

/// Reads of one stream.
///
/// ```
/// # use annals::{StreamId, Version};
/// # use annals::store::StreamQuery;
/// # let account: StreamId = "account-4711".parse()?;
/// let newest_ten = StreamQuery::backwards(account.clone()).limit(10);
/// let behind_a_snapshot = StreamQuery::forwards(account).from(Version::new(101));
/// # Ok::<_, annals::InvalidStreamId>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamQuery {
    /// The stream.
    pub stream: StreamId,
    /// Which way.
    pub direction: Direction,
    /// The first version to read; `None` is the first one in that direction.
    pub from: Option<Version>,
    /// How many events at most; `None` reads to the end.
    pub limit: Option<u64>,
}

/// The direction of a read of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From old to new.
    Forwards,
    /// From new to old.
    Backwards,
}

impl StreamQuery {
    /// From the first event to the last.
    #[must_use]
    pub fn forwards(stream: StreamId) -> Self {
        Self { stream, direction: Direction::Forwards, from: None, limit: None }
    }

    /// From the last event to the first.
    #[must_use]
    pub fn backwards(stream: StreamId) -> Self {
        Self { direction: Direction::Backwards, ..Self::forwards(stream) }
    }

    /// Begins with this version.
    #[must_use]
    pub fn from(self, version: Version) -> Self {
        Self { from: Some(version), ..self }
    }

    /// Ends after this many events.
    #[must_use]
    pub fn limit(self, events: u64) -> Self {
        Self { limit: Some(events), ..self }
    }
}

/// Reads of one partition of the log, forwards.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogQuery {
    /// The partition.
    pub partition: Partition,
    /// Behind which place to begin.
    pub after: After,
    /// Which events.
    pub filter: Filter,
    /// How many events that pass the filter at most; `None` reads to the end.
    /// Subscriptions end after as many.
    pub limit: Option<u64>,
    /// Whether to read where is written; see [`newest`](LogQuery::newest).
    pub newest: bool,
}

/// The place behind which a read of the log begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// A position that is not beyond the end;
    /// [`Position::START`] reads from the beginning.
    Position(Position),
    /// A checkpoint, of which the log must still hold the event.
    Checkpoint(Checkpoint),
}

impl LogQuery {
    /// A partition from its beginning.
    #[must_use]
    pub fn partition(partition: Partition) -> Self {
        let after = After::Position(Position::START);
        Self { partition, after, filter: Filter::all(), limit: None, newest: false }
    }

    /// What stands behind a checkpoint. If the log no longer holds the
    /// checkpoint's event, the read is [`Diverged`](crate::ReadError::Diverged).
    #[must_use]
    pub fn resume(checkpoint: Checkpoint) -> Self {
        let after = After::Checkpoint(checkpoint);
        Self { after, ..Self::partition(checkpoint.partition()) }
    }

    /// What stands behind a position. Whether the log still holds what was there
    /// is not checked, as [`resume`](LogQuery::resume) does; a position beyond
    /// the end is refused.
    #[must_use]
    pub fn after(self, position: Position) -> Self {
        Self { after: After::Position(position), ..self }
    }

    /// Only the events that pass the filter.
    #[must_use]
    pub fn filter(self, filter: Filter) -> Self {
        Self { filter, ..self }
    }

    /// Ends after this many events.
    #[must_use]
    pub fn limit(self, events: u64) -> Self {
        Self { limit: Some(events), ..self }
    }

    /// Reads everything that was acknowledged before the read began, as reads of streams
    /// do, also where whole partitions are read from a copy that may lag behind: for
    /// who decides on what is read. Subscriptions take no notice of it.
    #[must_use]
    pub fn newest(self) -> Self {
        Self { newest: true, ..self }
    }
}

/// Which events of a log to read; stores evaluate it where the data are.
///
/// An event passes if its category is one of the categories **and** its name is
/// one of the names; an empty list lets everything pass.
///
/// ```
/// # use annals::store::Filter;
/// let carts_and_orders = Filter::all().category("cart").category("order");
/// let only_paid_orders = Filter::all().category("order").name("order.paid");
/// # let _ = (carts_and_orders, only_paid_orders);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Filter {
    /// Categories of streams.
    pub categories: Vec<String>,
    /// Stored names of event types.
    pub names: Vec<String>,
}

impl Filter {
    /// Every event.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// One more category to pass; without any, all do.
    #[must_use]
    pub fn category(mut self, category: impl Into<String>) -> Self {
        self.categories.push(category.into());
        self
    }

    /// One more stored name to pass; without any, all do.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.names.push(name.into());
        self
    }

    /// All the stored names to pass which `E` can read, old ones included.
    #[must_use]
    pub fn events<E: Event>(mut self) -> Self {
        self.names.extend(E::SCHEMAS.iter().map(|schema| schema.name.to_owned()));
        self
    }

    /// Whether the event passes.
    #[must_use]
    pub fn passes(&self, event: &RawEvent) -> bool {
        let among = |list: &[String], text: &str| list.is_empty() || list.iter().any(|l| l == text);
        among(&self.names, &event.name) && among(&self.categories, event.stream.category())
    }
}
