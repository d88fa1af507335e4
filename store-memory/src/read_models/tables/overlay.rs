//! What a transaction has read of a table, and what it will write to it.

use std::any::{Any, type_name};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use annals::StoreError;
use annals::read_model::ModelId;

use super::rows::{AnyTable, Rows, typed};
use super::{TableKey, TableMismatch, TableRow};
use crate::read_models::Inner;
use crate::read_models::state::Row;

/// A table within a transaction: what was read before a commit must still be there at the
/// commit.
pub struct Table<'a, K, R> {
    inner: &'a Inner,
    model: &'a ModelId,
    name: String,
    overlay: &'a mut Overlay<K, R>,
}

impl<K, R> fmt::Debug for Table<'_, K, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { model, name, .. } = self;
        f.debug_struct("Table").field("model", model).field("name", name).finish_non_exhaustive()
    }
}

impl<'a, K: TableKey, R: TableRow> Table<'a, K, R> {
    pub(super) fn new(
        inner: &'a Inner,
        model: &'a ModelId,
        name: &str,
        overlay: &'a mut Overlay<K, R>,
    ) -> Self {
        Self { inner, model, name: name.to_owned(), overlay }
    }

    /// The row under a key.
    pub fn get(&mut self, key: &K) -> Option<R> {
        if let Some(written) = self.overlay.written.get(key) {
            return written.clone();
        }
        let found = self.kept(|rows| rows.and_then(|rows| rows.rows.get(key).cloned()));
        let revision = found.as_ref().map_or(0, |row| row.revision);
        // The first look counts: who saw two different ones is refused.
        self.overlay.read.entry(key.clone()).or_insert(revision);
        found.map(|row| row.value)
    }

    /// Writes a row.
    pub fn insert(&mut self, key: K, row: R) {
        self.overlay.written.insert(key, Some(row));
    }

    /// Deletes a row, if there is one.
    pub fn remove(&mut self, key: &K) {
        self.overlay.written.insert(key.clone(), None);
    }

    /// Every row, in the order of the keys.
    pub fn iter(&mut self) -> impl Iterator<Item = (K, R)> + use<K, R> {
        let (changed, mut rows) = self.kept(|rows| {
            let all = rows.into_iter().flat_map(|rows| &*rows.rows);
            let all: BTreeMap<_, _> = all.map(|(k, row)| (k.clone(), row.value.clone())).collect();
            (rows.map_or(0, |rows| rows.changed), all)
        });
        self.overlay.scanned.get_or_insert(changed);
        for (key, row) in &self.overlay.written {
            match row {
                Some(row) => rows.insert(key.clone(), row.clone()),
                None => rows.remove(key),
            };
        }
        rows.into_iter()
    }

    /// How many rows there are.
    pub fn len(&mut self) -> usize {
        self.iter().count()
    }

    /// Whether there is no row.
    pub fn is_empty(&mut self) -> bool {
        self.len() == 0
    }

    /// Looks at what is committed.
    fn kept<T>(&self, look: impl FnOnce(Option<&Rows<K, R>>) -> T) -> T {
        let state = self.inner.lock();
        let table = state.built(self.model).and_then(|built| built.tables.0.get(&self.name));
        look(table.and_then(|table| typed(&**table)))
    }
}

pub(super) struct Overlay<K, R> {
    written: BTreeMap<K, Option<R>>,
    /// Of which change each row was that was read; 0 where there was none.
    read: BTreeMap<K, u64>,
    /// The last change of the table, if it was read as a whole.
    scanned: Option<u64>,
}

impl<K, R> Overlay<K, R> {
    pub(super) fn new() -> Self {
        Self { written: BTreeMap::new(), read: BTreeMap::new(), scanned: None }
    }
}

pub(in crate::read_models) trait AnyOverlay: Send {
    fn as_any(&mut self) -> &mut dyn Any;
    fn types(&self) -> &'static str;
    /// Refuses who has read what is not there any more.
    fn check(&self, name: &str, kept: Option<&dyn AnyTable>) -> Result<(), StoreError>;
    fn writes(&self) -> bool;
    fn empty(&self) -> Box<dyn AnyTable>;
    /// Writes to a table that was checked.
    fn write(self: Box<Self>, kept: &mut dyn AnyTable, revision: u64);
}

impl<K: TableKey, R: TableRow> AnyOverlay for Overlay<K, R> {
    fn as_any(&mut self) -> &mut dyn Any {
        self
    }

    fn types(&self) -> &'static str {
        type_name::<(K, R)>()
    }

    fn check(&self, name: &str, kept: Option<&dyn AnyTable>) -> Result<(), StoreError> {
        let rows = kept.and_then(typed::<K, R>);
        if let (Some(kept), None) = (kept, rows) {
            let mismatch = TableMismatch::new::<K, R>(name, kept.types());
            return Err(StoreError::permanent(mismatch));
        }
        let changed = rows.map_or(0, |rows| rows.changed);
        let revision = |key| rows.and_then(|r| r.rows.get(key)).map_or(0, |row| row.revision);
        let same = self.scanned.is_none_or(|scanned| scanned == changed)
            && self.read.iter().all(|(key, was)| revision(key) == *was);
        if same {
            Ok(())
        } else {
            let reason = format!("another unit has changed rows of `{name}` that were read");
            Err(StoreError::transient(reason))
        }
    }

    fn writes(&self) -> bool {
        !self.written.is_empty()
    }

    fn empty(&self) -> Box<dyn AnyTable> {
        Box::new(Rows::<K, R> { rows: Arc::default(), changed: 0 })
    }

    fn write(self: Box<Self>, kept: &mut dyn AnyTable, revision: u64) {
        let Some(kept) = kept.as_any_mut().downcast_mut::<Rows<K, R>>() else { return };
        kept.changed = revision;
        let rows = Arc::make_mut(&mut kept.rows);
        for (key, row) in self.written {
            match row {
                Some(value) => rows.insert(key, Row { value, revision }),
                None => rows.remove(&key),
            };
        }
    }
}
