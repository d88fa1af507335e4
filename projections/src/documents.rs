//! The documents of a view, in memory.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;

use annals::Recorded;

use crate::View;

/// The documents of a view, folded in memory, by key.
pub struct Documents<V: View>(BTreeMap<V::Key, V>);

impl<V: View> Documents<V> {
    /// No documents: the view before the first event.
    #[must_use]
    pub fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Folds the event that comes next.
    pub fn apply(&mut self, event: &Recorded<V::Event>) {
        for key in V::keys(event) {
            self.evolve(&key, event);
        }
    }

    /// Folds the event into one of the documents that it touches, if it touches it.
    pub(crate) fn apply_to(&mut self, key: &V::Key, event: &Recorded<V::Event>) {
        if V::keys(event).into_iter().any(|touched| touched == *key) {
            self.evolve(key, event);
        }
    }

    /// Folds the event into one of the documents that it touches.
    pub(crate) fn evolve(&mut self, key: &V::Key, event: &Recorded<V::Event>) {
        let document = self.0.entry(key.clone()).or_default();
        document.evolve(key, event);
        if document.is_gone() {
            self.0.remove(key);
        }
    }

    /// The document under a key.
    pub fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        V::Key: Borrow<Q>,
        Q: Ord + ?Sized,
    {
        self.0.get(key)
    }

    /// All documents, in the order of their keys.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&V::Key, &V)> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts a document in; `None` if there was none under its key.
    pub(crate) fn put(&mut self, key: V::Key, document: V) -> Option<V> {
        self.0.insert(key, document)
    }

    pub(crate) fn last_key(&self) -> Option<&V::Key> {
        self.0.last_key_value().map(|(key, _)| key)
    }

    /// The documents behind a key, or all, up to and with another one.
    pub(crate) fn between(
        &self,
        after: Option<&V::Key>,
        last: &V::Key,
    ) -> impl Iterator<Item = (&V::Key, &V)> {
        let after = after.map_or(Bound::Unbounded, Bound::Excluded);
        // A range that ends before it begins would panic.
        let is_empty = matches!(after, Bound::Excluded(after) if after >= last);
        let range = (!is_empty).then(|| self.0.range((after, Bound::Included(last))));
        range.into_iter().flatten()
    }

    /// Takes the document under a key out.
    pub(crate) fn take<Q>(&mut self, key: &Q) -> Option<V>
    where
        V::Key: Borrow<Q>,
        Q: Ord + ?Sized,
    {
        self.0.remove(key)
    }
}

impl<V: View> Default for Documents<V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<V: View + fmt::Debug> fmt::Debug for Documents<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(&self.0).finish()
    }
}

impl<V: View + PartialEq> PartialEq for Documents<V> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<V: View> IntoIterator for Documents<V> {
    type Item = (V::Key, V);
    type IntoIter = std::collections::btree_map::IntoIter<V::Key, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
