//! What a policy has in hand.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use annals::{EventId, Partition, Position, Recorded};
use annals_projections::{Fed, Feeding};
use futures::FutureExt;
use futures::future::Shared;
use tokio::sync::{oneshot, watch};
use tokio::task::{AbortHandle, JoinSet};

use crate::input::Failed;

/// Of a partition that has more than these, the oldest that is done is not kept: nobody has asked
/// for it any more, such as a dead letter that was skipped. A step has 500 events at most.
const KEPT: usize = 10_000;

/// The number of a command, from 1 on, and why it will not be done.
pub(super) type NotDone = (usize, Failed);

/// What the commands of an event come to; an error where the worker has given them up.
pub(super) type Outcome = Shared<oneshot::Receiver<Result<(), NotDone>>>;

/// The commands of events, under way or done, until the checkpoint has passed them.
///
/// They go on by themselves: the runner gives up what takes longer than a lease and asks for
/// the same events again, perhaps fewer of them. Then they are found here, and not begun anew.
/// Dropping it gives up what is under way.
#[derive(Default)]
pub(crate) struct Hand {
    works: Mutex<Works>,
}

#[derive(Default)]
struct Works {
    by_place: BTreeMap<(Partition, Position), Work>,
    tasks: JoinSet<()>,
}

struct Work {
    /// A log that has lost its tail has other events at the same places.
    event: EventId,
    outcome: Outcome,
    task: AbortHandle,
    /// Whether somebody has got the outcome.
    taken: bool,
}

impl Hand {
    /// Gives up what is in hand of partitions that go to others, until there is an order to stop:
    /// then what is left is given up when the runner has ended.
    pub(crate) async fn follow(&self, mut feeding: Feeding, mut stop: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return,
                _ = feeding.changed() => {}
            }
            let partition = |part: Fed| part.checkpoint.partition();
            self.keep(|| feeding.now().into_iter().map(partition).collect());
        }
    }

    /// What the commands of this event come to, where they are in hand.
    pub(super) fn find<E>(&self, event: &Recorded<E>) -> Option<Outcome> {
        self.with(|works| {
            let work = works.by_place.get(&place(event))?;
            (work.event == event.id).then(|| work.outcome.clone())
        })
    }

    /// Begins with the commands of an event. What comes to nothing because the worker stops is
    /// told to nobody.
    pub(super) fn begin<E>(
        &self,
        event: &Recorded<E>,
        work: impl Future<Output = Option<Result<(), NotDone>>> + Send + 'static,
    ) -> Outcome {
        let (tell, outcome) = oneshot::channel();
        let outcome = outcome.shared();
        self.with(|works| {
            while works.tasks.try_join_next().is_some() {}
            let task = works.tasks.spawn(async move {
                if let Some(outcome) = work.await {
                    // Nobody may wait any more.
                    let _ = tell.send(outcome);
                }
            });
            works.make_room(event.partition);
            let work = Work { event: event.id, outcome: outcome.clone(), task, taken: false };
            works.by_place.insert(place(event), work);
        });
        outcome
    }

    /// The outcome for this event is known to whoever asked.
    pub(super) fn taken<E>(&self, event: &Recorded<E>) {
        self.with(|works| {
            if let Some(work) = works.by_place.get_mut(&place(event)) {
                work.taken = true;
            }
        });
    }

    /// What is tried again from here on begins anew.
    pub(super) fn forget<E>(&self, event: &Recorded<E>) {
        self.with(|works| works.by_place.remove(&place(event)));
    }

    /// The checkpoint stands before this event: what is done before it comes no more.
    pub(super) fn passed<E>(&self, event: &Recorded<E>) {
        let (from, to) = ((event.partition, Position::START), place(event));
        self.with(|works| {
            let before = works.by_place.range(from..to);
            let done =
                |(place, work): (&_, &Work)| (work.taken && work.is_done()).then_some(*place);
            let done: Vec<_> = before.filter_map(done).collect();
            for place in done {
                works.by_place.remove(&place);
            }
        });
    }

    /// Gives up and forgets what is in hand of partitions that are not fed here: another worker
    /// does it anew, and a person may have decided otherwise meanwhile.
    ///
    /// Which those are is asked when nothing can begin: what is in hand then was begun in
    /// partitions that are told, unless they are gone.
    fn keep(&self, fed: impl FnOnce() -> BTreeSet<Partition>) {
        self.with(|works| {
            let fed = fed();
            works.by_place.retain(|(partition, _), work| {
                let stays = fed.contains(partition);
                if !stays {
                    work.task.abort();
                }
                stays
            });
        });
    }

    fn with<T>(&self, work: impl FnOnce(&mut Works) -> T) -> T {
        // Each change leaves it whole.
        work(&mut self.works.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Works {
    fn make_room(&mut self, partition: Partition) {
        if self.by_place.len() < KEPT {
            return;
        }
        let all = (partition, Position::START)..=(partition, Position::new(u64::MAX));
        let of_partition = || self.by_place.range(all.clone());
        if of_partition().count() < KEPT {
            return;
        }
        let oldest = of_partition().find(|(_, work)| work.is_done()).map(|(place, _)| *place);
        if let Some(oldest) = oldest {
            self.by_place.remove(&oldest);
        }
    }
}

impl Work {
    fn is_done(&self) -> bool {
        self.outcome.peek().is_some() || self.outcome.clone().now_or_never().is_some()
    }
}

fn place<E>(event: &Recorded<E>) -> (Partition, Position) {
    (event.partition, event.position)
}
