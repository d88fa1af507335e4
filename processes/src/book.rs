//! What annals knows of an instance, whatever the process is about.

use std::collections::BTreeMap;

use annals::{Origin, Partition, Position, Recorded};
use serde::{Deserialize, Serialize};

use crate::step::{Phase, Step, Taken, Task, Undo, What};

/// The books of an instance, folded from its steps: what it has taken in, what is open, and
/// what there is to undo.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Book {
    /// What it is about.
    pub phase: Phase,
    /// What it waits for, by number.
    pub open: BTreeMap<u32, Task>,
    /// What undoes what was done, the newest last.
    pub undo: Vec<Undo>,
    /// How far it has come in each partition. Events come in their order, so that what is not
    /// behind this place was taken in before, or was parked and left behind.
    seen: BTreeMap<Partition, Position>,
    /// The number of the next task.
    next: u32,
}

impl Book {
    /// Takes in a step.
    pub(crate) fn apply(&mut self, step: &Step) {
        if let Taken::Event { partition, position, .. } = &step.input {
            // One that is late stands before others that were taken in.
            let seen = self.seen.entry(*partition).or_default();
            *seen = (*seen).max(*position);
        }
        for closed in &step.closed {
            self.open.remove(&closed.number);
        }
        // What was done just now may be what is undone first.
        self.undo.extend(step.undo.iter().cloned());
        self.undo.truncate(self.undo.len().saturating_sub(step.undone));
        for task in &step.opened {
            self.next = self.next.max(task.number.saturating_add(1));
            self.open.insert(task.number, task.clone());
        }
        if let Some(phase) = &step.phase {
            self.phase = phase.clone();
        }
        if self.phase.is_over() {
            self.undo.clear();
        }
    }

    /// Takes in a step of an event that stands in the log. What was imported has its places in
    /// another log, and what it asked for was seen to there.
    pub(crate) fn take<E>(&mut self, step: &Step, event: &Recorded<E>) {
        self.apply(step);
        if event.origin == Origin::Imported {
            self.seen.clear();
            self.open.clear();
        }
    }

    /// Whether it has come to an event, or beyond.
    pub(crate) fn has_seen(&self, partition: Partition, position: Position) -> bool {
        self.seen.get(&partition).is_some_and(|seen| *seen >= position)
    }

    /// Whether it has gone beyond an event.
    pub(crate) fn is_beyond(&self, partition: Partition, position: Position) -> bool {
        self.seen.get(&partition).is_some_and(|seen| *seen > position)
    }

    /// The number of the next task.
    pub(crate) fn next(&self) -> u32 {
        self.next
    }

    /// Whether it waits for somebody's decision.
    #[must_use]
    pub fn is_parked(&self) -> bool {
        self.open.values().any(|task| matches!(task.what, What::Decision { .. }))
    }
}
