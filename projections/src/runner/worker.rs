//! Keeps leases, and a feeder for each.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use annals::StoreError;
use annals::read_model::{Heartbeat, Lease, ModelId, ReadModelStore, Unit, WorkerId};
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep_until, timeout};
use xxhash_rust::xxh3::xxh3_64;

use super::backoff::Backoff;
use super::entry::Entry;
use super::feeder::{Ended, Feeder, Orders, Shared};
use crate::options::Settings;

/// Heartbeats that something else has called for are this far apart at least.
const BREATH: Duration = Duration::from_millis(20);

/// How long a unit rests whose feeder has panicked.
const REST: Duration = Duration::from_secs(10);

/// Waits until it is told to stop, or nobody is left who could tell.
async fn told(stop: &mut watch::Receiver<bool>) {
    drop(stop.wait_for(|stop| *stop).await);
}

/// One start of a runner.
pub(crate) struct Worker {
    pub(crate) shared: Arc<Shared>,
    pub(crate) settings: Settings,
    pub(crate) entries: BTreeMap<ModelId, Arc<Entry>>,
    pub(crate) id: WorkerId,
    tasks: JoinSet<(Lease, Ended)>,
    feeding: BTreeMap<Unit, Feeding>,
    /// Until when units rest whose feeder has panicked.
    resting: BTreeMap<Unit, Instant>,
}

/// A unit that is fed here.
struct Feeding {
    lease: Lease,
    task: Id,
    orders: watch::Sender<Orders>,
}

impl Worker {
    pub(crate) fn new(shared: Arc<Shared>, settings: Settings, entries: Vec<Entry>) -> Self {
        let entries = entries.into_iter().map(|entry| (entry.id().clone(), Arc::new(entry)));
        Self {
            shared,
            settings,
            entries: entries.collect(),
            id: WorkerId::new(),
            tasks: JoinSet::new(),
            feeding: BTreeMap::new(),
            resting: BTreeMap::new(),
        }
    }

    /// Works until it is told to stop, or nobody is left who could tell it.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) -> Result<(), StoreError> {
        let mut backoff = Backoff::new(xxh3_64(self.settings.label.as_bytes()));
        loop {
            let last = Instant::now();
            let models = self.shared.models.clone();
            // It counts from here: what changes during the heartbeat is not missed.
            let mut stirred = std::pin::pin!(models.stirred());
            let early = futures::poll!(stirred.as_mut()).is_ready();
            let next = match self.beat().await {
                Ok(()) => {
                    backoff.reset();
                    last + self.settings.lease / 3
                }
                Err(error) => {
                    tracing::warn!(target: "annals", %error, "cannot renew leases: trying again");
                    Instant::now() + backoff.pause().min(self.settings.lease / 3)
                }
            };
            tokio::select! {
                biased;
                () = told(&mut stop) => break,
                Some(ended) = self.tasks.join_next_with_id(), if !self.tasks.is_empty() => {
                    self.ended(ended).await;
                }
                () = stirred, if !early => {}
                () = sleep_until(last), if early => {}
                () = sleep_until(next) => {}
            }
            tokio::select! {
                biased;
                () = told(&mut stop) => break,
                () = sleep_until((last + BREATH).min(next)) => {}
            }
        }
        self.finish().await
    }

    /// Says that it is alive, and takes up what falls to it.
    async fn beat(&mut self) -> Result<(), StoreError> {
        let models = self.entries.iter();
        let heartbeat = Heartbeat {
            worker: self.id,
            label: self.settings.label.clone(),
            lease: self.settings.lease,
            models: models.map(|(id, e)| (id.clone(), e.declaration.fingerprint())).collect(),
            reports: self.shared.board.reports(),
        };
        let share = self.shared.models.share(&heartbeat).await?;
        for (unit, feeding) in &self.feeding {
            let kept = share.leases.contains(&feeding.lease);
            if !kept || share.surplus.contains(unit) {
                feeding
                    .orders
                    .send_if_modified(|orders| !std::mem::replace(&mut orders.stop, true));
            }
            if share.wishes.contains(unit) {
                feeding.orders.send_modify(|orders| orders.wishes += 1);
            }
        }
        self.resting.retain(|_, until| Instant::now() < *until);
        let mut idle = Vec::new();
        for lease in share.leases {
            if self.feeding.contains_key(&lease.unit) {
                continue;
            }
            if share.surplus.contains(&lease.unit) {
                idle.push(lease);
            } else if !self.resting.contains_key(&lease.unit) {
                self.feed(lease);
            }
        }
        // It could not be given back when its feeder ended, and would be renewed for ever.
        if !idle.is_empty() {
            self.shared.models.hand_over(&idle).await?;
        }
        Ok(())
    }

    fn feed(&mut self, lease: Lease) {
        let Some(entry) = self.entries.get(&lease.unit.model) else { return };
        let (orders, told) = watch::channel(Orders::default());
        let feeder = Feeder::new(self.shared.clone(), entry.clone(), lease.clone(), told);
        tracing::debug!(target: "annals", unit = %lease.unit, token = lease.token, "feeding");
        let task = {
            let lease = lease.clone();
            self.tasks.spawn(async move { (lease, feeder.run().await) }).id()
        };
        self.feeding.insert(lease.unit.clone(), Feeding { lease, task, orders });
    }

    /// A feeder has ended: its lease is given back unless it was lost.
    async fn ended(&mut self, ended: Result<(Id, (Lease, Ended)), JoinError>) {
        let id = match &ended {
            Ok((id, _)) => *id,
            Err(error) => error.id(),
        };
        let of_task = |(_, feeding): &(&Unit, &Feeding)| feeding.task == id;
        let unit = self.feeding.iter().find(of_task).map(|(unit, _)| unit.clone());
        self.feeding.retain(|_, feeding| feeding.task != id);
        let result = match ended {
            Ok((_, (lease, Ended::Stopped))) => {
                self.shared.models.hand_over(std::slice::from_ref(&lease)).await
            }
            Ok((_, (lease, Ended::Lost))) => {
                tracing::warn!(target: "annals", unit = %lease.unit, "the lease was lost");
                Ok(())
            }
            // A heartbeat finds the lease without a feeder, and begins anew.
            Err(error) => {
                tracing::error!(target: "annals", %error, "a feeder has panicked: please report it");
                if let Some(unit) = unit {
                    self.shared.board.trouble(&unit, "its feeder has panicked", true);
                    self.resting.insert(unit, Instant::now() + REST);
                }
                Ok(())
            }
        };
        if let Err(error) = result {
            tracing::warn!(target: "annals", %error, "cannot hand a lease over: it runs out");
        }
    }

    /// Lets every unit finish the step in hand, within the time of a lease, and gives all
    /// leases back.
    async fn finish(mut self) -> Result<(), StoreError> {
        for feeding in self.feeding.values() {
            feeding.orders.send_modify(|orders| orders.stop = true);
        }
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if timeout(self.settings.lease, all).await.is_err() {
            tracing::warn!(target: "annals", "a step does not end: it is given up");
            self.tasks.shutdown().await;
        }
        self.shared.models.leave(self.id).await
    }
}
