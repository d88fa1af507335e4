//! Feeds a view.

mod take_back;

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use annals::codec::Codec;
use annals::read_model::{
    AnyReadModels, AnySession, Document, DocumentKey, Documents, ModelId, ReadModelStore, Which,
};
use annals::{Payload, Recorded, StreamId};
use bytes::Bytes;
use foldhash::fast::FixedState;
use futures::future::BoxFuture;

use super::cache::Cache;
use super::events::Typed;
use super::handler::{Chosen, Failure, Handler, panicked};
use crate::view_key::stored;
use crate::{Keys, View};

/// How many documents are loaded by one statement.
const LOAD: usize = 10_000;

/// Folds the events of a unit into documents: those that a step touches are loaded, folded
/// in memory, and written back, each once.
pub(crate) struct Fold<V: View> {
    version: Which,
    cache: Cache<V>,
    alone: bool,
    /// What the step has changed.
    dirty: Vec<V::Key>,
    /// How many bytes that is, about: those of the documents before the change.
    unwritten: usize,
    /// How many events the step has folded.
    folded: usize,
}

impl<V: View> Fold<V> {
    pub(crate) fn new(version: ModelId) -> Self {
        let version = Which::Version(version);
        let (cache, dirty) = (Cache::new(), Vec::new());
        Self { version, cache, alone: false, dirty, unwritten: 0, folded: 0 }
    }

    /// Folds events up to the first that fails.
    async fn fold(
        &mut self,
        models: &AnyReadModels,
        tx: Option<&mut AnySession>,
        events: &[Chosen],
    ) -> Result<(), Failure> {
        let (mut keys, mut failed) = touched::<V>(events);
        let (missing, invalid) = self.missing(&keys);
        if let Some((nth, reason)) = invalid {
            keys.truncate(nth);
            failed = Err(certain(Some(nth), reason));
        }
        self.load(models, tx, missing).await?;
        let mut typed = Typed::<V::Event>::new();
        for (nth, (chosen, keys)) in events.iter().zip(keys).enumerate() {
            // Folding never waits; here others get their turn.
            tokio::task::consume_budget().await;
            let event = typed.get(chosen).map_err(|reason| certain(Some(nth), reason))?;
            for key in keys {
                self.evolve(key, event).map_err(|reason| certain(Some(nth), reason))?;
            }
            self.folded += 1;
        }
        failed
    }

    fn evolve(&mut self, key: V::Key, event: &Recorded<V::Event>) -> Result<(), String> {
        let Some(held) = self.cache.get_mut(&key) else { return Ok(()) };
        let folded = catch_unwind(AssertUnwindSafe(|| {
            let document = held.document.get_or_insert_default();
            document.evolve(&key, event);
            document.is_gone()
        }));
        if folded.map_err(|panic| panicked(&*panic))? {
            held.document = None;
        }
        if !std::mem::replace(&mut held.dirty, true) {
            held.since = self.folded;
            self.unwritten += held.bytes;
            self.dirty.push(key);
        }
        Ok(())
    }

    /// The keys of which it is not known what they hold, up to the first event with a key
    /// that none can be: which that is, and why.
    fn missing(&mut self, keys: &[Keys<V::Key>]) -> (Vec<V::Key>, Option<(usize, String)>) {
        let mut missing: Vec<V::Key> = Vec::new();
        let mut asked: HashSet<&V::Key, FixedState> = HashSet::default();
        for (nth, keys) in keys.iter().enumerate() {
            for key in keys.iter() {
                if self.cache.get_mut(key).is_none() && asked.insert(key) {
                    // A text that is too long can be no key.
                    if let Err(error) = stored(key).check() {
                        return (missing, Some((nth, error.to_string())));
                    }
                    missing.push(key.clone());
                }
            }
        }
        (missing, None)
    }

    async fn load(
        &mut self,
        models: &AnyReadModels,
        mut tx: Option<&mut AnySession>,
        mut missing: Vec<V::Key>,
    ) -> Result<(), Failure> {
        // In the order in which everybody locks them.
        missing.sort();
        for some in missing.chunks(LOAD) {
            let stored: Vec<DocumentKey> = some.iter().map(stored).collect();
            let documents = match &mut tx {
                Some(tx) => models.load(tx, &stored).await?,
                None => self.read(models, stored).await?,
            };
            for (key, document) in some.iter().zip(documents) {
                let read = document.as_ref().map(|json| serde_json::from_slice::<V>(json));
                // Not the error's text: it may quote the document.
                let read = read.transpose().map_err(|_| Failure::Standing(unreadable::<V>()))?;
                self.cache.put(key.clone(), read, document.map_or(0, |json| json.len()));
            }
        }
        Ok(())
    }

    /// The documents under keys, as they are committed.
    ///
    /// Nobody else writes them while the lease is in force: were they written by who has
    /// taken it over, then the step that is made from them is refused by its fence.
    async fn read(
        &self,
        models: &AnyReadModels,
        keys: Vec<DocumentKey>,
    ) -> Result<Vec<Option<Document>>, Failure> {
        let under = Documents::Under(keys.clone());
        let mut found: HashMap<_, _> =
            models.documents(&self.version, &under).await?.into_iter().collect();
        Ok(keys.iter().map(|key| found.remove(key)).collect())
    }

    /// The documents that were changed, as they are written.
    fn changed(&mut self) -> Result<Vec<(DocumentKey, Option<Document>)>, Failure> {
        let mut keys = std::mem::take(&mut self.dirty);
        self.unwritten = 0;
        // In the order in which everybody locks them.
        keys.sort();
        let mut changed = Vec::with_capacity(keys.len());
        for key in keys {
            let Some(held) = self.cache.get_mut(&key) else { continue };
            held.dirty = false;
            let json = match &held.document {
                Some(document) => {
                    // What JSON could not give back is refused here.
                    let json = Payload::encode(Codec::Json, document).map_err(|error| {
                        certain(None, format!("the document cannot be kept: {error}"))
                    })?;
                    Some(json.bytes().clone())
                }
                None => None,
            };
            self.cache.grew(&key, json.as_ref().map_or(0, Bytes::len));
            changed.push((stored(&key), json));
        }
        Ok(changed)
    }
}

fn certain(nth: Option<usize>, reason: String) -> Failure {
    Failure::Event { nth, reason, certain: true }
}

fn unreadable<V: View>() -> String {
    format!(
        "a document of `{}` is not one that this code reads: was its type changed without raising \
         the version, or the table altered? Raise the version, and it is built anew",
        V::NAME
    )
}

/// The keys of each event, up to the first of which they cannot be computed, and why.
fn touched<V: View>(events: &[Chosen]) -> (Vec<Keys<V::Key>>, Result<(), Failure>) {
    let mut typed = Typed::<V::Event>::new();
    let mut all = Vec::with_capacity(events.len());
    for (nth, chosen) in events.iter().enumerate() {
        let keys = typed.get(chosen).and_then(|event| {
            let keys = catch_unwind(AssertUnwindSafe(|| V::keys(event)));
            keys.map_err(|panic| panicked(&*panic))
        });
        match keys {
            Ok(keys) => all.push(keys),
            Err(reason) => return (all, Err(certain(Some(nth), reason))),
        }
    }
    (all, Ok(()))
}

impl<V: View> Handler for Fold<V> {
    fn unreadable(&self, events: &[Chosen]) -> Option<(usize, String)> {
        Typed::<V::Event>::new().first_unreadable(events)
    }

    fn keys(&self, event: &Chosen) -> Result<Vec<String>, String> {
        let text = |key: &V::Key| {
            let key = stored(key);
            key.check().map_err(|error| error.to_string())?;
            Ok(key.to_string())
        };
        match touched::<V>(std::slice::from_ref(event)) {
            (keys, Ok(())) => keys.iter().flat_map(Keys::iter).map(text).collect(),
            (_, Err(Failure::Event { reason, .. })) => Err(reason),
            (_, Err(_)) => Err("its keys cannot be computed".to_owned()),
        }
    }

    fn touches(&self, events: &[Chosen], parked: &HashSet<String>) -> Vec<bool> {
        let mut typed = Typed::<V::Event>::new();
        let is_parked = |key: &V::Key| match stored(key) {
            DocumentKey::Text(text) => parked.contains(&text),
            key => parked.contains(&key.to_string()),
        };
        let touches = |chosen| {
            let Ok(event) = typed.get(chosen) else { return true };
            let keys = catch_unwind(AssertUnwindSafe(|| V::keys(event)));
            keys.map_or(true, |keys| keys.iter().any(is_parked))
        };
        events.iter().map(touches).collect()
    }

    fn key_of_stream(&self, stream: &StreamId) -> Option<String> {
        Some(stored(&V::key_of_stream(stream)?).to_string())
    }

    fn apply<'a>(
        &'a mut self,
        models: &'a AnyReadModels,
        tx: &'a mut AnySession,
        events: &'a [Chosen],
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(self.fold(models, Some(tx), events))
    }

    /// Where nobody else writes the documents they need no lock, and so no transaction.
    fn prepares(&self) -> bool {
        self.alone
    }

    fn prepare<'a>(
        &'a mut self,
        models: &'a AnyReadModels,
        events: &'a [Chosen],
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(self.fold(models, None, events))
    }

    fn take_back<'a>(
        &'a mut self,
        models: &'a AnyReadModels,
        tx: Option<&'a mut AnySession>,
        before: &'a [Chosen],
        failed: &'a Chosen,
    ) -> BoxFuture<'a, Result<bool, Failure>> {
        Box::pin(self.fold_back(models, tx, before, failed))
    }

    fn changes(&mut self) -> Result<Vec<(DocumentKey, Option<Document>)>, Failure> {
        self.changed()
    }

    fn flush<'a>(
        &'a mut self,
        models: &'a AnyReadModels,
        tx: &'a mut AnySession,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let documents = self.changed()?;
            if !documents.is_empty() {
                models.save(tx, documents).await?;
            }
            Ok(())
        })
    }

    /// Where others lock the same documents, all of a step are locked at once, in their
    /// order: nobody waits in a circle, nor for long.
    fn takes_pieces(&self) -> bool {
        self.alone
    }

    fn unwritten(&self) -> usize {
        self.unwritten
    }

    fn committed(&mut self) {
        self.folded = 0;
        if self.alone {
            self.cache.trim();
        } else {
            // Another unit may change them.
            self.cache.clear();
        }
    }

    fn forget(&mut self, alone: bool) {
        self.alone = alone;
        self.dirty.clear();
        self.unwritten = 0;
        self.folded = 0;
        self.cache.clear();
    }
}
