//! Finds keys that stand twice in one object.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::InvalidPayload;

/// What kind of value a key is. Formats with other keys than texts may have a
/// text and a number of the same bytes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Key {
    Text = 0,
    #[cfg(feature = "msgpack")]
    Other = 1,
}

/// The keys of all objects that are open, as hashes.
///
/// Two different keys of one hash would be taken for one; that is expected once
/// in billions of objects with thousands of keys.
#[derive(Debug, Default)]
pub(super) struct Keys {
    hashes: Vec<u64>,
    /// Where the keys of each open object begin.
    begins: Vec<usize>,
}

impl Keys {
    /// An object begins.
    pub(super) fn open(&mut self) {
        if self.hashes.capacity() == 0 {
            // Enough for most events, so that the list does not grow by bits.
            self.hashes.reserve(32);
        }
        self.begins.push(self.hashes.len());
    }

    /// A key of the innermost object.
    pub(super) fn add(&mut self, kind: Key, key: &[u8]) {
        self.hashes.push(xxh3_64_with_seed(key, kind as u64));
    }

    /// The innermost object ends. Its keys are compared only now, by sorting
    /// them: large maps would take too long otherwise.
    ///
    /// # Errors
    /// One of them stood in it twice.
    pub(super) fn close(&mut self) -> Result<(), InvalidPayload> {
        let begin = self.begins.pop().unwrap_or_default();
        let keys = self.hashes.get_mut(begin..).unwrap_or_default();
        keys.sort_unstable();
        let twice = keys.array_windows().any(|[one, next]| one == next);
        self.hashes.truncate(begin);
        if twice { Err(InvalidPayload::DuplicateKey) } else { Ok(()) }
    }
}
