//! The task that folds the log.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use annals::store::{Delivery, Filter, LogQuery};
use annals::{AnyStore, Checkpoint, EventRef, EventStore, RawEvent, ReadError};
use futures::StreamExt;
use futures::stream::select_all;
use tokio::sync::watch;
use tokio::time::sleep;
use xxhash_rust::xxh3::xxh3_64;

use super::error::{LocalError, SaveError};
use super::saver::Saver;
use super::shared::{Ended, Shared};
use crate::View;
use crate::runner::{Backoff, panicked};

/// How many events are folded at most before it is told how far the view has come, and a
/// piece of a snapshot is written.
const CHUNK: usize = 64;

/// Folds the log into the documents, and saves them.
pub(super) struct Follower<V: View> {
    log: AnyStore,
    shared: Arc<Shared<V>>,
    /// What the documents hold, by partition.
    places: Vec<Checkpoint>,
    saver: Option<Saver<V>>,
    stop: watch::Receiver<bool>,
}

/// Why nothing is followed any more, without an error.
enum Told {
    Stop,
    /// Nobody holds the view any more.
    Dropped,
}

/// What comes next.
enum Next {
    Told(Told),
    Chunk(Vec<Result<Delivery, ReadError>>),
    Nothing,
}

impl<V: View> Follower<V> {
    pub(super) fn new(
        log: AnyStore,
        shared: Arc<Shared<V>>,
        places: Vec<Checkpoint>,
        saver: Option<Saver<V>>,
        stop: watch::Receiver<bool>,
    ) -> Self {
        Self { log, shared, places, saver, stop }
    }

    pub(super) async fn run(mut self) {
        let mut backoff = Backoff::new(xxh3_64(V::NAME.as_bytes()));
        loop {
            match self.follow(&mut backoff).await {
                Ok(Told::Stop) => return self.end().await,
                Ok(Told::Dropped) => return,
                Err(LocalError::Log(error)) if error.is_transient() => {
                    let view = V::NAME;
                    tracing::warn!(target: "annals", view, %error, "the log of a view in memory could not be read: trying again");
                    tokio::select! {
                        biased;
                        // A stop is seen above, at once.
                        _ = self.stop.wait_for(|stop| *stop) => {}
                        () = sleep(backoff.pause()) => {}
                    }
                }
                Err(error) => {
                    let view = V::NAME;
                    tracing::error!(target: "annals", view, %error, "a view in memory has ended");
                    return self.shared.end(Ended::Failed(error));
                }
            }
        }
    }

    async fn end(mut self) {
        let saved = self.save().await;
        self.shared.end(Ended::Stopped(saved));
    }

    async fn save(&mut self) -> Result<(), SaveError> {
        let Some(saver) = &mut self.saver else { return Ok(()) };
        let shared = self.shared.clone();
        saver.save_at_the_end(&move |look| look(&shared.read()), &self.places).await
    }

    /// Follows all partitions until it is told to stop, or one of them fails.
    async fn follow(&mut self, backoff: &mut Backoff) -> Result<Told, LocalError> {
        let filter = Filter::all().events::<V::Event>();
        let partitions = self.places.iter().map(|place| {
            let query = match place.event() {
                Some(_) => LogQuery::resume(*place),
                None => LogQuery::partition(place.partition()),
            };
            self.log.subscribe(query.filter(filter.clone()))
        });
        let mut deliveries = select_all(partitions).ready_chunks(CHUNK);
        loop {
            let copying = self.saver.as_ref().is_some_and(Saver::is_copying);
            let saving = async {
                match &mut self.saver {
                    Some(saver) => saver.saving().await,
                    None => std::future::pending().await,
                }
            };
            let next = tokio::select! {
                biased;
                told = self.stop.wait_for(|stop| *stop) => Next::Told(match told {
                    Ok(_) => Told::Stop,
                    Err(_) => Told::Dropped,
                }),
                // Before the events, which may always be there.
                () = saving => Next::Nothing,
                chunk = deliveries.next() => Next::Chunk(chunk.unwrap_or_default()),
                () = tokio::task::yield_now(), if copying => Next::Nothing,
            };
            match next {
                Next::Told(told) => return Ok(told),
                Next::Chunk(chunk) => {
                    self.take(chunk).await?;
                    backoff.reset();
                }
                Next::Nothing => {}
            }
            if let Some(saver) = self.saver.as_mut().filter(|saver| saver.is_copying()) {
                saver.piece(&self.shared.read());
            }
        }
    }

    async fn take(&mut self, chunk: Vec<Result<Delivery, ReadError>>) -> Result<(), LocalError> {
        let before: u64 = self.places.iter().map(|place| place.position().get()).sum();
        let mut events = 0;
        let mut taken = Ok(());
        for delivery in chunk {
            let place = match delivery {
                Ok(Delivery::Event(event)) => {
                    // Folding never waits; here others get their turn.
                    tokio::task::consume_budget().await;
                    let place = event.checkpoint(self.log.log().id);
                    taken = self.fold(&event);
                    events += 1;
                    place
                }
                Ok(Delivery::Passed(place) | Delivery::CaughtUp(place)) => place,
                Ok(_) => continue,
                Err(error) => {
                    taken = Err(error.into());
                    break;
                }
            };
            if taken.is_err() {
                break;
            }
            if let Some(known) = self.places.get_mut(place.partition().index()) {
                *known = place;
            }
        }
        self.shared.progress.send_if_modified(|progress| {
            progress.places.clone_from(&self.places);
            before != self.places.iter().map(|place| place.position().get()).sum::<u64>()
        });
        if let Some(saver) = &mut self.saver {
            saver.folded(events, &self.shared.read(), &self.places);
        }
        taken
    }

    /// Folds one event into all documents that it touches.
    fn fold(&mut self, raw: &RawEvent) -> Result<(), LocalError> {
        let failed = |panic: Box<dyn Any + Send>| LocalError::Panicked {
            name: V::NAME,
            event: Box::new(EventRef::of(raw)),
            reason: panicked(&*panic),
        };
        // The payload is shared, so this copies little.
        let decoded = catch_unwind(AssertUnwindSafe(|| raw.clone().decode::<V::Event>()));
        let event = decoded.map_err(failed)??;
        let keys = catch_unwind(AssertUnwindSafe(|| V::keys(&event))).map_err(failed)?;
        let mut documents = self.shared.write();
        let folded = catch_unwind(AssertUnwindSafe(|| {
            for key in keys {
                if let Some(saver) = &mut self.saver {
                    saver.before(&key, &documents);
                }
                documents.evolve(&key, &event);
            }
        }));
        folded.map_err(|panic| {
            let error = failed(panic);
            self.shared.end(Ended::Failed(error.clone()));
            error
        })
    }
}

/// Whatever ends the task, such as the end of its runtime, nobody waits for it any more.
impl<V: View> Drop for Follower<V> {
    fn drop(&mut self) {
        self.shared.end(Ended::Failed(LocalError::Stopped));
    }
}
