//! Events that have failed and may not fail the next time: they are parked, and tried again
//! while the others go on.

use std::collections::BTreeMap;
use std::time::Duration;

use annals::read_model::{DeadLetter, LetterQuery, ReadModelStore, Settlement, Step};
use annals::{Checkpoint, Position};
use tokio::time::Instant;

use super::super::backoff::Backoff;
use super::super::handler::Failure;
use super::letters::{Turn, settled};
use super::{Feeder, Interrupt};

/// More events at once are not tried beside the log: then it is not an event that is wrong,
/// and the unit waits with each.
const MOST: usize = 32;

/// The events of a unit that are tried again, and when. A unit that is taken over or begins
/// anew leaves them parked: then they wait for somebody who retries them.
pub(super) struct Asides {
    seed: u64,
    events: BTreeMap<Position, Aside>,
}

struct Aside {
    attempts: u32,
    due: Instant,
    backoff: Backoff,
}

impl Asides {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, events: BTreeMap::new() }
    }

    pub(super) fn has_room(&self) -> bool {
        self.events.len() < MOST
    }

    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// An event was parked that has failed so often.
    pub(super) fn add(&mut self, position: Position, attempts: u32) {
        let mut backoff = Backoff::new(self.seed ^ position.get());
        let due = Instant::now() + backoff.pause();
        self.events.insert(position, Aside { attempts, due, backoff });
    }

    /// When the next one is tried.
    pub(super) fn due(&self) -> Option<Instant> {
        self.events.values().map(|aside| aside.due).min()
    }

    /// One that is to be tried now.
    fn first_due(&self) -> Option<Position> {
        let now = Instant::now();
        self.events.iter().find(|(_, aside)| aside.due <= now).map(|(position, _)| *position)
    }

    /// It has failed once more.
    fn failed(&mut self, position: Position, most: u32) -> bool {
        let Some(aside) = self.events.get_mut(&position) else { return true };
        aside.attempts += 1;
        aside.due = Instant::now() + aside.backoff.pause();
        let last = aside.attempts >= most;
        if last {
            self.events.remove(&position);
        }
        last
    }

    /// The store cannot say yet what has become of it.
    fn later(&mut self, position: Position, pause: Duration) {
        if let Some(aside) = self.events.get_mut(&position) {
            aside.due = Instant::now() + pause;
        }
    }
}

impl Feeder {
    /// Tries what is due, between two steps. Nothing before such an event holds one of its
    /// keys: it would have waited there, and not failed. Returns whether one is applied now;
    /// else nothing has changed but how often they have failed.
    pub(super) async fn try_asides(&mut self, start: Checkpoint) -> Result<bool, Interrupt> {
        let turn = Turn { start, alone: self.alone };
        let mut applied = false;
        while let Some(position) = self.asides.first_due() {
            self.check_orders()?;
            let query = LetterQuery::unit(self.lease.unit.clone()).at(position);
            let letters = self.shared.models.letters(&query).await.map_err(Failure::from)?;
            match letters.into_iter().next() {
                Some(letter) if letter.wish.is_none() => {
                    applied |= self.try_aside(&letter, turn).await?;
                }
                // It is settled, or somebody has decided what is to become of it.
                _ => drop(self.asides.events.remove(&position)),
            }
        }
        // Where one was applied, what waits behind it comes next.
        let waits = self.wishes || !self.asides.is_empty();
        self.shared.board.aside(&self.lease.unit, waits);
        Ok(applied)
    }

    /// Returns whether it is applied.
    async fn try_aside(&mut self, letter: &DeadLetter, turn: Turn) -> Result<bool, Interrupt> {
        let (unit, position) = (self.lease.unit.clone(), letter.position);
        match self.revive(letter, turn).await {
            Ok(_) => {
                tracing::info!(target: "annals", %unit, %position, "an event that had failed is applied");
                self.asides.events.remove(&position);
                // What waits behind it is settled next.
                self.wishes = true;
                Ok(true)
            }
            Err(Failure::Event { reason, .. }) => {
                let last = self.asides.failed(position, self.entry.options.attempts);
                if last {
                    tracing::error!(target: "annals", %unit, %position, %reason, "an event stays parked");
                }
                let settled = vec![settled(letter, Settlement::Failed { reason })];
                self.settle_step(&Step { settled, ..Step::from(turn.start) }).await?;
                Ok(false)
            }
            Err(failure) => {
                self.asides.later(position, Duration::from_millis(100));
                Err(failure.into())
            }
        }
    }
}
