//! A7 idempotent, by event ids: a repeat under exact versions returns the
//! first outcome.

use super::tools::{assert_repeats, at_once};
use super::{Fixture, Subject};
use crate::store::Append;
use crate::{AppendError, EventStore, ExpectedVersion, Version};
use ExpectedVersion::{Any, NoStream};

/// Three times, at once and after later events.
pub async fn a7_a_repeat_under_no_stream_returns_the_first_outcome<F: Fixture>(log: Subject<F>) {
    let stream = log.stream("repeated");
    let append = Append::to(stream.clone(), NoStream, log.events(3));
    let first = log.append(append.clone()).await;
    for later in [0, 2, 5] {
        if later > 0 {
            log.grow(&stream, later).await;
        }
        assert_repeats(&log.append(append.clone()).await, &first);
    }
    assert_eq!(log.audit().await.len(), 10);
}

/// In the middle of a stream, and at version 0 by number.
pub async fn a7_a_repeat_under_an_exact_version_returns_the_first_outcome<F: Fixture>(
    log: Subject<F>,
) {
    let stream = log.stream("repeated");
    let mut tries = Vec::new();
    for base in [0, 2, 4] {
        let append = Append::to(stream.clone(), Version::new(base), log.events(2));
        tries.push((append.clone(), log.append(append).await));
        for (append, first) in &tries {
            assert_repeats(&log.append(append.clone()).await, first);
        }
    }
    assert_eq!(log.audit().await.len(), 6);
}

/// Also when one of the streams has grown, or all, and over two writes to one.
pub async fn a7_a_repeat_over_several_streams_returns_the_first_outcome<F: Fixture>(
    log: Subject<F>,
) {
    let [one, other] = log.apart();
    log.grow(&other, 1).await;
    let append = Append::to(one.clone(), NoStream, log.events(2))
        .and(other.clone(), Version::new(1), log.events(3))
        .and(one.clone(), Version::new(2), log.events(1));
    let first = log.append(append.clone()).await;
    assert_repeats(&log.append(append.clone()).await, &first);
    for grown in [&one, &other] {
        log.grow(grown, 1).await;
        assert_repeats(&log.append(append.clone()).await, &first);
    }
    assert_eq!(log.audit().await.len(), 9);
}

/// Events that were written one by one, with others between them, are not what
/// one append would have written: its outcome would name places of others.
pub async fn a7_events_of_several_appends_are_no_repeat<F: Fixture>(log: Subject<F>) {
    let [stream, between] = log.together();
    let events = log.events(2);
    for (version, event) in (0..).zip(&events) {
        let append = Append::to(stream.clone(), Version::new(version), vec![event.clone()]);
        log.append(append).await;
        log.grow(&between, 1).await;
    }
    let again = log.store.append(Append::to(stream, NoStream, events)).await;
    assert!(matches!(again, Err(AppendError::Conflict(_))), "{again:?}");
    assert_eq!(log.audit().await.len(), 4);
}

/// Whatever stands there only in part, or elsewhere, is not a repeat.
pub async fn a7_a_partial_match_is_a_conflict<F: Fixture>(log: Subject<F>) {
    let [one, other] = log.apart();
    let (ours, theirs) = (log.events(3), log.events(1));
    let append = Append::to(one.clone(), NoStream, ours.clone()).and(
        other.clone(),
        NoStream,
        theirs.clone(),
    );
    log.append(append).await;
    let replaced = |at: usize| {
        let mut events = ours.clone();
        events[at] = log.event();
        Append::to(one.clone(), NoStream, events)
    };
    let longer: Vec<_> = ours.iter().cloned().chain(log.events(1)).collect();
    let turned: Vec<_> = ours.iter().rev().cloned().collect();
    let partial = [
        replaced(0),
        replaced(2),
        Append::to(one.clone(), NoStream, longer),
        Append::to(one.clone(), NoStream, turned),
        Append::to(one.clone(), Version::new(1), ours.clone()),
        Append::to(one.clone(), NoStream, ours.clone()).and(other.clone(), NoStream, log.events(1)),
        Append::to(one.clone(), NoStream, ours.clone()).and(
            log.stream("new"),
            NoStream,
            log.events(1),
        ),
        Append::to(one.clone(), NoStream, ours.clone()).and(other.clone(), Any, theirs),
    ];
    for append in partial {
        let conflict = log.conflict(append).await;
        assert_eq!((conflict.stream, conflict.actual), (one.clone(), Version::new(3)));
        assert_eq!(log.audit().await.len(), 4);
    }
}

/// The same append by 16 tasks, on two handles: one writes, all have its
/// outcome.
pub async fn a7_the_same_append_by_many_at_once_is_written_once<F: Fixture>(log: Subject<F>) {
    let [one, other] = log.apart();
    let reopened = log.reopened().await;
    for round in 0..4 {
        let base = Version::new(round * 2);
        let append =
            Append::to(one.clone(), base, log.events(2)).and(other.clone(), base, log.events(2));
        let tries = (0..16).map(|n| {
            let store = if n % 2 == 0 { log.store.clone() } else { reopened.store.clone() };
            let append = append.clone();
            async move { store.append(append).await.expect("written, or a repeat") }
        });
        let done = at_once(tries).await;
        let first: Vec<_> = done.iter().filter(|done| !done.repeated).collect();
        assert_eq!(first.len(), 1, "exactly one try is the first");
        for repeat in done.iter().filter(|done| done.repeated) {
            assert_repeats(repeat, first[0]);
        }
    }
    assert_eq!(log.audit().await.len(), 16);
}
