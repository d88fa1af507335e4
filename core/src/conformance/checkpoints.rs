//! A5, resumed: a checkpoint is checked against the log that it is used on.

use futures::StreamExt;

use super::{Fixture, Subject};
use crate::store::{Append, Delivery, LogQuery};
use crate::{
    AppendError, Checkpoint, EventId, EventStore, Partition, Position, RawEvent, ReadError, Version,
};

impl<F: Fixture> Subject<F> {
    /// A read and a subscription that begin there are refused.
    async fn assert_beyond_the_end(&self, query: LogQuery, position: Position) {
        let head = self.store.log_head(query.partition).await.expect("a head");
        let refused = |error: Option<ReadError>| {
            matches!(error, Some(ReadError::BeyondEnd { partition, position: asked, end })
                if (partition, asked, end) == (query.partition, position, head.position()))
        };
        let read = self.store.read_all(query.clone()).next().await;
        assert!(refused(read.and_then(Result::err)), "a read behind {position}");
        let followed = self.store.subscribe(query.clone()).next().await;
        assert!(refused(followed.and_then(Result::err)), "a subscription behind {position}");
    }

    /// A partition with ten events.
    async fn ten(&self) -> (Partition, Vec<RawEvent>) {
        let stream = self.together::<1>()[0].clone();
        self.grow(&stream, 10).await;
        let home = self.partitions().of(&stream);
        (home, self.of_partition(home).await)
    }

    /// Fails unless both ways of reading from the checkpoint are refused.
    async fn assert_diverged(&self, checkpoint: Checkpoint, why: &str) {
        let is_diverged = |error: Option<ReadError>| matches!(error, Some(ReadError::Diverged { checkpoint: told }) if *told == checkpoint);
        let query = LogQuery::resume(checkpoint);
        let read = Box::pin(self.store.read_all(query.clone())).next().await;
        assert!(is_diverged(read.and_then(Result::err)), "a read: {why}");
        let followed = Box::pin(self.store.subscribe(query)).next().await;
        assert!(is_diverged(followed.and_then(Result::err)), "a subscription: {why}");
    }
}

/// From each event, by reading and by following, also on another handle.
pub async fn a5_a_checkpoint_resumes_behind_its_event<F: Fixture>(log: Subject<F>) {
    let (home, events) = log.ten().await;
    let id = log.store.log().id;
    let starts = events.iter().map(|event| event.checkpoint(id));
    let starts = std::iter::once(Checkpoint::start(id, home)).chain(starts);
    for handle in [&log, &log.reopened().await] {
        for (done, checkpoint) in starts.clone().enumerate() {
            let query = LogQuery::resume(checkpoint);
            assert_eq!(handle.read_all(query.clone()).await, events[done..]);
            let mut deliveries = Box::pin(handle.store.subscribe(query));
            let next = deliveries.next().await.expect("it goes on").expect("a delivery");
            match events.get(done) {
                Some(event) => assert_eq!(next, Delivery::Event(event.clone())),
                None => assert_eq!(next, Delivery::CaughtUp(checkpoint)),
            }
        }
    }
}

/// The checkpoints which the store itself hands out can be resumed from.
pub async fn a5_heads_and_tokens_are_checkpoints<F: Fixture>(log: Subject<F>) {
    let stream = log.together::<1>()[0].clone();
    let home = log.partitions().of(&stream);
    let start = log.store.log_head(home).await.expect("the head");
    let token = log.grow(&stream, 3).await.token();
    let head = log.store.log_head(home).await.expect("the head");
    assert_eq!(token.checkpoint(home), Some(head));
    log.grow(&stream, 2).await;
    assert_eq!(log.read_all(LogQuery::resume(start)).await.len(), 5);
    assert_eq!(log.read_all(LogQuery::resume(head)).await.len(), 2);
}

/// The same position of a log that is another one.
pub async fn a5_a_checkpoint_of_another_log_is_refused<F: Fixture>(log: Subject<F>) {
    let foreign = log.another().await;
    assert_ne!(foreign.store.log().id, log.store.log().id, "each log has an identity");
    let (home, events) = log.ten().await;
    foreign.ten().await;
    let id = foreign.store.log().id;
    for event in &events {
        log.assert_diverged(event.checkpoint(id), "the log's id is another").await;
    }
    let head = foreign.store.log_head(home).await.expect("the head");
    log.assert_diverged(head, "the head of another log").await;
    log.assert_diverged(Checkpoint::start(id, home), "the start of another log").await;
}

/// As after a restore which lost the tail that the reader had seen.
pub async fn a5_a_checkpoint_beyond_the_end_is_refused<F: Fixture>(log: Subject<F>) {
    let (home, events) = log.ten().await;
    let end = events[9].position.get();
    for beyond in [end + 1, end + 1000, 1 << 62, u64::MAX] {
        let (id, position) = (log.store.log().id, Position::new(beyond));
        for event in [EventId::new(), events[9].id] {
            let lost = Checkpoint::new(id, home, position, event);
            log.assert_beyond_the_end(LogQuery::resume(lost), position).await;
        }
    }
}

/// As after a restore whose new tail has grown past what the reader had seen.
pub async fn a5_a_checkpoint_whose_event_was_replaced_is_refused<F: Fixture>(log: Subject<F>) {
    let (home, events) = log.ten().await;
    let id = log.store.log().id;
    for event in &events {
        let lost = Checkpoint::new(id, home, event.position, EventId::new());
        log.assert_diverged(lost, "another event is there").await;
    }
    let swapped = Checkpoint::new(id, home, events[3].position, events[4].id);
    log.assert_diverged(swapped, "its neighbour's event is there").await;
    let nowhere = Checkpoint::new(id, home, Position::START, events[0].id);
    log.assert_diverged(nowhere, "no event stands before the first").await;
}

/// A position that the log has not reached is of another log, or of a lost
/// tail: silence would look like having caught up.
pub async fn a5_a_position_beyond_the_end_is_refused<F: Fixture>(log: Subject<F>) {
    let (home, events) = log.ten().await;
    let end = events[9].position;
    for ahead in [1, 1 << 31, 1 << 62, u64::MAX - end.get()] {
        let position = end.advanced_by(ahead);
        let query = LogQuery::partition(home).after(position);
        log.assert_beyond_the_end(query, position).await;
    }
}

/// As after a restore whose new tail has reached the version that a writer had
/// seen: his version is right, and what he decided on is lost.
pub async fn a5_an_append_behind_a_lost_event_is_refused<F: Fixture>(log: Subject<F>) {
    let [stream, other] = log.apart();
    let known = log.grow(&stream, 3).await.writes[0].last;
    log.grow(&other, 1).await;
    let append = |behind| {
        let one = Append::to(other.clone(), Version::new(1), log.events(1));
        one.and(stream.clone(), Version::new(3), log.events(2)).behind(behind)
    };
    let refused = log.store.append(append(EventId::new())).await;
    assert!(
        matches!(&refused, Err(AppendError::Diverged { stream: at, version })
            if (at, version.get()) == (&stream, 3)),
        "{refused:?}"
    );
    assert_eq!(log.audit().await.len(), 4, "nothing was written");
    let stale = log.store.append(append(known).behind(EventId::new())).await;
    assert!(matches!(stale, Err(AppendError::Diverged { .. })), "{stale:?}");
    let conflict = Append::to(stream.clone(), Version::new(2), log.events(1)).behind(known);
    let conflict = log.store.append(conflict).await;
    assert!(matches!(conflict, Err(AppendError::Conflict(_))), "versions come first: {conflict:?}");
    log.append(append(known)).await;
    assert_eq!(log.audit().await.len(), 7);
}
