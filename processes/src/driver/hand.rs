//! What a desk has in hand, and what it has done that the agenda still shows.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use annals::Position;
use tokio::time::Instant;

/// How it ended with a task: by a step at this position, or for now, and it is left alone for
/// so long.
pub(super) type Ended = Result<Position, Duration>;

/// What is known of tasks by their places in the agenda.
#[derive(Default)]
pub(super) struct Hand {
    tasks: HashMap<String, Known>,
    /// How many of each kind are under way.
    under_way: BTreeMap<String, usize>,
}

enum Known {
    UnderWay,
    /// Done by a step at this position: the agenda shows it until it has come there.
    Done(Position),
    /// Nothing was to be done about it, or nothing can be done now: the agenda is behind, or this
    /// code is.
    Rests(Instant),
}

impl Hand {
    /// Whether a task needs nobody now.
    pub(super) fn has(&self, place: &str) -> bool {
        self.tasks.contains_key(place)
    }

    /// How many are known: so many of the agenda's first tasks may be among them.
    pub(super) fn len(&self) -> usize {
        self.tasks.len()
    }

    pub(super) fn under_way(&self, kind: &str) -> usize {
        self.under_way.get(kind).copied().unwrap_or(0)
    }

    pub(super) fn take(&mut self, place: String, kind: &str) {
        self.tasks.insert(place, Known::UnderWay);
        *self.under_way.entry(kind.to_owned()).or_default() += 1;
    }

    pub(super) fn done(&mut self, place: String, kind: &str, ended: Ended) {
        let rests = |rest| Known::Rests(Instant::now() + rest);
        let known = ended.map_or_else(rests, Known::Done);
        self.tasks.insert(place, known);
        if let Some(under_way) = self.under_way.get_mut(kind) {
            *under_way = under_way.saturating_sub(1);
        }
    }

    /// Forgets what the agenda shows no more, as far as it has come.
    pub(super) fn forget(&mut self, reached: Position) {
        let now = Instant::now();
        self.tasks.retain(|_, known| match known {
            Known::UnderWay => true,
            Known::Done(at) => *at > reached,
            Known::Rests(until) => *until > now,
        });
    }

    /// Whether something rests, and is to be looked at again.
    pub(super) fn next_look(&self) -> Option<Instant> {
        let resting = self.tasks.values().filter_map(|known| match known {
            Known::Rests(until) => Some(*until),
            _ => None,
        });
        resting.min()
    }
}
