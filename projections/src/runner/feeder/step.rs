//! One step of a unit: events, checkpoint and books in one transaction.

use std::panic::{AssertUnwindSafe, catch_unwind};

use annals::Checkpoint;
use annals::read_model::{AnySession, Committed, Lease, ReadModelStore, Step};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::time::{Instant, timeout};

use super::super::batch::Batch;
use super::super::handler::{Chosen, Failure, panicked};
use super::super::plan::{Piece, Planner};
use super::{Feeder, Interrupt};
use crate::meter;

/// More keys than these are not parked: then it is not an event that is wrong.
const PARKED: usize = 10_000;

/// A step under way. Nothing of it stays when it is dropped.
pub(super) struct Open {
    /// None where what the step changes is written only at its end.
    pub(super) tx: Option<AnySession>,
    step: Step,
    /// How many events were applied ...
    pub(super) applied: usize,
    /// ... and the first of them.
    pub(super) first: Option<Chosen>,
    pub(super) began: Instant,
    /// Since when it must not take long: a transaction lies open, or a piece is applied.
    pub(super) since: Instant,
}

impl Open {
    /// How many events it is about.
    pub(super) fn events(&self) -> usize {
        self.applied + self.step.parked.len()
    }

    /// A further piece is done.
    fn add(&mut self, piece: Step) {
        self.step.to = piece.to;
        for (block, tallies) in piece.tallies {
            let all = self.step.tallies.entry(block).or_default();
            *all = all.plus(tallies);
        }
        self.step.parked.extend(piece.parked);
    }
}

impl Feeder {
    /// Makes room for the read model, before its first event.
    pub(super) async fn set_up(&mut self, start: Checkpoint) -> Result<(), Interrupt> {
        let models = &self.shared.models;
        let mut tx = models.begin_set_up(&self.lease).await.map_err(Failure::from)?;
        guarded(&self.lease, self.handler.set_up(&mut tx)).await?;
        models.commit(tx, &Step::from(start)).await.map_err(Failure::from)?;
        Ok(())
    }

    /// Applies the first events of a batch, as a further piece of a step. Returns whether
    /// the step has to end here.
    pub(super) async fn take(
        &mut self,
        batch: &mut Batch,
        open: &mut Option<Open>,
    ) -> Result<bool, Interrupt> {
        let room = self.limit.saturating_sub(open.as_ref().map_or(0, Open::events));
        let start = batch.start();
        let (events, to) = batch.take(room, self.hold.as_ref());
        let mut piece = self.plan(events, start, to)?;
        batch.put_back(std::mem::take(&mut piece.rest));
        if self.parked.len() + piece.fresh.len() > PARKED {
            let reason = format!("more than {PARKED} keys would be parked: mend the handler");
            return Err(Interrupt::Trouble { reason, stands: true });
        }
        if open.is_none() && piece.step.to == start {
            return match piece.stop {
                Some(reason) => Err(Interrupt::Trouble { reason, stands: true }),
                None => Ok(true),
            };
        }
        let handing = Instant::now();
        self.hand_over(&piece.apply).await?;
        let open = match open {
            Some(open) => open,
            None => open.insert(self.open(start).await?),
        };
        if self.handler.hands_over() {
            open.since = handing;
        }
        if let Err(failure) = self.apply(&piece.apply, open).await {
            piece = self.contain(piece, failure, open, batch).await?;
        }
        let reached = piece.step.to;
        // Where the step is not committed they are read again.
        self.parked.extend(piece.fresh);
        open.add(piece.step);
        batch.applied(reached);
        Ok(piece.stop.is_some() || self.hold.is_some_and(|h| h.position() <= reached.position()))
    }

    /// Plans what becomes of events, which lead from a checkpoint to another.
    pub(super) fn plan(
        &self,
        events: Vec<Chosen>,
        from: Checkpoint,
        to: Checkpoint,
    ) -> Result<Piece, Interrupt> {
        let planner = Planner {
            unit: &self.lease.unit,
            slices: self.entry.declaration.slices,
            options: &self.entry.options,
            parked: &self.parked,
            poison: &self.poison,
        };
        let handler = &*self.handler;
        let planned = AssertUnwindSafe(|| planner.plan(handler, events, from, to));
        catch_unwind(planned).map_err(|panic| {
            let reason = format!("the keys of its events: {}", panicked(&*panic));
            Interrupt::Trouble { reason, stands: true }
        })
    }

    async fn hand_over(&mut self, events: &[Chosen]) -> Result<(), Interrupt> {
        if events.is_empty() {
            return Ok(());
        }
        let since = Instant::now();
        self.handed(events).await.map_err(|failure| {
            let failed = self.failed(0, events, events.first(), failure);
            // So many that they are not handed over within a lease never would be.
            self.took_long(since, events.len());
            failed
        })
    }

    /// Hands events over.
    pub(super) async fn handed(&mut self, events: &[Chosen]) -> Result<(), Failure> {
        heard(&self.lease, self.handler.hand_over(events)).await
    }

    /// Hands an event over that was parked.
    pub(super) async fn revived(&mut self, event: &Chosen) -> Result<(), Failure> {
        heard(&self.lease, self.handler.revive(event)).await
    }

    async fn open(&mut self, start: Checkpoint) -> Result<Open, Interrupt> {
        let began = Instant::now();
        let tx = if self.prepares() {
            None
        } else {
            Some(self.shared.models.begin(&self.lease).await.map_err(Failure::from)?)
        };
        let step = Step::from(start);
        Ok(Open { tx, step, applied: 0, first: None, began, since: began })
    }

    async fn apply(&mut self, events: &[Chosen], open: &mut Open) -> Result<(), Failure> {
        if events.is_empty() {
            return Ok(());
        }
        if open.first.is_none() {
            open.first = events.first().cloned();
        }
        let models = &self.shared.models;
        let apply = match &mut open.tx {
            Some(tx) => self.handler.apply(models, tx, events),
            None => {
                open.since = Instant::now();
                self.handler.prepare(models, events)
            }
        };
        open.applied += events.len();
        guarded(&self.lease, apply).await
    }

    /// Commits a step.
    pub(super) async fn close(&mut self, mut open: Open) -> Result<(), Interrupt> {
        if open.tx.is_none() {
            open.since = Instant::now();
        }
        let (since, applied, first) = (open.since, open.applied, open.first.take());
        let (step, committed) = match self.commit(open).await {
            Ok(done) => done,
            Err(failure) => {
                let failed = self.failed(applied, &[], first.as_ref(), failure);
                self.took_long(since, applied);
                return Err(failed);
            }
        };
        self.hold = committed.hold;
        self.wishes |= committed.wishes;
        self.handler.committed();
        self.note(&step, applied);
        let most = self.entry.batch();
        // A step that takes long would outlast the lease; one that was made small grows.
        if !self.took_long(since, applied) {
            self.limit = self.limit.saturating_mul(2).min(most);
        }
        Ok(())
    }

    async fn commit(&mut self, open: Open) -> Result<(Step, Committed), Failure> {
        let Open { tx, step, .. } = open;
        let models = &self.shared.models;
        let committed = match tx {
            Some(mut tx) => {
                guarded(&self.lease, self.handler.flush(models, &mut tx)).await?;
                models.commit(tx, &step).await?
            }
            None => {
                let mut changes = Vec::new();
                let tell = async { self.handler.changes().map(|told| changes = told) };
                guarded(&self.lease, tell).await?;
                models.write(&self.lease, changes, &step).await?
            }
        };
        Ok((step, committed))
    }

    /// Whether a step took so long that the next one is to be smaller; it also may have
    /// failed for that.
    pub(super) fn took_long(&mut self, since: Instant, applied: usize) -> bool {
        let long = since.elapsed() > self.lease.length / 2;
        if long {
            self.limit = (applied / 2).max(1);
            self.shared.board.is_slow(&self.lease.unit, self.limit);
        }
        long
    }

    /// Remembers what was committed.
    fn note(&mut self, step: &Step, applied: usize) {
        for letter in &step.parked {
            meter::parked(&self.lease.unit);
            let Some(reason) = &letter.reason else { continue };
            let (unit, position) = (&self.lease.unit, letter.position);
            if self.poison.remove(&position).is_some_and(|poison| poison.again) {
                tracing::warn!(target: "annals", %unit, %position, %reason, "an event is parked and tried again");
                self.asides.add(position, letter.attempts);
                self.shared.board.aside(unit, true);
            } else {
                tracing::error!(target: "annals", %unit, %position, %reason, "an event is parked");
            }
        }
        self.tries = None;
        self.stood = Some(step.to);
        self.troubled = false;
        self.backoff.reset();
        let events = applied + step.parked.len();
        self.shared.board.moved(&self.lease.unit, step.to, events);
        meter::stepped(&self.lease.unit, events);
    }
}

/// Runs code of the user's: a panic is a failure, and so is what does not end within a
/// lease.
pub(super) async fn guarded(
    lease: &Lease,
    work: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    let endless = || Failure::Passing(format!("it does not end within {:?}", lease.length));
    match timeout(lease.length, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(done)) => done,
        Ok(Err(panic)) => {
            Err(Failure::Event { nth: None, reason: panicked(&*panic), certain: true })
        }
        Err(_) => Err(endless()),
    }
}

/// What handing events over has come to. Who says that it is under way has waited for it, or
/// would be asked without a pause.
async fn heard(lease: &Lease, work: BoxFuture<'_, Result<(), Failure>>) -> Result<(), Failure> {
    let since = Instant::now();
    match guarded(lease, work).await {
        Err(Failure::UnderWay(reason)) if since.elapsed() < lease.length / 10 => {
            Err(Failure::Passing(reason))
        }
        heard => heard,
    }
}
