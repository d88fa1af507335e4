//! A log whose readers lose their connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use annals::store::{
    Append, Appended, DeliveryStream, EventStream, IdempotencyKey, LogInfo, LogQuery, StreamHead,
    StreamQuery,
};
use annals::{
    AnyStore, AppendError, Checkpoint, EventStore, Partition, ReadError, StoreError, StreamId,
};
use annals_projections::{LocalError, LocalView, StopError, WaitError};
use futures::{StreamExt, stream};

use super::domain::{account, append, deposited, sent};
use super::views::{Counted, folded};
use super::world::{PATIENCE, World};

/// So many subscriptions fail after so many deliveries each.
#[derive(Clone)]
struct Flaky {
    log: AnyStore,
    left: Arc<AtomicU32>,
    after: usize,
    error: fn(Checkpoint) -> ReadError,
}

impl EventStore for Flaky {
    fn log(&self) -> &LogInfo {
        self.log.log()
    }

    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        self.log.append(append).await
    }

    async fn outcome(
        &self,
        stream: &StreamId,
        key: &IdempotencyKey,
    ) -> Result<Option<Appended>, AppendError> {
        self.log.outcome(stream, key).await
    }

    fn read(&self, query: StreamQuery) -> EventStream {
        self.log.read(query)
    }

    fn read_all(&self, query: LogQuery) -> EventStream {
        self.log.read_all(query)
    }

    fn subscribe(&self, query: LogQuery) -> DeliveryStream {
        let (error, start) = (self.error, Checkpoint::start(self.log().id, query.partition));
        let deliveries = self.log.subscribe(query);
        let one_less = |left: u32| left.checked_sub(1);
        if self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_err() {
            return deliveries;
        }
        let lost = async move { Err(error(start)) };
        deliveries.take(self.after).chain(stream::once(lost)).boxed()
    }

    async fn stream_head(&self, stream: &StreamId) -> Result<Option<StreamHead>, ReadError> {
        self.log.stream_head(stream).await
    }

    async fn log_head(&self, partition: Partition) -> Result<Checkpoint, ReadError> {
        self.log.log_head(partition).await
    }
}

pub async fn what_may_pass_is_tried_again_where_it_was(world: World) {
    let mut events = Vec::new();
    for n in 0..40 {
        let token = append(&world.log, &account(n % 9), &[sent("3", 1), deposited(1)]).await;
        events.extend(token.checkpoints().filter_map(|place| place.event()));
    }
    let left = Arc::new(AtomicU32::new(4 * u32::from(world.log.log().partitions.count())));
    let error = |_| ReadError::Store(StoreError::transient("connection lost"));
    let log = Flaky { log: world.log.clone(), left: left.clone(), after: 5, error };
    let view = LocalView::<Counted>::open(log).snapshots(world.snapshots.clone()).every(3);
    let view = view.start().await.unwrap();
    view.caught_up(PATIENCE).await.unwrap();
    assert_eq!(left.load(Ordering::SeqCst), 0, "the readers were interrupted");
    for event in events {
        assert_eq!(folded(event), 1, "neither lost nor taken twice");
    }
    world.assert_as_replayed(&view).await;
    view.stop().await.unwrap();
    let again = world.started::<Counted>().await;
    world.assert_as_replayed(&again).await;
}

pub async fn a_log_that_has_lost_its_tail_ends_the_view(world: World) {
    append(&world.log, &account(1), &[deposited(1)]).await;
    let left = Arc::new(AtomicU32::new(1));
    let log = Flaky { log: world.log.clone(), left, after: 0, error: ReadError::diverged };
    let view = LocalView::<Counted>::open(log).snapshots(world.snapshots.clone());
    let view = view.start().await.unwrap();
    let ended = view.caught_up(PATIENCE).await.unwrap_err();
    assert!(matches!(ended, WaitError::Ended(LocalError::Log(_))), "{ended:?}");
    let refused = view.get("1").unwrap_err();
    let LocalError::Log(error) = &refused else { panic!("{refused:?}") };
    assert!(matches!(**error, ReadError::Diverged { .. }), "{error:?}");
    assert!(matches!(view.stop().await, Err(StopError::Ended(_))));
    assert_eq!(world.stored::<Counted>().await, None, "what is no longer true is not saved");
}
