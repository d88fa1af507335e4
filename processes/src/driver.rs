//! Does what the agenda says.

mod hand;
mod partition;

use std::collections::BTreeMap;
use std::sync::Arc;

use annals::{Partition, Position};
use annals_projections::{Feeding, Views};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::calls::Caller;
use crate::instances::Instances;
use crate::options::ProcessOptions;
use crate::{Executor, Process};

use self::partition::Desk;

/// Carries out what the instances of a process ask for, in the partitions whose agenda is kept
/// in this process.
pub(crate) struct Driver<P: Process, X> {
    pub(crate) instances: Arc<Instances<P>>,
    pub(crate) executor: X,
    pub(crate) views: Views,
    options: ProcessOptions,
    callers: BTreeMap<String, Caller>,
    others: Caller,
}

impl<P: Process, X: Executor<P::Command, Reply = P::Reply>> Driver<P, X> {
    pub(crate) fn new(
        instances: Arc<Instances<P>>,
        executor: X,
        views: Views,
        options: ProcessOptions,
    ) -> Self {
        let caller =
            |(kind, options): (&String, &_)| (kind.clone(), Caller::new(Clone::clone(options)));
        let callers = options.kinds.iter().map(caller).collect();
        let others = Caller::new(options.others.clone());
        Self { instances, executor, views, options, callers, others }
    }

    /// What carries out the commands of a kind.
    pub(crate) fn caller(&self, kind: &str) -> &Caller {
        self.callers.get(kind).unwrap_or(&self.others)
    }

    /// Works until it is told to stop; what is in hand then has this long to be done.
    pub(crate) async fn run(self: Arc<Self>, mut feeding: Feeding, stop: watch::Receiver<bool>) {
        let mut desks = BTreeMap::<Partition, watch::Sender<Position>>::new();
        let mut tasks = JoinSet::new();
        let mut told = stop.clone();
        loop {
            let fed = tokio::select! {
                fed = feeding.changed() => fed,
                _ = told.wait_for(|stop| *stop) => break,
            };
            let mut places = BTreeMap::<Partition, Position>::new();
            for part in fed {
                // A version that is being built is behind the one that is asked.
                let place = places.entry(part.checkpoint.partition()).or_default();
                *place = (*place).max(part.checkpoint.position());
            }
            // A desk whose sender is gone gives up what it has in hand.
            desks.retain(|partition, _| places.contains_key(partition));
            for (partition, place) in places {
                if let Some(desk) = desks.get(&partition) {
                    desk.send_if_modified(|known| std::mem::replace(known, place) != place);
                    continue;
                }
                let (sender, progress) = watch::channel(place);
                let desk = Desk::new(self.clone(), partition, progress, stop.clone());
                tasks.spawn(desk.run());
                desks.insert(partition, sender);
            }
            while tasks.try_join_next().is_some() {}
        }
        while tasks.join_next().await.is_some() {}
    }

    pub(crate) fn grace(&self) -> std::time::Duration {
        self.options.grace
    }
}
