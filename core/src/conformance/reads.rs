//! Reads of streams and of the log.

use super::{Fixture, Subject};
use crate::store::{Append, Filter, LogQuery, StreamQuery};
use crate::{EventStore, ExpectedVersion, Partition, StreamId, Version};
use ExpectedVersion::Any;

/// Forwards and backwards, from every version, with every limit.
pub async fn read_a_stream_from_any_version_in_both_directions<F: Fixture>(log: Subject<F>) {
    let stream = log.stream("read");
    log.grow(&stream, 7).await;
    log.grow(&log.stream("other"), 3).await;
    for from in 1..=9 {
        for limit in [1, 2, 7, 20] {
            let forwards =
                StreamQuery::forwards(stream.clone()).from(Version::new(from)).limit(limit);
            let read: Vec<_> =
                log.read(forwards).await.iter().map(|event| event.version.get()).collect();
            let expected: Vec<_> = (from..=7).take(usize::try_from(limit).unwrap()).collect();
            assert_eq!(read, expected, "forwards from {from}, limit {limit}");
            let backwards =
                StreamQuery::backwards(stream.clone()).from(Version::new(from)).limit(limit);
            let read: Vec<_> =
                log.read(backwards).await.iter().map(|event| event.version.get()).collect();
            let expected: Vec<_> =
                (1..=from.min(7)).rev().take(usize::try_from(limit).unwrap()).collect();
            assert_eq!(read, expected, "backwards from {from}, limit {limit}");
        }
    }
}

/// Before the first event there is nothing behind one, and everything ahead;
/// beyond the last it is the other way round.
pub async fn read_a_stream_from_beyond_its_ends<F: Fixture>(log: Subject<F>) {
    let stream = log.stream("read");
    log.grow(&stream, 3).await;
    for (from, ahead, behind) in
        [(0, 3, 0), (4, 0, 3), (1 << 31, 0, 3), (1 << 63, 0, 3), (u64::MAX, 0, 3)]
    {
        let from = Version::new(from);
        let forwards = log.read(StreamQuery::forwards(stream.clone()).from(from)).await;
        let backwards = log.read(StreamQuery::backwards(stream.clone()).from(from)).await;
        assert_eq!((forwards.len(), backwards.len()), (ahead, behind), "from {from}");
    }
}

/// A stream that does not exist has no events and no head.
pub async fn read_a_stream_that_does_not_exist<F: Fixture>(log: Subject<F>) {
    log.grow(&log.stream("there"), 1).await;
    let missing = log.stream("missing");
    assert_eq!(log.of_stream(&missing).await, []);
    assert_eq!(log.read(StreamQuery::backwards(missing.clone())).await, []);
    assert_eq!(log.store.stream_head(&missing).await.expect("an answer"), None);
}

/// The head of a stream is its last event.
pub async fn read_the_head_of_a_stream<F: Fixture>(log: Subject<F>) {
    let streams = log.apart();
    for round in 0..4 {
        let stream = &streams[round % 2];
        log.grow(stream, 1 + round).await;
        let head = log.store.stream_head(stream).await.expect("an answer").expect("a head");
        let last = log.read(StreamQuery::backwards(stream.clone()).limit(1)).await.remove(0);
        assert_eq!(
            (head.version, head.position, head.event),
            (last.version, last.position, last.id)
        );
    }
}

/// An empty log has a head in each partition, and no events.
pub async fn read_an_empty_log<F: Fixture>(log: Subject<F>) {
    assert_eq!(log.audit().await, []);
}

/// Behind each position, and behind positions that are not there.
pub async fn read_the_log_behind_any_position<F: Fixture>(log: Subject<F>) {
    let [one, other] = log.together();
    for stream in [&one, &other, &one, &other] {
        log.grow(stream, 2).await;
    }
    let home = log.partitions().of(&one);
    let events = log.of_partition(home).await;
    for (read, event) in events.iter().enumerate() {
        let behind = log.read_all(LogQuery::partition(home).after(event.position)).await;
        assert_eq!(behind, events[read + 1..], "behind {}", event.position);
        let next = log.read_all(LogQuery::partition(home).after(event.position).limit(1)).await;
        assert_eq!(next, events[read + 1..].iter().take(1).cloned().collect::<Vec<_>>());
    }
}

/// By category, by name, by both, and by several of each.
pub async fn read_the_log_by_category_and_event_name<F: Fixture>(log: Subject<F>) {
    let categories = ["order", "orders", "Order", "order_item"];
    for category in categories {
        for name in ["placed", "Placed", "placed.late"] {
            let stream = StreamId::new(category, "1-2").expect("a stream id");
            log.append(Append::to(stream, Any, vec![log.named(name)])).await;
        }
    }
    let all = Filter::all;
    let filters = [
        (all(), 12),
        (all().category("order"), 3),
        (all().category("order").category("Order"), 6),
        (all().name("placed"), 4),
        (all().name("placed").name("placed.late"), 8),
        (all().category("orders").name("Placed"), 1),
        (all().category("orders").category("order_item").name("Placed").name("placed"), 4),
        (all().category("ord").name("placed"), 0),
        (all().name("place%"), 0),
        (all().category("order-1"), 0),
    ];
    for (filter, expected) in filters {
        let (mut found, mut limited) = (0, 0);
        for partition in log.partitions().iter() {
            let query = LogQuery::partition(partition).filter(filter.clone());
            let passed = log.read_all(query.clone()).await;
            let events = log.of_partition(partition).await.into_iter();
            assert!(
                passed.iter().cloned().eq(events.filter(|event| filter.passes(event))),
                "{filter:?}"
            );
            found += passed.len();
            limited += log.read_all(query.limit(2)).await.len();
            assert!(limited >= passed.len().min(2), "the limit counts what passes");
        }
        assert_eq!(found, expected, "{filter:?}");
    }
}

/// More than any page, with a filter that few events pass.
pub async fn read_a_long_log_page_by_page<F: Fixture>(log: Subject<F>) {
    let [stream, rare] = log.together();
    let home: Partition = log.partitions().of(&stream);
    for _ in 0..3 {
        log.grow(&stream, 1_111).await;
        log.append(Append::to(rare.clone(), Any, vec![log.named("rare")])).await;
    }
    assert_eq!(log.audit().await.len(), 3_336);
    let query = LogQuery::partition(home).filter(Filter::all().name("rare"));
    assert_eq!(log.read_all(query.clone()).await, log.of_stream(&rare).await);
    assert_eq!(log.read_all(query.limit(2)).await.len(), 2);
    let backwards = log.read(StreamQuery::backwards(stream.clone())).await;
    assert!(backwards.iter().map(|event| event.version.get()).eq((1..=3_333).rev()));
}
