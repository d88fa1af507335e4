//! What is to become of the events of a step.

use std::collections::{BTreeMap, HashMap, HashSet};

use annals::read_model::{DeadLetter, Mark, Step, Tallies, Unit};
use annals::{Checkpoint, Position, RawEvent};
use time::OffsetDateTime;
use xxhash_rust::xxh3::xxh3_64;

use super::handler::{Chosen, Handler};
use crate::{OnUnreadable, Options};

/// An event that has failed.
#[derive(Debug, Clone)]
pub(crate) struct Poison {
    pub(crate) reason: String,
    pub(crate) attempts: u32,
    /// Whether it is tried again by itself when it is parked.
    pub(crate) again: bool,
}

/// Decides about the events of a step.
pub(crate) struct Planner<'u> {
    pub(crate) unit: &'u Unit,
    pub(crate) slices: u16,
    pub(crate) options: &'u Options,
    /// The keys that are parked.
    pub(crate) parked: &'u HashSet<String>,
    /// What is parked from now on.
    pub(crate) poison: &'u HashMap<Position, Poison>,
}

/// What one piece of a step does.
pub(crate) struct Piece {
    /// Where it begins and ends, what it parks, and its books.
    pub(crate) step: Step,
    /// The keys that it parks.
    pub(crate) fresh: HashSet<String>,
    pub(crate) apply: Vec<Chosen>,
    /// What it takes and does not apply.
    aside: Vec<Chosen>,
    /// What is left when it ends early.
    pub(crate) rest: Vec<Chosen>,
    /// Why it ends before an event that nothing can be done with.
    pub(crate) stop: Option<String>,
}

enum Fate {
    Apply,
    /// Another slice's.
    Pass,
    Park {
        keys: Vec<String>,
        poison: Option<Poison>,
    },
    Stop(String),
}

impl Planner<'_> {
    /// Plans what becomes of these events, which lead from a checkpoint to another, as a
    /// piece of a step.
    pub(crate) fn plan(
        &self,
        handler: &dyn Handler,
        events: Vec<Chosen>,
        from: Checkpoint,
        to: Checkpoint,
    ) -> Piece {
        let mut piece = Piece::new(Step { to, ..Step::from(from) }, events.len());
        let mut reached = from;
        let unreadable = handler.unreadable(&events);
        let first_unreadable = unreadable.map_or(events.len(), |(nth, _)| nth);
        // Asked for all of them at once: nearly none of them does.
        let asked = !self.parked.is_empty() && self.slices == 1;
        let touching = if asked { handler.touches(&events, self.parked) } else { Vec::new() };
        let touches = |nth| touching.get(nth).copied().unwrap_or(false);
        let mut events = events.into_iter().enumerate();
        while let Some((nth, chosen)) = events.next() {
            let raw = chosen.raw();
            let here = raw.checkpoint(from.log());
            let readable = nth < first_unreadable;
            let fate = if readable && !touches(nth) && self.is_plain(raw, &piece.fresh) {
                Fate::Apply
            } else {
                self.fate(handler, &chosen, readable, &piece.fresh)
            };
            match fate {
                Fate::Pass => piece.aside.push(chosen),
                Fate::Apply => {
                    tallies(&mut piece.step.tallies, raw).apply(mark(raw));
                    piece.apply.push(chosen);
                }
                Fate::Park { keys, poison } => {
                    tallies(&mut piece.step.tallies, raw).park(mark(raw));
                    piece.step.parked.push(self.letter(raw, &keys, poison));
                    piece.fresh.extend(keys);
                    piece.aside.push(chosen);
                }
                Fate::Stop(reason) => {
                    piece.step.to = reached;
                    piece.stop = Some(reason);
                    piece.rest.push(chosen);
                    piece.rest.extend(events.map(|(_, chosen)| chosen));
                    break;
                }
            }
            reached = here;
        }
        piece
    }

    /// Whether nothing can become of an event that decodes, and touches no key that is parked
    /// already, but to be applied: then nobody asks for its keys.
    fn is_plain(&self, raw: &RawEvent, fresh: &HashSet<String>) -> bool {
        self.slices == 1 && fresh.is_empty() && !self.poison.contains_key(&raw.position)
    }

    /// What is known already is not found out again.
    fn fate(
        &self,
        handler: &dyn Handler,
        chosen: &Chosen,
        readable: bool,
        fresh: &HashSet<String>,
    ) -> Fate {
        let poison = self.poison.get(&chosen.raw().position).cloned();
        let unreadable = || handler.unreadable(std::slice::from_ref(chosen));
        let readable = match if readable { None } else { unreadable() } {
            Some((_, reason)) => Err(reason),
            None => handler.keys(chosen),
        };
        let (keys, poison) = match readable {
            Ok(keys) => (keys, poison),
            Err(reason) => match self.without_keys(handler, chosen, reason) {
                Ok(parked) => parked,
                Err(reason) => return Fate::Stop(reason),
            },
        };
        match self.slice(chosen.raw(), &keys) {
            Ok(slice) if slice != self.unit.slice => return Fate::Pass,
            Ok(_) => {}
            Err(reason) => return Fate::Stop(reason),
        }
        let waits = keys.iter().any(|key| self.parked.contains(key) || fresh.contains(key));
        if waits || poison.is_some() { Fate::Park { keys, poison } } else { Fate::Apply }
    }

    /// What becomes of an event whose keys cannot be computed.
    fn without_keys(
        &self,
        handler: &dyn Handler,
        chosen: &Chosen,
        reason: String,
    ) -> Result<(Vec<String>, Option<Poison>), String> {
        let key = match self.options.on_unreadable {
            OnUnreadable::Stop => None,
            OnUnreadable::ParkStream => handler.key_of_stream(&chosen.raw().stream),
        };
        let key = key.ok_or_else(|| at(chosen.raw(), &reason))?;
        Ok((vec![key], Some(Poison { reason, attempts: 1, again: false })))
    }

    /// The slice that an event belongs to.
    fn slice(&self, raw: &RawEvent, keys: &[String]) -> Result<u16, String> {
        if self.slices == 1 {
            return Ok(0);
        }
        let of = |text: &str| slice_of(text, self.slices);
        let mut slices = keys.iter().map(|key| of(key));
        // What touches nothing is counted somewhere.
        let first = slices.next().unwrap_or_else(|| of(raw.stream.as_str()));
        if slices.all(|slice| slice == first) {
            return Ok(first);
        }
        let reason = "its keys are in several slices: declare a version in one slice";
        Err(at(raw, reason))
    }

    fn letter(&self, raw: &RawEvent, keys: &[String], poison: Option<Poison>) -> DeadLetter {
        DeadLetter {
            unit: self.unit.clone(),
            position: raw.position,
            event: raw.id,
            stream: raw.stream.clone(),
            version: raw.version,
            name: raw.name.clone().into_owned(),
            keys: keys.to_vec(),
            attempts: poison.as_ref().map_or(0, |poison| poison.attempts),
            reason: poison.map(|poison| poison.reason),
            // The store has the clock.
            parked_at: OffsetDateTime::UNIX_EPOCH,
            wish: None,
            wishes: 0,
        }
    }
}

impl Piece {
    fn new(step: Step, most: usize) -> Self {
        let (aside, rest) = (Vec::new(), Vec::new());
        let apply = Vec::with_capacity(most);
        Self { step, fresh: HashSet::new(), apply, aside, rest, stop: None }
    }

    /// The events that it takes, in their order: those up to a position, and those behind.
    pub(crate) fn split(self, at: Position) -> (Vec<Chosen>, Vec<Chosen>) {
        let mut events = self.apply;
        events.extend(self.aside);
        events.sort_by_key(|chosen| chosen.raw().position);
        let behind = events.partition_point(|chosen| chosen.raw().position <= at);
        let behind = events.split_off(behind);
        (events, behind)
    }
}

/// The slice of a key; it never changes, because checkpoints depend on it.
pub(crate) fn slice_of(key: &str, slices: u16) -> u16 {
    let slice = xxh3_64(key.as_bytes()) % u64::from(slices.max(1));
    u16::try_from(slice).unwrap_or_default()
}

pub(crate) fn mark(raw: &RawEvent) -> Mark {
    Mark::of(raw.partition, raw.position, raw.id)
}

pub(crate) fn tallies<'t>(all: &'t mut BTreeMap<u64, Tallies>, raw: &RawEvent) -> &'t mut Tallies {
    all.entry(mark(raw).block).or_default()
}

/// A reason, and which event.
pub(crate) fn at(raw: &RawEvent, reason: &str) -> String {
    let (name, stream, version, position) = (&raw.name, &raw.stream, raw.version, raw.position);
    format!("event `{name}` at `{stream}` version {version}, position {position}: {reason}")
}
