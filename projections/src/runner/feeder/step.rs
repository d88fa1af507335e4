//! One step of a unit: events, checkpoint and books in one transaction.

use annals::Checkpoint;
use annals::read_model::{ReadModelStore, Step};
use tokio::time::Instant;

use super::super::batch::Batch;
use super::super::handler::{Chosen, Failure};
use super::super::plan::{Plan, Planner, Poison, at};
use super::{Feeder, Interrupt};
use crate::OnFailure;

/// A step that fails certainly is not made smaller than this at once.
const SMALL: usize = 64;

/// More keys than these are not parked: then it is not an event that is wrong.
const PARKED: usize = 10_000;

/// How often tables are tried to be made before that is said to be wrong.
const SET_UPS: u32 = 5;

impl Feeder {
    /// Makes room for the read model, before its first event.
    pub(super) async fn set_up(&mut self, start: Checkpoint) -> Result<(), Interrupt> {
        let models = &self.shared.models;
        let mut tx = models.begin(&self.lease).await.map_err(Failure::from)?;
        let made = self.handler.set_up(&mut tx).await;
        self.set_ups += 1;
        made.map_err(|failure| match failure {
            // Units of several partitions make the same tables, and databases refuse who
            // comes second at the same moment.
            Failure::Standing(reason) if self.set_ups < SET_UPS => Failure::Passing(reason),
            failure => failure,
        })?;
        models.commit(tx, &Step::from(start)).await.map_err(Failure::from)?;
        Ok(())
    }

    /// Commits the first events of a batch.
    pub(super) async fn step(&mut self, batch: &mut Batch) -> Result<(), Interrupt> {
        let began = Instant::now();
        let (events, to) = batch.first(self.limit, self.hold.as_ref());
        let planner = Planner {
            unit: &self.lease.unit,
            slices: self.entry.declaration.slices,
            options: &self.entry.options,
            parked: &self.parked,
            poison: &self.poison,
        };
        let plan = planner.plan(&*self.handler, events, batch.start(), to);
        if let Some(reason) = plan.stop.as_ref().filter(|_| plan.step.to == plan.step.from) {
            return Err(Interrupt::Trouble { reason: reason.clone(), stands: true });
        }
        if self.parked.len() + plan.fresh.len() > PARKED {
            let reason = format!("more than {PARKED} keys would be parked: mend the handler");
            return Err(Interrupt::Trouble { reason, stands: true });
        }
        if plan.step.to == plan.step.from {
            return Ok(());
        }
        match self.commit(&plan).await {
            Ok(()) => self.committed(batch, plan, began),
            Err(failure) => return Err(self.failed(&plan.apply, failure)),
        }
        Ok(())
    }

    async fn commit(&mut self, plan: &Plan) -> Result<(), Failure> {
        let models = &self.shared.models;
        if !plan.apply.is_empty() {
            self.handler.hand_over(&plan.apply).await?;
        }
        let mut tx = models.begin(&self.lease).await?;
        if !plan.apply.is_empty() {
            self.handler.apply(models, &mut tx, &plan.apply).await?;
        }
        let committed = models.commit(tx, &plan.step).await?;
        self.hold = committed.hold;
        self.wishes |= committed.wishes;
        Ok(())
    }

    fn committed(&mut self, batch: &mut Batch, plan: Plan, began: Instant) {
        let Plan { apply, step, fresh, .. } = plan;
        self.handler.committed();
        for letter in &step.parked {
            self.poison.remove(&letter.position);
            if let Some(reason) = &letter.reason {
                let unit = &self.lease.unit;
                tracing::error!(target: "annals", %unit, position = %letter.position, %reason, "an event is parked");
            }
        }
        self.parked.extend(fresh);
        self.tries = None;
        self.backoff.reset();
        self.shared.board.moved(&self.lease.unit, step.to, apply.len() + step.parked.len());
        batch.done(step.to);
        let most = self.entry.options.batch;
        // A step that takes long would outlast the lease; one that was made small grows.
        self.limit = if began.elapsed() > self.shared.pace {
            (apply.len() / 2).max(1)
        } else {
            self.limit.saturating_mul(2).min(most)
        };
    }

    /// What a failed step means: it is narrowed to the event that fails, which is tried
    /// again and then parked.
    fn failed(&mut self, applied: &[Chosen], failure: Failure) -> Interrupt {
        let Failure::Event { nth, reason, certain } = failure else { return failure.into() };
        let nth = nth.or((applied.len() == 1).then_some(0));
        let Some(chosen) = nth.and_then(|nth| applied.get(nth)) else {
            self.limit = (applied.len() / 2).max(1);
            return Interrupt::Resume;
        };
        let raw = chosen.raw();
        let reason = at(raw, &reason);
        let attempts = match self.tries {
            Some((position, attempts)) if position == raw.position => attempts + 1,
            _ => 1,
        };
        self.tries = Some((raw.position, attempts));
        let stops = self.entry.options.on_failure == OnFailure::Stop;
        if nth != Some(0) && (stops || !certain) {
            // Those before it are committed first.
            self.limit = nth.unwrap_or(1).max(1);
            return Interrupt::Resume;
        }
        if !certain && attempts < self.entry.options.attempts {
            self.limit = 1;
            return Interrupt::Trouble { reason, stands: false };
        }
        match self.entry.options.on_failure {
            OnFailure::Stop => Interrupt::Trouble { reason, stands: true },
            OnFailure::Park => {
                self.poison.insert(raw.position, Poison { reason, attempts });
                self.limit = (applied.len() / 2).max(SMALL);
                Interrupt::Resume
            }
        }
    }
}
