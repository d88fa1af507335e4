//! Documents that need not be loaded again.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::View;

/// How many bytes of documents, as JSON, are kept from one step to the next. In memory they
/// take a few times as much.
const BYTES: usize = 16 << 20;

/// What a document takes besides its JSON, about.
const OVERHEAD: usize = 128;

/// The documents that were used last, by two generations: what is used moves to the young
/// one; when that is half of all, the old one is dropped and the young one grows old.
pub(crate) struct Cache<V: View> {
    young: HashMap<V::Key, Held<V>, FixedState>,
    old: HashMap<V::Key, Held<V>, FixedState>,
    bytes: usize,
}

pub(crate) struct Held<V> {
    /// `None`: there is none under this key.
    pub(crate) document: Option<V>,
    /// Whether it was changed and is not written yet.
    pub(crate) dirty: bool,
    /// How many events of the step were folded before it was changed; only where it was.
    pub(crate) since: usize,
    pub(crate) bytes: usize,
}

impl<V: View> Cache<V> {
    pub(crate) fn new() -> Self {
        Self { young: HashMap::default(), old: HashMap::default(), bytes: 0 }
    }

    /// What is known to be under a key.
    pub(crate) fn get_mut(&mut self, key: &V::Key) -> Option<&mut Held<V>> {
        if !self.old.is_empty()
            && let Some((key, held)) = self.old.remove_entry(key)
        {
            self.bytes += held.bytes;
            self.young.insert(key, held);
        }
        self.young.get_mut(key)
    }

    pub(crate) fn put(&mut self, key: V::Key, document: Option<V>, bytes: usize) {
        let bytes = bytes + OVERHEAD;
        self.bytes += bytes;
        self.young.insert(key, Held { document, dirty: false, since: 0, bytes });
    }

    /// What is under a key is to be loaded again.
    pub(crate) fn remove(&mut self, key: &V::Key) -> Option<Held<V>> {
        if let Some(held) = self.young.remove(key) {
            self.bytes -= held.bytes;
            return Some(held);
        }
        self.old.remove(key)
    }

    /// A document has become so long.
    pub(crate) fn grew(&mut self, key: &V::Key, bytes: usize) {
        if let Some(held) = self.young.get_mut(key) {
            self.bytes = self.bytes + bytes + OVERHEAD - held.bytes;
            held.bytes = bytes + OVERHEAD;
        }
    }

    /// Drops what was not used lately. Never called within a step, which needs all that it
    /// has touched.
    pub(crate) fn trim(&mut self) {
        if self.bytes > BYTES / 2 {
            self.old = std::mem::take(&mut self.young);
            self.bytes = 0;
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::new();
    }
}
