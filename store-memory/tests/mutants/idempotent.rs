//! A7: stores that do not know a repeat from something new.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use annals::store::{Append, Appended, IdempotencyKey, StreamQuery, Written};
use annals::{AppendError, Conflict, EventStore, StreamId};
use annals_memory::MemoryStore;
use futures::TryStreamExt;

use crate::mutant::{Answer, Mutation, caught};

caught! {
    a7_knowing_no_repeats: "a7_", |_| KnowsNoRepeats;
    a7_knowing_repeats_until_the_stream_goes_on: "a7_", |_| KnowsTheHeadOnly;
    a7_knowing_repeats_by_the_first_event: "a7_", |_| KnowsTheFirstOnly;
    a7_taking_several_appends_for_one: "a7_events_of_several", |_| KnowsScattered;
    a7_not_saying_that_it_is_a_repeat: "a7_", |_| SaysItIsNew;
    a7_forgetting_keys: "a7_", |_| ForgetsKeys;
    a7_ignoring_fingerprints: "a7_", |_| IgnoresFingerprints;
    a7_consuming_keys_by_refusals: "a7_", |_| Consumes::default();
    a7_taking_a_key_for_all_streams: "a7_", |_| OneScope::default();
}

fn conflict(append: &Append, store: &Appended) -> AppendError {
    let (write, written) = (&append.writes[0], &store.writes[0]);
    let conflict = Conflict {
        stream: write.stream.clone(),
        expected: write.expected,
        actual: written.version,
    };
    conflict.into()
}

#[derive(Debug)]
pub(crate) struct KnowsNoRepeats;

impl Mutation for KnowsNoRepeats {
    fn append<'a>(&'a self, store: &'a MemoryStore, append: Append) -> Answer<'a> {
        Box::pin(async move {
            let done = store.append(append.clone()).await?;
            if done.repeated && append.key.is_none() {
                return Err(conflict(&append, &done));
            }
            Ok(done)
        })
    }
}

#[derive(Debug)]
struct KnowsTheHeadOnly;

impl Mutation for KnowsTheHeadOnly {
    fn append<'a>(&'a self, store: &'a MemoryStore, append: Append) -> Answer<'a> {
        Box::pin(async move {
            let done = store.append(append.clone()).await?;
            let head = store.stream_head(&append.writes[0].stream).await;
            let head = head.expect("memory answers").expect("it was written");
            if done.repeated && append.key.is_none() && done.writes[0].version < head.version {
                return Err(conflict(&append, &done));
            }
            Ok(done)
        })
    }
}

/// Looks at one event, and makes up the rest.
#[derive(Debug)]
struct KnowsTheFirstOnly;

impl Mutation for KnowsTheFirstOnly {
    fn append<'a>(&'a self, store: &'a MemoryStore, append: Append) -> Answer<'a> {
        Box::pin(async move {
            let error = match store.append(append.clone()).await {
                Err(AppendError::Conflict(conflict)) => conflict,
                done => return done,
            };
            let write = &append.writes[0];
            let events = store.read(StreamQuery::forwards(write.stream.clone()));
            let events: Vec<_> = events.try_collect().await.expect("memory answers");
            let first = events.iter().find(|event| event.id == write.events[0].id);
            match first.zip(write.expected.exact()) {
                Some((first, base)) if first.version == base.next() => {
                    let time = first.recorded_at;
                    Ok(Appended::new(store.log().id, vec![], time).repeated())
                }
                _ => Err(error.into()),
            }
        })
    }
}

#[derive(Debug)]
struct SaysItIsNew;

impl Mutation for SaysItIsNew {
    fn append<'a>(&'a self, store: &'a MemoryStore, append: Append) -> Answer<'a> {
        Box::pin(async move {
            let mut done = store.append(append).await?;
            done.repeated = false;
            Ok(done)
        })
    }
}

#[derive(Debug)]
pub(crate) struct ForgetsKeys;

impl Mutation for ForgetsKeys {
    fn append<'a>(&'a self, store: &'a MemoryStore, mut append: Append) -> Answer<'a> {
        append.key = None;
        Box::pin(store.append(append))
    }
}

#[derive(Debug)]
struct IgnoresFingerprints;

impl Mutation for IgnoresFingerprints {
    fn append<'a>(&'a self, store: &'a MemoryStore, mut append: Append) -> Answer<'a> {
        append.key = append.key.as_ref().map(|key| self.outcome_key(key));
        Box::pin(store.append(append))
    }

    fn outcome_key(&self, key: &IdempotencyKey) -> IdempotencyKey {
        IdempotencyKey::new(key.as_str()).expect("it was a key before")
    }
}

#[derive(Debug, Default)]
struct Consumes(Mutex<HashSet<(StreamId, String)>>);

impl Mutation for Consumes {
    fn append<'a>(&'a self, store: &'a MemoryStore, append: Append) -> Answer<'a> {
        Box::pin(async move {
            let stream = append.writes[0].stream.clone();
            let key = append.key.as_ref().map(|key| key.as_str().to_owned());
            let used = key.map(|key| (stream.clone(), key));
            let is_used = |used| self.0.lock().expect("a whole set").contains(used);
            if used.as_ref().is_some_and(is_used) {
                return Err(AppendError::KeyReused { stream });
            }
            let done = store.append(append).await;
            if done.is_err() {
                self.0.lock().expect("a whole set").extend(used);
            }
            done
        })
    }
}

#[derive(Debug, Default)]
struct OneScope(Mutex<HashMap<String, Appended>>);

impl Mutation for OneScope {
    fn append<'a>(&'a self, store: &'a MemoryStore, append: Append) -> Answer<'a> {
        Box::pin(async move {
            let key = append.key.as_ref().map(|key| key.as_str().to_owned());
            let known = |key: &String| self.0.lock().expect("a whole map").get(key).cloned();
            if let Some(first) = key.as_ref().and_then(known) {
                return Ok(first.repeated());
            }
            let done = store.append(append).await?;
            let outcomes = key.map(|key| (key, done.clone()));
            self.0.lock().expect("a whole map").extend(outcomes);
            Ok(done)
        })
    }
}

/// Compares ids alone.
#[derive(Debug)]
struct KnowsScattered;

impl Mutation for KnowsScattered {
    fn append<'a>(&'a self, store: &'a MemoryStore, append: Append) -> Answer<'a> {
        Box::pin(async move {
            let refused = match store.append(append.clone()).await {
                Err(refused @ AppendError::Conflict(_)) => refused,
                answer => return answer,
            };
            let write = &append.writes[0];
            let Some(base) = write.expected.exact() else {
                return Err(refused);
            };
            let query = StreamQuery::forwards(write.stream.clone()).from(base.next());
            let stored: Vec<_> = store.read(query).try_collect().await.expect("memory reads");
            let ids = stored.iter().map(|event| event.id);
            let ours = write.events.iter().map(|event| event.id);
            if append.writes.len() > 1 || !ours.eq(ids.take(write.events.len())) {
                return Err(refused);
            }
            let last = &stored[write.events.len() - 1];
            let written = Written {
                stream: last.stream.clone(),
                partition: last.partition,
                version: last.version,
                position: last.position,
                last: last.id,
                events: write.events.len() as u64,
            };
            let log = store.log().id;
            Ok(Appended::new(log, vec![written], last.recorded_at).repeated())
        })
    }
}
