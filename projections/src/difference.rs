//! What differs between two folds.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::{Documents, View};

/// What differs between the documents of two views with the same keys, as of two versions
/// of the code over one history. Documents are compared as JSON.
///
/// What differs between two versions in a store is an [`annals::read_model::Difference`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ViewDifference<K> {
    /// In the order of their keys; documents that are the same are not among them.
    pub changed: Vec<ChangedDocument<K>>,
    /// How many documents are the same.
    pub same: usize,
}

/// A document that differs: `None` where there is none.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ChangedDocument<K> {
    /// Its key.
    pub key: K,
    /// The document before.
    pub before: Option<Value>,
    /// The document after.
    pub after: Option<Value>,
}

impl<V: View> Documents<V> {
    /// What differs in the documents of another view, or of the same at another moment.
    ///
    /// ```
    /// # use annals::{AnyStore, LoadError};
    /// # use annals_projections::{View, replay};
    /// # use std::fmt::Debug;
    /// # async fn example<Old: View<Key = String>, New: View<Key = String>>(store: AnyStore)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let difference = replay::<Old>(&store).await?.difference(&replay::<New>(&store).await?)?;
    /// assert!(difference.is_empty(), "{difference}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// A document cannot be written as JSON, so it could not be kept either.
    pub fn difference<W: View<Key = V::Key>>(
        &self,
        after: &Documents<W>,
    ) -> Result<ViewDifference<V::Key>, serde_json::Error> {
        let keys = |(key, _)| key;
        let all: BTreeSet<_> =
            self.iter().map(keys).chain(after.iter().map(|(key, _)| key)).collect();
        let mut difference = ViewDifference { changed: Vec::new(), same: 0 };
        for key in all {
            let (before, after) = (json(self.get(key))?, json(after.get(key))?);
            if before == after {
                difference.same += 1;
            } else {
                difference.changed.push(ChangedDocument { key: key.clone(), before, after });
            }
        }
        Ok(difference)
    }
}

fn json(document: Option<&impl Serialize>) -> Result<Option<Value>, serde_json::Error> {
    document.map(serde_json::to_value).transpose()
}

impl<K> ViewDifference<K> {
    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty()
    }
}

/// A line for each document that differs, and one that counts them.
impl<K: fmt::Debug> fmt::Display for ViewDifference<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |document: &Option<Value>| {
            document.as_ref().map_or("nothing".to_owned(), Value::to_string)
        };
        for ChangedDocument { key, before, after } in &self.changed {
            writeln!(f, "{key:?}: {} became {}", text(before), text(after))?;
        }
        let changed = self.changed.len();
        write!(f, "{changed} of {} documents differ", changed + self.same)
    }
}
