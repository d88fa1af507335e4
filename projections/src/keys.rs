//! The keys of an event.

/// Which documents of a view an event touches: [`Keys::one`], [`Keys::none`],
/// [`Keys::many`], or an `Option` that is turned `into()` it.
///
/// ```
/// # use annals_projections::Keys;
/// let none: Keys<u64> = Keys::none();
/// assert_eq!(none.into_iter().count(), 0);
/// let (from, to) = (1, 2);
/// assert!(Keys::many([from, to]).into_iter().eq([1, 2]));
/// // A document that is named twice is touched once.
/// assert!(Keys::many([2, 1, 2]).into_iter().eq([1, 2]));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys<K>(Few<K>);

/// Nearly always there is one: that needs no memory of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Few<K> {
    AtMostOne(Option<K>),
    Many(Vec<K>),
}

impl<K> Keys<K> {
    /// The event touches no document.
    #[must_use]
    pub fn none() -> Self {
        Self(Few::AtMostOne(None))
    }

    /// The event touches one document.
    #[must_use]
    pub fn one(key: K) -> Self {
        Self(Few::AtMostOne(Some(key)))
    }
}

impl<K> Keys<K> {
    /// The documents, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = &K> {
        let (one, many) = match &self.0 {
            Few::AtMostOne(one) => (one.as_ref(), &[][..]),
            Few::Many(many) => (None, &many[..]),
        };
        one.into_iter().chain(many)
    }
}

impl<K: Ord> Keys<K> {
    /// The event touches all these documents, each once, in the order of their keys.
    #[must_use]
    pub fn many(keys: impl IntoIterator<Item = K>) -> Self {
        let mut keys: Vec<_> = keys.into_iter().collect();
        keys.sort();
        keys.dedup();
        Self(Few::Many(keys))
    }
}

impl<K> From<Option<K>> for Keys<K> {
    fn from(key: Option<K>) -> Self {
        Self(Few::AtMostOne(key))
    }
}

impl<K> IntoIterator for Keys<K> {
    type Item = K;
    type IntoIter = std::iter::Chain<std::option::IntoIter<K>, std::vec::IntoIter<K>>;

    fn into_iter(self) -> Self::IntoIter {
        let (one, many) = match self.0 {
            Few::AtMostOne(one) => (one, Vec::new()),
            Few::Many(many) => (None, many),
        };
        one.into_iter().chain(many)
    }
}
