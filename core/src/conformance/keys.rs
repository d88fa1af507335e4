//! A7 idempotent, by a caller's key: the first outcome under it is the only
//! one, whatever versions are expected.

use tokio::time::Instant;

use super::tools::{assert_repeats, at_once, key};
use super::{Fixture, Subject};
use crate::store::{Append, IdempotencyKey};
use crate::{AppendError, EventStore, ExpectedVersion, Version};
use ExpectedVersion::{Any, Exists, NoStream};

/// Three times with other event ids, as from a command that decided again; the
/// key is looked up before versions are checked.
pub async fn a7_an_append_under_a_key_happens_once<F: Fixture>(log: Subject<F>) {
    let [one, other] = log.apart();
    let append = Append::to(one.clone(), Any, log.events(2)).and(other.clone(), Any, log.events(1));
    let first = log.append(append.with_key(key("pay-7"))).await;
    assert!(!first.repeated);
    log.grow(&one, 3).await;
    for expected in [Any, Exists, NoStream, Version::new(77).into()] {
        let again = Append::to(one.clone(), expected, log.events(1)).with_key(key("pay-7"));
        assert_repeats(&log.append(again).await, &first);
    }
    assert_eq!(log.audit().await.len(), 6);
}

/// 16 tasks on two handles: one writes, all have its outcome.
pub async fn a7_a_key_used_by_many_at_once_happens_once<F: Fixture>(log: Subject<F>) {
    let (stream, reopened) = (log.stream("keyed"), log.reopened().await);
    for expected in [Any, Exists] {
        let name = key(&expected.to_string());
        let tries = (0..16).map(|n| {
            let store = if n % 2 == 0 { log.store.clone() } else { reopened.store.clone() };
            let append = Append::to(stream.clone(), expected, log.events(2)).with_key(name.clone());
            async move { store.append(append).await.expect("written, or a repeat") }
        });
        let done = at_once(tries).await;
        let first: Vec<_> = done.iter().filter(|done| !done.repeated).collect();
        assert_eq!(first.len(), 1, "exactly one try is the first");
        for repeat in done.iter().filter(|done| done.repeated) {
            assert_repeats(repeat, first[0]);
        }
    }
    assert_eq!(log.audit().await.len(), 4);
}

/// Fingerprints tell a reused key from a repeat; without one there is nothing
/// to tell.
pub async fn a7_a_key_of_another_command_is_refused<F: Fixture>(log: Subject<F>) {
    let stream = log.stream("keyed");
    let append = |key| Append::to(stream.clone(), Any, log.events(1)).with_key(key);
    for (name, print) in [("small", 1), ("large", u64::MAX)] {
        let ours = key(name).with_fingerprint(print);
        let first = log.append(append(ours.clone())).await;
        assert_repeats(&log.append(append(ours.clone())).await, &first);
        assert_repeats(&log.append(append(key(name))).await, &first);
        for theirs in [print ^ 1, print ^ (1 << 63), 0] {
            let theirs = key(name).with_fingerprint(theirs);
            let is_reused =
                |error| matches!(error, AppendError::KeyReused { stream: told } if told == stream);
            assert!(is_reused(log.refused(append(theirs.clone())).await), "it is another command");
            assert!(log.store.outcome(&stream, &theirs).await.is_err_and(is_reused));
        }
    }
    assert_eq!(log.audit().await.len(), 2);
}

/// One key on two streams is two keys; of several writes the first one counts.
pub async fn a7_a_key_is_scoped_to_the_stream_of_the_first_write<F: Fixture>(log: Subject<F>) {
    let [one, other] = log.apart();
    let append = |a: &_, b: &_| {
        Append::to(Clone::clone(a), Any, log.events(1))
            .and(Clone::clone(b), Any, log.events(1))
            .with_key(key("k"))
    };
    let first = log.append(append(&one, &other)).await;
    let second = log.append(append(&other, &one)).await;
    assert!(!second.repeated, "the key was not used on that stream");
    assert_repeats(&log.append(append(&one, &other)).await, &first);
    assert_repeats(&log.append(append(&other, &one)).await, &second);
    assert_eq!(log.audit().await.len(), 4);
}

/// A conflict, a bad append and a late one leave the key free.
pub async fn a7_a_refusal_consumes_no_key<F: Fixture>(log: Subject<F>) {
    let [stream, other] = log.apart();
    let append = |events| Append::to(stream.clone(), Any, events).with_key(key("free"));
    let refusals = [
        Append::to(stream.clone(), Version::new(9), log.events(1)).with_key(key("free")),
        append(log.events(1)).and(other, Exists, log.events(1)),
        append(vec![]),
        append(log.events(1)).with_deadline(Instant::now()),
    ];
    for refusal in refusals {
        log.refused(refusal).await;
        let outcome = log.store.outcome(&stream, &key("free")).await;
        assert_eq!(outcome.expect("an answer"), None, "a refusal is no outcome");
    }
    let first = log.append(append(log.events(1))).await;
    assert!(!first.repeated, "the key was free");
    assert_eq!(log.audit().await.len(), 1);
}

/// None before, the first outcome ever after, none for other streams or keys.
pub async fn a7_the_outcome_of_a_key_can_be_asked_for<F: Fixture>(log: Subject<F>) {
    let [one, other] = log.apart();
    let ask = |stream, name: &'static str| {
        let store = log.store.clone();
        async move { store.outcome(&stream, &key(name)).await.expect("an answer") }
    };
    assert_eq!(ask(one.clone(), "asked").await, None);
    let append = Append::to(one.clone(), Any, log.events(2)).and(other.clone(), Any, log.events(1));
    let first = log.append(append.with_key(key("asked"))).await;
    log.grow(&one, 1).await;
    assert_repeats(&ask(one.clone(), "asked").await.expect("an outcome"), &first);
    assert_eq!(ask(other, "asked").await, None, "another stream");
    assert_eq!(ask(one, "Asked").await, None, "another key");
}

/// Keys are compared byte for byte, at their greatest length too.
pub async fn a7_keys_that_look_alike_differ<F: Fixture>(log: Subject<F>) {
    let stream = log.stream("keyed");
    let long = "k".repeat(IdempotencyKey::MAX_BYTES - 1);
    let texts = ["a", "A", "a ", " a", "a'", "\u{e9}", "e\u{301}", "%", "_"].map(str::to_owned);
    let keys: Vec<_> = texts.into_iter().chain([format!("{long}x"), format!("{long}y")]).collect();
    for _ in 0..2 {
        for text in &keys {
            log.append(Append::to(stream.clone(), Any, log.events(1)).with_key(key(text))).await;
        }
    }
    assert_eq!(log.audit().await.len(), keys.len());
}
