//! What is published, and where.

use std::fmt;

use annals::store::Filter;

use crate::Sink;

/// Publishes events of chosen categories to a [`Sink`].
///
/// ```
/// # use annals_publisher::{MemorySink, Publisher};
/// let publisher = Publisher::new("orders_out", MemorySink::new())
///     .category("order")
///     .name("order.placed")
///     .name("order.cancelled")
///     .source("https://shop.example/orders");
/// ```
///
/// # Its name
/// 1 to 40 of the characters `a-z`, `0-9` and `_`, beginning with a letter; no read model in the
/// same store has it. Its checkpoints, its dead letters and its place in the log go by it, so it
/// is never changed: another name is another publisher.
#[must_use = "a publisher does nothing until it is given to `Publishers`"]
pub struct Publisher<K> {
    pub(crate) name: String,
    pub(crate) sink: K,
    pub(crate) filter: Filter,
    pub(crate) source: Option<String>,
    pub(crate) from_beginning: bool,
    pub(crate) slices: u16,
    pub(crate) step: usize,
}

impl<K: Sink> Publisher<K> {
    /// A publisher of this name. It publishes nothing until it is given a
    /// [category](Self::category).
    pub fn new(name: impl Into<String>, sink: K) -> Self {
        let (name, filter, source) = (name.into(), Filter::all(), None);
        Self { name, sink, filter, source, from_beginning: false, slices: 1, step: 500 }
    }

    /// Publishes the events of one more category of streams, one at least.
    ///
    /// A category that is added later is published from where the publisher stands then.
    pub fn category(self, category: impl Into<String>) -> Self {
        Self { filter: self.filter.category(category), ..self }
    }

    /// Publishes of these categories the events of one more stored name; without any, all.
    pub fn name(self, name: impl Into<String>) -> Self {
        Self { filter: self.filter.name(name), ..self }
    }

    /// What the log is called to others, as a URI reference. By default it is the id of the
    /// log, as a URN: it stays the same when the log moves to another server, and is another
    /// one where the log was imported.
    pub fn source(self, source: impl Into<String>) -> Self {
        Self { source: Some(source.into()), ..self }
    }

    /// Publishes also what happened before it is started for the first time. It has no effect
    /// later: from where on a publisher publishes is kept in the log.
    pub fn from_beginning(self) -> Self {
        Self { from_beginning: true, ..self }
    }

    /// Into how many slices the streams of each partition are divided, 1 by default and 64 at
    /// most: slices are published at the same time, each in the order of its streams. The number
    /// is fixed when it is started for the first time.
    pub fn slices(self, slices: u16) -> Self {
        Self { slices, ..self }
    }

    /// The most events between two checkpoints, 500 by default: after a crash, as many may be
    /// published once more.
    pub fn step(self, events: usize) -> Self {
        Self { step: events, ..self }
    }
}

impl<K: Sink> fmt::Debug for Publisher<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Publisher");
        debug.field("name", &self.name).field("target", &self.sink.target());
        debug.field("filter", &self.filter).finish_non_exhaustive()
    }
}
