//! What a desk has in hand, and what it has done that the agenda still shows.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use annals::Position;
use tokio::time::Instant;

use crate::agenda;

/// How many tasks of a kind are known at once, those included that are done and still shown, or
/// rest. No kind takes the places of others.
const MOST: usize = 10_000;

/// How it ended with a task: by a step at this position, or for now, and it is left alone for
/// so long.
pub(super) type Ended = Result<Position, Duration>;

/// What is known of tasks by their places in the agenda.
#[derive(Default)]
pub(super) struct Hand {
    tasks: HashMap<String, Known>,
    kinds: BTreeMap<String, Kind>,
}

/// What is known of the tasks of a kind.
#[derive(Default)]
struct Kind {
    under_way: usize,
    /// Those under way included.
    known: usize,
    /// All up to this place has been due for long, and is known: a look begins behind it.
    passed: Option<String>,
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

    /// Whether another task of a kind may be taken in hand, of which so many may be under way.
    pub(super) fn has_room(&self, kind: &str, room: usize) -> bool {
        let (under_way, known) =
            self.kinds.get(kind).map_or((0, 0), |kind| (kind.under_way, kind.known));
        under_way < room && known < MOST
    }

    pub(super) fn take(&mut self, place: String, kind: &str) {
        self.tasks.insert(place, Known::UnderWay);
        let kind = self.kinds.entry(kind.to_owned()).or_default();
        kind.under_way += 1;
        kind.known += 1;
    }

    pub(super) fn done(&mut self, place: String, kind: &str, ended: Ended) {
        let rests = |rest| Known::Rests(Instant::now() + rest);
        let known = ended.map_or_else(rests, Known::Done);
        self.tasks.insert(place, known);
        if let Some(kind) = self.kinds.get_mut(kind) {
            kind.under_way = kind.under_way.saturating_sub(1);
        }
    }

    /// Forgets what the agenda shows no more, as far as it has come, and what has rested.
    pub(super) fn forget(&mut self, reached: Position) {
        let (now, kinds) = (Instant::now(), &mut self.kinds);
        self.tasks.retain(|place, known| {
            let stays = match known {
                Known::UnderWay => true,
                Known::Done(at) => *at > reached,
                Known::Rests(until) => *until > now,
            };
            if !stays
                && let Some((_, kind, _)) = agenda::read_place(place)
                && let Some(kind) = kinds.get_mut(kind)
            {
                kind.known = kind.known.saturating_sub(1);
                if matches!(known, Known::Rests(_)) {
                    kind.passed = None;
                }
            }
            stays
        });
    }

    /// Behind which place a look at a kind begins.
    pub(super) fn passed(&self, kind: &str) -> Option<&String> {
        self.kinds.get(kind)?.passed.as_ref()
    }

    /// All of a kind up to this place has been due for long, and is known.
    pub(super) fn pass(&mut self, place: &str, kind: &str) {
        if let Some(kind) = self.kinds.get_mut(kind) {
            kind.passed = kind.passed.take().max(Some(place.to_owned()));
        }
    }

    /// Has the next look begin at the beginning: something may be due there that was not.
    pub(super) fn look_at_all(&mut self) {
        self.kinds.values_mut().for_each(|kind| kind.passed = None);
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
