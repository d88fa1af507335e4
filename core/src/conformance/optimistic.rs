//! A3 optimistic: a stale writer changes nothing and is told the true version.

use super::tools::at_once;
use super::{Fixture, Subject};
use crate::store::Append;
use crate::{AppendError, EventStore, ExpectedVersion, Version};
use ExpectedVersion::{Any, Exists, NoStream};

/// The versions at which text sorts differently from numbers, and others.
pub async fn a3_conflicts_name_the_true_version_at_0_9_10_99_100<F: Fixture>(log: Subject<F>) {
    let stream = log.stream("conflicting");
    let mut version = 0;
    for target in [0, 1, 9, 10, 11, 99, 100, 101] {
        if target > version {
            log.grow(&stream, usize::try_from(target - version).unwrap()).await;
            version = target;
        }
        for wrong in [0, 1, 9, 10, 99, 100, 102].into_iter().filter(|wrong| *wrong != target) {
            let expected = ExpectedVersion::Exactly(Version::new(wrong));
            let conflict = log.conflict(Append::to(stream.clone(), expected, log.events(1))).await;
            assert_eq!(conflict.actual, Version::new(target), "the true version");
            assert_eq!((conflict.stream, conflict.expected), (stream.clone(), expected));
        }
    }
    assert_eq!(log.audit().await.len(), 101);
}

/// Numbers that narrower integers would wrap to the true version.
pub async fn a3_versions_beyond_2_31_are_conflicts_without_overflow<F: Fixture>(log: Subject<F>) {
    let stream = log.stream("overflowing");
    for actual in 0..3 {
        let powers = [8, 16, 31, 32, 53, 63].map(|power| 1_u64 << power);
        let near =
            powers.into_iter().flat_map(|power| [power - 1, power, power + 1, power + actual]);
        for wrong in near.chain([u64::MAX - 1, u64::MAX]) {
            let append = Append::to(stream.clone(), Version::new(wrong), log.events(1));
            let conflict = log.conflict(append).await;
            assert_eq!(conflict.actual, Version::new(actual), "expected {wrong}");
            assert_eq!(conflict.expected, Version::new(wrong).into());
        }
        log.grow(&stream, 1).await;
    }
    assert_eq!(log.audit().await.len(), 3);
}

/// Each kind of belief, on a stream that exists and on one that does not.
pub async fn a3_a_stale_writer_changes_nothing<F: Fixture>(log: Subject<F>) {
    let (there, missing) = (log.stream("there"), log.stream("missing"));
    log.grow(&there, 3).await;
    let exactly = |version| ExpectedVersion::Exactly(Version::new(version));
    let stale = [
        (&there, NoStream, 3),
        (&there, exactly(0), 3),
        (&there, exactly(2), 3),
        (&there, exactly(4), 3),
        (&missing, Exists, 0),
        (&missing, exactly(1), 0),
    ];
    for (stream, expected, actual) in stale {
        let append = Append::to(stream.clone(), expected, log.events(2));
        let conflict = log.conflict(append).await;
        assert_eq!((conflict.expected, conflict.actual), (expected, Version::new(actual)));
        assert_eq!(log.audit().await.len(), 3, "{expected} changed something");
    }
}

/// Each kind of belief, where it holds.
pub async fn a3_a_writer_who_is_right_is_not_refused<F: Fixture>(log: Subject<F>) {
    let exactly = |version| ExpectedVersion::Exactly(Version::new(version));
    for (key, first) in [Any, NoStream, exactly(0)].into_iter().enumerate() {
        let stream = log.stream(key);
        for expected in [first, Any, Exists, exactly(3)] {
            log.append(Append::to(stream.clone(), expected, log.events(1))).await;
        }
    }
    assert_eq!(log.audit().await.len(), 12);
}

/// Where several streams have moved, the first write of them is named.
pub async fn a3_a_conflict_names_the_first_stale_write<F: Fixture>(log: Subject<F>) {
    let [one, other] = log.apart();
    log.grow(&one, 2).await;
    log.grow(&other, 3).await;
    for ([first, second], actual) in [([&one, &other], 2), ([&other, &one], 3)] {
        let append = Append::to(log.stream("new"), NoStream, log.events(1))
            .and(first.clone(), NoStream, log.events(1))
            .and(second.clone(), NoStream, log.events(1));
        let conflict = log.conflict(append).await;
        assert_eq!((&conflict.stream, conflict.actual), (first, Version::new(actual)));
    }
    assert_eq!(log.audit().await.len(), 5);
}

/// 16 writers want each version; one gets it, the others hear who was there.
pub async fn a3_of_racing_writers_exactly_one_wins_each_version<F: Fixture>(log: Subject<F>) {
    let stream = log.stream("contended");
    let writers = (0..16).map(|_| {
        let (store, stream) = (log.store.clone(), stream.clone());
        let batches: Vec<_> = (0..10).map(|_| log.events(1)).collect();
        async move {
            let mut won = Vec::new();
            for (version, events) in (0..).zip(batches) {
                let id = events[0].id;
                match store.append(Append::to(stream.clone(), Version::new(version), events)).await
                {
                    Ok(done) => won.push((done.writes[0].version, id)),
                    Err(AppendError::Conflict(conflict)) => assert!(
                        conflict.actual > Version::new(version),
                        "lost against nobody: {conflict}"
                    ),
                    Err(error) => panic!("neither won nor lost: {error:?}"),
                }
            }
            won
        }
    });
    let mut won: Vec<_> = at_once(writers).await.into_iter().flatten().collect();
    won.sort();
    let found = log.audit().await.into_iter().map(|event| (event.version, event.id));
    assert_eq!(found.collect::<Vec<_>>(), won, "who won is in the log, who lost is not");
    assert_eq!(won.len(), 10, "every version was won");
}
