//! Dead letters, tried again or skipped.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;

use annals::read_model::{
    DeadLetter, LetterQuery, ReadModelStore, Settled, Settlement, Step, Tallies, Wish,
};
use annals::store::LogQuery;
use annals::{Checkpoint, EventStore, Position, RawEvent};
use futures::TryStreamExt;

use super::super::handler::{Chosen, Failure};
use super::super::page::Page;
use super::super::plan::{at, mark, tallies};
use super::{Feeder, Interrupt, unreadable};
use crate::OnFailure;

/// How many dead letters are looked at together.
const PAGE: u64 = 1_000;

/// After so many transactions about dead letters the unit follows the log again for a step.
const TURN: usize = 50;

/// A pass over the dead letters of a unit, in turns with the steps that follow the log.
pub(super) struct Pass {
    /// The order that it fulfils.
    asked: u64,
    query: LetterQuery,
    /// Those that were read, and are to be looked at.
    page: VecDeque<DeadLetter>,
    /// The keys of those that stay. Only this unit settles them, so it holds for the whole
    /// pass; what is parked meanwhile comes behind.
    holding: HashSet<String>,
    /// The wishes about those that wait, which are answered together.
    waits: Vec<Settled>,
    /// Whether there are wishes still, by the last answer of the store.
    wishes: bool,
}

/// Where the unit stands in a turn: settling moves nothing.
#[derive(Clone, Copy)]
pub(super) struct Turn {
    pub(super) start: Checkpoint,
    pub(super) alone: bool,
}

impl Feeder {
    /// Fulfils the wishes about the unit's dead letters, in the order of the log, until all
    /// are fulfilled or it is the turn of the log; then it goes on the next time. Each that
    /// is tried or skipped is settled in a transaction of its own.
    ///
    /// A letter is tried only if nothing before it holds one of its keys. One without a
    /// wish that has failed itself, and one that fails again, holds all of its keys.
    pub(super) async fn fulfil(&mut self) -> Result<(), Interrupt> {
        let unit = &self.lease.unit;
        let mut pass = self.pass.take().unwrap_or_else(|| Pass {
            asked: self.orders.borrow().wishes,
            query: LetterQuery::unit(unit.clone()).limit(PAGE),
            page: VecDeque::new(),
            holding: HashSet::new(),
            waits: Vec::new(),
            wishes: false,
        });
        let resumed = self.shared.models.resume(&self.lease).await.map_err(Failure::from)?;
        let turn = Turn { start: resumed.checkpoint, alone: resumed.alone };
        let mut steps = 0;
        while steps < TURN {
            self.check_orders()?;
            let Some(letter) = self.next(&mut pass).await? else {
                self.answer_waits(&mut pass, turn).await?;
                (self.wishes, self.fulfilled) = (pass.wishes, pass.asked);
                self.shared.board.aside(&self.lease.unit, !self.asides.is_empty());
                return Ok(());
            };
            if self.settle(letter, &mut pass, turn).await? {
                steps += 1;
            }
        }
        self.answer_waits(&mut pass, turn).await?;
        // What has come to the log meanwhile does not wait for all of them.
        (self.pass, self.log_is_due) = (Some(pass), true);
        Ok(())
    }

    async fn next(&mut self, pass: &mut Pass) -> Result<Option<DeadLetter>, Interrupt> {
        if pass.page.is_empty() {
            let letters = self.shared.models.letters(&pass.query).await.map_err(Failure::from)?;
            if let Some(last) = letters.last() {
                pass.query = pass.query.clone().after(last);
            }
            pass.page = letters.into();
        }
        Ok(pass.page.pop_front())
    }

    /// Settles a letter, or finds that it waits. Returns whether that has taken a
    /// transaction.
    async fn settle(
        &mut self,
        letter: DeadLetter,
        pass: &mut Pass,
        turn: Turn,
    ) -> Result<bool, Interrupt> {
        let waits = letter.keys.iter().any(|key| pass.holding.contains(key));
        match &letter.wish {
            // It only ever waited, and nothing is before it any more: it was parked while
            // the wish was made, or is the next of a chain.
            None if letter.reason.is_none() && !waits => self.retry(letter, pass, turn).await?,
            None => {
                pass.holding.extend(letter.keys);
                return Ok(false);
            }
            Some(Wish::Skip { note }) => {
                let unit = &self.lease.unit;
                tracing::warn!(target: "annals", %unit, position = %letter.position, %note, "a dead letter is skipped");
                let raw = self.read(&letter).await?;
                let step = settling(turn, &letter, &raw, Settlement::Gone, Tallies::skip);
                pass.wishes = self.settle_step(&step).await?;
            }
            Some(Wish::Retry) if waits => {
                pass.waits.push(settled(&letter, Settlement::Waits));
                pass.holding.extend(letter.keys);
                let full = pass.waits.len() as u64 >= PAGE;
                if full {
                    self.answer_waits(pass, turn).await?;
                }
                return Ok(full);
            }
            Some(Wish::Retry) => self.retry(letter, pass, turn).await?,
        }
        Ok(true)
    }

    /// Answers the wishes about letters that wait, all in one step.
    async fn answer_waits(&mut self, pass: &mut Pass, turn: Turn) -> Result<(), Interrupt> {
        if pass.waits.is_empty() {
            return Ok(());
        }
        let step = Step { settled: std::mem::take(&mut pass.waits), ..Step::from(turn.start) };
        pass.wishes = self.settle_step(&step).await?;
        Ok(())
    }

    async fn retry(
        &mut self,
        letter: DeadLetter,
        pass: &mut Pass,
        turn: Turn,
    ) -> Result<(), Interrupt> {
        match self.revive(&letter, turn).await {
            Ok(wishes) => {
                pass.wishes = wishes;
                Ok(())
            }
            Err(Failure::Event { reason, certain, .. }) => {
                let settled = vec![settled(&letter, Settlement::Failed { reason })];
                let step = Step { settled, ..Step::from(turn.start) };
                pass.wishes = self.settle_step(&step).await?;
                // It has only waited, and fails for the first time.
                let options = &self.entry.options;
                let again = !certain && letter.reason.is_none() && options.attempts > 1;
                if again && options.on_failure == OnFailure::Park && self.asides.has_room() {
                    self.asides.add(letter.position, 1);
                }
                pass.holding.extend(letter.keys);
                Ok(())
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// Applies a dead letter; returns whether there are wishes still. What fails has
    /// changed nothing.
    pub(super) async fn revive(
        &mut self,
        letter: &DeadLetter,
        turn: Turn,
    ) -> Result<bool, Failure> {
        let raw = self.read(letter).await?;
        let Turn { start, alone } = turn;
        let page = Page::new(start.position(), raw.checkpoint(start.log()), vec![raw]);
        let chosen = Chosen { page: Arc::new(page), index: 0 };
        let failed = |reason: &str, certain| Failure::Event {
            nth: Some(0),
            reason: at(chosen.raw(), reason),
            certain,
        };
        let events = [chosen.clone()];
        if let Some((_, reason)) = self.handler.unreadable(&events) {
            return Err(failed(&reason, true));
        }
        let applied = async {
            self.revived(&chosen).await?;
            let models = &self.shared.models;
            let mut tx = models.begin(&self.lease).await?;
            self.handler.apply(models, &mut tx, &events).await?;
            self.handler.flush(models, &mut tx).await?;
            let step = settling(turn, letter, chosen.raw(), Settlement::Gone, Tallies::revive);
            Ok(models.commit(tx, &step).await?.wishes)
        };
        match applied.await {
            Ok(wishes) => {
                self.handler.committed();
                Ok(wishes)
            }
            Err(Failure::Event { reason, certain, .. }) => {
                // Whatever it was folded into is loaded again.
                self.handler.forget(alone);
                Err(failed(&reason, certain))
            }
            Err(failure) => Err(failure),
        }
    }

    /// The event of a letter.
    async fn read(&mut self, letter: &DeadLetter) -> Result<RawEvent, Failure> {
        let before = Position::new(letter.position.get().saturating_sub(1));
        let query = LogQuery::partition(letter.unit.partition).after(before).limit(1);
        let raw = self.shared.log.read_all(query).try_next().await;
        let raw = raw.map_err(|error| match unreadable(&error) {
            Interrupt::Trouble { reason, stands: false } => Failure::Passing(reason),
            _ => Failure::Standing(error.to_string()),
        })?;
        match raw {
            Some(raw) if raw.id == letter.event => Ok(raw),
            _ => Err(Failure::Standing(format!(
                "the log has another event at position {} than the dead letter: it lost its tail; \
                 build the read model anew",
                letter.position
            ))),
        }
    }

    /// Commits a step that applies nothing; returns whether there are wishes still.
    pub(super) async fn settle_step(&mut self, step: &Step) -> Result<bool, Interrupt> {
        let models = &self.shared.models;
        let tx = models.begin(&self.lease).await.map_err(Failure::from)?;
        Ok(models.commit(tx, step).await.map_err(Failure::from)?.wishes)
    }
}

pub(super) fn settled(letter: &DeadLetter, how: Settlement) -> Settled {
    Settled { position: letter.position, wishes: letter.wishes, how }
}

fn settling(
    turn: Turn,
    letter: &DeadLetter,
    raw: &RawEvent,
    how: Settlement,
    count: impl FnOnce(&mut Tallies, annals::read_model::Mark),
) -> Step {
    let mut books = BTreeMap::new();
    count(tallies(&mut books, raw), mark(raw));
    Step { tallies: books, settled: vec![settled(letter, how)], ..Step::from(turn.start) }
}
