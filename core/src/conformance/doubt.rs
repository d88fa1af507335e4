//! A8 honest about doubt: every claim is held against the log.

use std::time::Duration;

use tokio::time::Instant;

use super::tools::{POLLS, assert_repeats, at_once, key, polled};
use super::{Fixture, Subject};
use crate::store::{Append, Appended};
use crate::{AppendError, EventStore, ExpectedVersion, Version};
use ExpectedVersion::{Any, NoStream};

/// Deadlines that pass before, during and after the append. Whoever is told
/// that nothing was written can write something else in its place; whoever is
/// told nothing certain gets certainty by appending again.
pub async fn a8_what_is_said_of_an_append_is_true<F: Fixture>(log: Subject<F>) {
    let streams: Vec<_> = (0..96).map(|key| log.stream(key)).collect();
    let tries = streams.iter().zip(0..).map(|(stream, n)| {
        let (store, stream) = (log.store.clone(), stream.clone());
        let (ours, instead) = (log.events(2), log.events(1));
        let ids: Vec<_> = ours.iter().map(|event| event.id).collect();
        let append = Append::to(stream.clone(), NoStream, ours);
        let replacement = Append::to(stream.clone(), NoStream, instead);
        let deadline = Instant::now() + Duration::from_micros(n * 60);
        async move {
            match store.append(append.clone().with_deadline(deadline)).await {
                Ok(_) => (stream, ids),
                Err(AppendError::Unknown(_)) => {
                    let resolved = store.append(append).await;
                    resolved.expect("appending again resolves the doubt");
                    (stream, ids)
                }
                Err(error) => {
                    let ids = replacement.writes[0].events.iter().map(|e| e.id).collect();
                    let replaced = store.append(replacement).await;
                    let done = replaced.expect("nothing was written, as was said");
                    assert!(!done.repeated, "after {error:?}");
                    (stream, ids)
                }
            }
        }
    });
    let claims = at_once(tries).await;
    // A claim must also stay true: a statement of which nothing was heard any
    // more may still have been on its way.
    tokio::time::sleep(Duration::from_millis(30)).await;
    for (stream, ids) in claims {
        let found = log.of_stream(&stream).await.into_iter().map(|event| event.id);
        assert!(found.eq(ids), "stream {stream} holds what was said");
    }
    log.audit().await;
}

impl<F: Fixture> Subject<F> {
    /// Polls an append 0, 1, 2 and more times and drops it, then appends again,
    /// on the same handle and on another one: they must agree.
    async fn drop_and_repeat(&self, append: impl Fn(usize) -> Append + Send) {
        let other = self.reopened().await;
        for polls in 0..POLLS {
            let mut first = Box::pin(self.store.append(append(polls)));
            let finished = polled(polls, &mut first).await;
            drop(first);
            let done = self.append(append(polls)).await;
            assert_repeats(&other.append(append(polls)).await, &done);
            if let Some(first) = finished {
                assert_repeats(&done, &first.expect("an append"));
                break;
            }
        }
    }
}

/// Nobody heard what became of the first try, under an exact version.
pub async fn a8_an_append_whose_answer_was_lost_can_be_repeated<F: Fixture>(log: Subject<F>) {
    let [one, other] = log.apart();
    let batches: Vec<_> = (0..POLLS).map(|_| (log.events(2), log.events(1))).collect();
    let append = |n: usize| {
        let (ours, theirs) = batches[n].clone();
        let base = |events: usize| Version::new((n * events) as u64);
        Append::to(one.clone(), base(2), ours).and(other.clone(), base(1), theirs)
    };
    log.drop_and_repeat(append).await;
    let events = log.audit().await.len();
    assert!(
        events > 0 && events.is_multiple_of(3),
        "each append was written once, not {events} events"
    );
}

/// Nobody heard what became of the first try, under a key.
pub async fn a8_an_append_whose_answer_was_lost_can_be_repeated_by_key<F: Fixture>(
    log: Subject<F>,
) {
    let [one, other] = log.apart();
    let append = |n: usize| {
        let append =
            Append::to(one.clone(), Any, log.events(2)).and(other.clone(), Any, log.events(1));
        append.with_key(key(&n.to_string()))
    };
    log.drop_and_repeat(append).await;
    let keys = log.of_stream(&other).await.len();
    assert_eq!(log.audit().await.len(), keys * 3, "each key was written once");
}

/// The first try is still on its way when the repeat comes.
pub async fn a8_a_first_try_and_its_repeat_have_one_outcome<F: Fixture>(log: Subject<F>) {
    let (stream, other) = (log.stream("raced"), log.reopened().await);
    for polls in 0..POLLS {
        let base = Version::new(2 * polls as u64);
        let append = Append::to(stream.clone(), base, log.events(2));
        let mut first = Box::pin(log.store.append(append.clone()));
        let finished = polled(polls, &mut first).await;
        let repeat = other.append(append).await;
        let (last, first) = match finished {
            Some(first) => (true, first),
            None => (false, first.await),
        };
        let first: Appended = first.expect("the first try");
        assert_eq!(first.clone().repeated(), repeat.clone().repeated(), "one outcome");
        assert_ne!(first.repeated, repeat.repeated, "one of them is the first");
        if last {
            break;
        }
    }
    log.audit().await;
}
