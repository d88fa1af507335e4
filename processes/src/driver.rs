//! Does what the agenda says.

mod answers;
mod errand;
mod hand;
mod partition;
mod wanted;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use annals::{Partition, Position};
use annals_projections::{Feeding, Views};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::calls::Callers;
use crate::instances::Instances;
use crate::troubles::Troubles;
use crate::{Executor, Process};

pub(crate) use self::answers::Answers;
use self::partition::Desk;

/// Carries out what the instances of a process ask for, in the partitions whose agenda is kept
/// in this process.
pub(crate) struct Driver<P: Process, X> {
    pub(crate) instances: Arc<Instances<P>>,
    pub(crate) executor: X,
    /// Whether the log is asked before each try whether the command is still wanted; else before
    /// each further one.
    pub(crate) strict: bool,
    pub(crate) answers: Answers<P::Reply>,
    pub(crate) views: Views,
    pub(crate) callers: Arc<Callers>,
    pub(crate) troubles: Arc<Troubles>,
    /// How long what is in hand has to be done when the worker is stopped.
    pub(crate) grace: Duration,
    pub(crate) stop: watch::Receiver<bool>,
}

impl<P: Process, X: Executor<P::Command, Reply = P::Reply>> Driver<P, X> {
    /// Works until it is told to stop; what is in hand then has this long to be done.
    pub(crate) async fn run(self: Arc<Self>, mut feeding: Feeding) {
        let mut desks = BTreeMap::<Partition, watch::Sender<Position>>::new();
        let mut tasks = JoinSet::new();
        let mut told = self.stop.clone();
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
                let desk = Desk::new(self.clone(), partition, progress);
                tasks.spawn(desk.run());
                desks.insert(partition, sender);
            }
            while tasks.try_join_next().is_some() {}
        }
        while tasks.join_next().await.is_some() {}
    }
}
