//! Feeds one unit, as long as its lease lasts.

mod aside;
mod contain;
mod letters;
mod narrow;
mod step;
mod wait;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use annals::read_model::{AnyReadModels, CommitError, Lease, ReadModelStore};
use annals::store::LogQuery;
use annals::{AnyStore, Checkpoint, EventStore, Position, ReadError};
use futures::TryStreamExt;
use tokio::sync::watch;
use tokio::time::Instant;
use xxhash_rust::xxh3::xxh3_64;

use super::backoff::Backoff;
use super::batch::Batch;
use super::board::Board;
use super::entry::Entry;
use super::feed::{Feeds, Tap};
use super::handler::{Failure, Handler};
use super::plan::Poison;
use aside::Asides;
use letters::Pass;
use step::Open;

/// How many bytes of events a unit gathers at most, besides one page. The events belong to
/// pages that all units share.
const BYTES: usize = 16 << 20;

/// How often a unit that is held looks whether it may go on.
const HELD: Duration = Duration::from_millis(50);

/// What the units of a runner have in common.
pub(crate) struct Shared {
    pub(crate) log: AnyStore,
    pub(crate) models: AnyReadModels,
    pub(crate) feeds: Arc<Feeds>,
    pub(crate) board: Board,
}

/// What a unit is told.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Orders {
    pub(crate) stop: bool,
    /// Rises when there are wishes about dead letters.
    pub(crate) wishes: u64,
}

/// Why a unit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Stopped,
    /// Its lease is another's.
    Lost,
}

/// Why it does not simply go on.
enum Interrupt {
    End(Ended),
    /// Begin again from where the unit stands.
    Resume,
    Trouble {
        reason: String,
        stands: bool,
    },
}

/// Feeds one unit.
pub(crate) struct Feeder {
    shared: Arc<Shared>,
    entry: Arc<Entry>,
    lease: Lease,
    orders: watch::Receiver<Orders>,
    handler: Box<dyn Handler>,
    /// The keys that are parked, or will be when the step is committed.
    parked: HashSet<String>,
    hold: Option<Checkpoint>,
    /// Whether nobody else writes the same documents.
    alone: bool,
    /// The most events of the next step.
    limit: usize,
    /// The event that fails, and how often it has.
    tries: Option<(Position, u32)>,
    /// What is to be parked.
    poison: HashMap<Position, Poison>,
    /// What is parked and tried again by itself.
    asides: Asides,
    backoff: Backoff,
    /// Up to which order the wishes were fulfilled.
    fulfilled: u64,
    wishes: bool,
    /// How far they are fulfilled, where it is the turn of the log.
    pass: Option<Pass>,
    log_is_due: bool,
    /// Whether there was trouble, and no step since.
    troubled: bool,
    /// Where the unit stood when that was heard last.
    stood: Option<Checkpoint>,
}

impl Feeder {
    pub(crate) fn new(
        shared: Arc<Shared>,
        entry: Arc<Entry>,
        lease: Lease,
        orders: watch::Receiver<Orders>,
    ) -> Self {
        let handler = (entry.make)();
        let seed = xxh3_64(lease.unit.to_string().as_bytes());
        let limit = shared.board.limit(&lease.unit).unwrap_or(entry.batch());
        Self {
            shared,
            lease,
            orders,
            handler,
            parked: HashSet::new(),
            hold: None,
            alone: false,
            limit,
            tries: None,
            poison: HashMap::new(),
            asides: Asides::new(seed),
            backoff: Backoff::new(seed),
            fulfilled: 0,
            wishes: false,
            pass: None,
            log_is_due: false,
            troubled: false,
            stood: None,
            entry,
        }
    }

    /// Feeds the unit until it is told to stop or its lease is lost.
    pub(crate) async fn run(mut self) -> Ended {
        let ended = loop {
            let interrupt = match self.follow().await {
                Ok(never) => match never {},
                Err(interrupt) => interrupt,
            };
            match interrupt {
                Interrupt::End(ended) => break ended,
                Interrupt::Resume => {}
                Interrupt::Trouble { reason, stands } => {
                    self.troubled = true;
                    self.shared.board.trouble(&self.lease.unit, &reason, stands);
                    let pause = self.backoff.pause();
                    if let Err(Interrupt::End(ended)) = self.rest(pause).await {
                        break ended;
                    }
                }
            }
        };
        self.shared.board.gone(&self.lease.unit);
        ended
    }

    async fn follow(&mut self) -> Result<std::convert::Infallible, Interrupt> {
        self.check_orders()?;
        let start = self.resume().await?;
        let mut batch = Batch::behind(start);
        let mut tap = self.shared.feeds.join(start);
        // Checked before it is trusted: see `resume`.
        loop {
            let wished =
                self.pass.is_some() || self.wishes || self.orders.borrow().wishes > self.fulfilled;
            if wished && !std::mem::take(&mut self.log_is_due) {
                self.fulfil().await?;
                return Err(Interrupt::Resume);
            }
            if self.asides.due().is_some_and(|due| due <= Instant::now()) {
                if self.try_asides(batch.start()).await? {
                    return Err(Interrupt::Resume);
                }
                continue;
            }
            if self.hold.is_some_and(|hold| hold.position() <= batch.start().position()) {
                self.rest(HELD).await?;
                return Err(Interrupt::Resume);
            }
            self.work(&mut batch, &mut tap).await?;
        }
    }

    /// One step: pieces of events are applied as they come, until it is time to commit.
    async fn work(&mut self, batch: &mut Batch, tap: &mut Tap) -> Result<(), Interrupt> {
        let mut open = None;
        loop {
            let began = open.as_ref().map(|open: &Open| open.began);
            let mut due = self.gather(batch, tap, began).await?;
            if batch.has_moved() {
                let taken = self.take(batch, &mut open).await;
                due |= taken.inspect_err(|_| {
                    if let Some(open) = &open {
                        self.took_long(open.since, open.events());
                    }
                })?;
            }
            let Some(step) = open.take_if(|step| due || self.is_full(step)) else {
                if due {
                    return self.check_orders();
                }
                continue;
            };
            self.close(step).await?;
            return self.check_orders();
        }
    }

    fn is_full(&self, step: &Open) -> bool {
        step.events() >= self.limit
            || self.handler.unwritten() >= BYTES
            || step.began.elapsed() >= self.pace()
            || !self.handler.takes_pieces()
    }

    /// How long events are gathered for one step while more are at hand: a transaction that
    /// lies open meanwhile must have the rest of its lease to end in.
    fn pace(&self) -> Duration {
        if self.prepares() { self.lease.length } else { self.lease.length / 4 }
    }

    /// Whether the next step needs no transaction before its end. Behind trouble it has one:
    /// what a transaction of a step waits for can be seen from outside.
    fn prepares(&self) -> bool {
        self.handler.prepares() && !self.troubled
    }

    /// Reads where the unit stands, and makes sure that the log still knows the place: only
    /// then what others have read ahead may be taken for what follows.
    async fn resume(&mut self) -> Result<Checkpoint, Interrupt> {
        let resumed = self.shared.models.resume(&self.lease).await.map_err(Failure::from)?;
        self.handler.forget(resumed.alone);
        self.alone = resumed.alone;
        self.parked = resumed.parked.into_iter().collect();
        self.hold = resumed.hold;
        let checkpoint = resumed.checkpoint;
        // A step in doubt has come about after all, maybe while documents were read: then
        // what has failed since says nothing about an event.
        if self.stood.replace(checkpoint).is_some_and(|stood| stood != checkpoint) {
            self.poison.clear();
            self.tries = None;
        }
        self.poison.retain(|position, _| *position > checkpoint.position());
        if checkpoint.event().is_some() {
            let query = LogQuery::resume(checkpoint).limit(1);
            self.shared.log.read_all(query).try_next().await.map_err(|e| unreadable(&e))?;
        } else {
            self.set_up(checkpoint).await?;
        }
        self.shared.board.stands(&self.lease.unit, checkpoint);
        Ok(checkpoint)
    }
}

/// The log cannot be read, or does not hold the place of the unit any more.
fn unreadable(error: &ReadError) -> Interrupt {
    Interrupt::Trouble { reason: error.to_string(), stands: !error.is_transient() }
}

impl From<Failure> for Interrupt {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Commit(CommitError::Fenced) => Interrupt::End(Ended::Lost),
            Failure::Commit(CommitError::Moved | CommitError::Held(_)) => Interrupt::Resume,
            // It was waited for already.
            Failure::UnderWay(_) => Interrupt::Resume,
            Failure::Commit(error) => {
                Interrupt::Trouble { reason: error.to_string(), stands: false }
            }
            Failure::Passing(reason) => Interrupt::Trouble { reason, stands: false },
            Failure::Standing(reason) | Failure::Event { reason, .. } => {
                Interrupt::Trouble { reason, stands: true }
            }
        }
    }
}
