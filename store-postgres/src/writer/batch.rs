//! Which appends are committed together.

use std::collections::HashSet;

use annals::{Origin, StreamId};

use crate::writer::Pending;

/// How many bytes are committed together at most; a larger append is alone.
const BYTES: usize = 8 << 20;
/// How many events are committed together at most; a larger append is alone.
const EVENTS: usize = 4_096;

/// A batch that is being gathered.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) appends: Vec<Pending>,
    keys: HashSet<(StreamId, String)>,
    bytes: usize,
    events: usize,
}

impl Batch {
    /// Takes the append, or gives it back if it must wait for the next batch.
    pub(super) fn take(&mut self, pending: Pending, most: usize) -> Result<(), Box<Pending>> {
        let (events, bytes) = (pending.append.events(), pending.bytes);
        let full = self.appends.len() >= most
            || self.events + events > EVENTS
            || self.bytes + bytes > BYTES;
        if !self.appends.is_empty() && (full || self.excludes(&pending)) {
            return Err(Box::new(pending));
        }
        if let Some(key) = key(&pending) {
            self.keys.insert(key);
        }
        self.events += events;
        self.bytes += bytes;
        self.appends.push(pending);
        Ok(())
    }

    /// Imports are alone in their batch, because they bring times; and the second of
    /// two appends under one key must find what the first one has done.
    fn excludes(&self, pending: &Pending) -> bool {
        let import = |pending: &Pending| pending.append.origin == Origin::Imported;
        import(pending)
            || self.appends.first().is_some_and(import)
            || key(pending).is_some_and(|key| self.keys.contains(&key))
    }
}

fn key(pending: &Pending) -> Option<(StreamId, String)> {
    let key = pending.append.key.as_ref()?;
    let first = pending.append.writes.first()?;
    Some((first.stream.clone(), key.as_str().to_owned()))
}
