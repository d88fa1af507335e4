//! Dead letters, tried again or skipped.

use std::collections::{BTreeMap, HashSet};
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

/// How many dead letters are looked at together.
const PAGE: u64 = 1_000;

impl Feeder {
    /// Fulfils the wishes about the unit's dead letters, in the order of the log. Each is
    /// settled in a transaction of its own.
    ///
    /// A letter is tried only if nothing before it holds one of its keys. One without a
    /// wish that has failed itself, and one that fails again, holds all of its keys.
    pub(super) async fn fulfil(&mut self) -> Result<(), Interrupt> {
        let asked = self.orders.borrow().wishes;
        let mut holding = HashSet::new();
        let mut query = LetterQuery::unit(self.lease.unit.clone()).limit(PAGE);
        loop {
            let letters = self.shared.models.letters(&query).await.map_err(Failure::from)?;
            let Some(last) = letters.last() else { break };
            query = query.after(last);
            for letter in letters {
                self.check_orders()?;
                self.settle(letter, &mut holding).await?;
            }
        }
        (self.wishes, self.fulfilled) = (false, asked);
        Ok(())
    }

    async fn settle(
        &mut self,
        letter: DeadLetter,
        holding: &mut HashSet<String>,
    ) -> Result<(), Interrupt> {
        let waits = letter.keys.iter().any(|key| holding.contains(key));
        match &letter.wish {
            // It only ever waited, and nothing is before it any more: it was parked while
            // the wish was made, or is the next of a chain.
            None if letter.reason.is_none() && !waits => self.retry(letter, holding).await,
            None => {
                holding.extend(letter.keys);
                Ok(())
            }
            Some(Wish::Skip { note }) => {
                let unit = &self.lease.unit;
                tracing::warn!(target: "annals", %unit, position = %letter.position, %note, "a dead letter is skipped");
                self.settle_as(&letter, Settlement::Gone, Tallies::skip).await
            }
            Some(Wish::Retry) if waits => {
                self.settle_as(&letter, Settlement::Waits, |_, _| {}).await?;
                holding.extend(letter.keys);
                Ok(())
            }
            Some(Wish::Retry) => self.retry(letter, holding).await,
        }
    }

    async fn retry(
        &mut self,
        letter: DeadLetter,
        holding: &mut HashSet<String>,
    ) -> Result<(), Interrupt> {
        match self.revive(&letter).await {
            Ok(()) => Ok(()),
            Err(Failure::Event { reason, .. }) => {
                let how = Settlement::Failed { reason };
                self.settle_as(&letter, how, |_, _| {}).await?;
                holding.extend(letter.keys);
                Ok(())
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// Applies a dead letter. What fails has changed nothing.
    async fn revive(&mut self, letter: &DeadLetter) -> Result<(), Failure> {
        let (start, raw) = self.read(letter).await?;
        let from = start.position();
        let page = Page::new(from, raw.checkpoint(start.log()), vec![raw]);
        let chosen = Chosen { page: Arc::new(page), index: 0 };
        let failed = |reason: &str| Failure::Event {
            nth: Some(0),
            reason: at(chosen.raw(), reason),
            certain: true,
        };
        let events = [chosen.clone()];
        if let Some((_, reason)) = self.handler.unreadable(&events) {
            return Err(failed(&reason));
        }
        let applied = async {
            self.handler.hand_over(&events).await?;
            let models = &self.shared.models;
            let mut tx = models.begin(&self.lease).await?;
            self.handler.apply(models, &mut tx, &events).await?;
            self.handler.flush(models, &mut tx).await?;
            let step = settling(start, letter, chosen.raw(), Settlement::Gone, Tallies::revive);
            models.commit(tx, &step).await?;
            Ok(())
        };
        match applied.await {
            Ok(()) => {
                self.handler.committed();
                Ok(())
            }
            Err(Failure::Event { reason, .. }) => {
                // Whatever it was folded into is loaded again.
                let resumed = self.shared.models.resume(&self.lease).await?;
                self.handler.forget(resumed.alone);
                Err(failed(&reason))
            }
            Err(failure) => Err(failure),
        }
    }

    /// Where the unit stands, and the event of a letter.
    async fn read(&mut self, letter: &DeadLetter) -> Result<(Checkpoint, RawEvent), Failure> {
        let start = self.shared.models.resume(&self.lease).await?.checkpoint;
        let before = Position::new(letter.position.get().saturating_sub(1));
        let query = LogQuery::partition(letter.unit.partition).after(before).limit(1);
        let raw = self.shared.log.read_all(query).try_next().await;
        let raw = raw.map_err(|error| match unreadable(&error) {
            Interrupt::Trouble { reason, stands: false } => Failure::Passing(reason),
            _ => Failure::Standing(error.to_string()),
        })?;
        match raw {
            Some(raw) if raw.id == letter.event => Ok((start, raw)),
            _ => Err(Failure::Standing(format!(
                "the log has another event at position {} than the dead letter: it lost its tail; \
                 build the read model anew",
                letter.position
            ))),
        }
    }

    /// Settles a letter without applying it.
    async fn settle_as(
        &mut self,
        letter: &DeadLetter,
        how: Settlement,
        count: impl FnOnce(&mut Tallies, annals::read_model::Mark),
    ) -> Result<(), Interrupt> {
        let (start, raw) = self.read(letter).await?;
        let step = settling(start, letter, &raw, how, count);
        let models = &self.shared.models;
        let tx = models.begin(&self.lease).await.map_err(Failure::from)?;
        models.commit(tx, &step).await.map_err(Failure::from)?;
        Ok(())
    }
}

fn settling(
    start: Checkpoint,
    letter: &DeadLetter,
    raw: &RawEvent,
    how: Settlement,
    count: impl FnOnce(&mut Tallies, annals::read_model::Mark),
) -> Step {
    let mut books = BTreeMap::new();
    count(tallies(&mut books, raw), mark(raw));
    let settled = vec![Settled { position: letter.position, wishes: letter.wishes, how }];
    Step { tallies: books, settled, ..Step::from(start) }
}
