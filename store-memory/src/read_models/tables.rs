//! Tables of a projection's own, in memory.

mod overlay;
mod rows;

use std::any::type_name;
use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::sync::Arc;

use annals::StoreError;
use annals::read_model::{ModelId, Which};
use serde::Serialize;

pub use overlay::Table;

use super::{Inner, MemoryReadModels};
use overlay::{AnyOverlay, Overlay};
pub(super) use rows::AnyTable;

/// What a key of a [`Table`] can do; types that can, have it.
pub trait TableKey: Ord + Clone + Debug + Send + Sync + 'static {}
impl<K: Ord + Clone + Debug + Send + Sync + 'static> TableKey for K {}

/// What a row of a [`Table`] can do; types that can, have it. Versions are compared by the
/// JSON of their rows.
pub trait TableRow: Clone + Serialize + Send + Sync + 'static {}
impl<R: Clone + Serialize + Send + Sync + 'static> TableRow for R {}

/// What a projection writes its own tables through: those of the version that is fed, in
/// the transaction of the step.
///
/// A table is there as soon as a row of it was committed, and its types are those of the
/// first row.
pub struct MemoryTables {
    pub(super) inner: Arc<Inner>,
    model: ModelId,
    overlays: Overlays,
}

/// What a transaction has read and written, by table.
pub(super) type Overlays = BTreeMap<String, Box<dyn AnyOverlay>>;

impl MemoryTables {
    pub(super) fn new(inner: Arc<Inner>, model: ModelId) -> Self {
        Self { inner, model, overlays: BTreeMap::new() }
    }

    pub(super) fn into_parts(self) -> (Arc<Inner>, Overlays) {
        (self.inner, self.overlays)
    }

    /// The table of this name.
    ///
    /// # Errors
    /// It is known with a key or a row of another type.
    pub fn table<K: TableKey, R: TableRow>(
        &mut self,
        name: &str,
    ) -> Result<Table<'_, K, R>, TableMismatch> {
        let state = self.inner.lock();
        let kept = state.built(&self.model).and_then(|built| built.tables.0.get(name));
        if let Some(kept) = kept
            && rows::typed::<K, R>(&**kept).is_none()
        {
            return Err(TableMismatch::new::<K, R>(name, kept.types()));
        }
        drop(state);
        let new = || Box::new(Overlay::<K, R>::new()) as Box<dyn AnyOverlay>;
        let overlay = self.overlays.entry(name.to_owned()).or_insert_with(new);
        let types = overlay.types();
        let overlay = overlay.as_any().downcast_mut::<Overlay<K, R>>();
        let overlay = overlay.ok_or_else(|| TableMismatch::new::<K, R>(name, types))?;
        Ok(Table::new(&self.inner, &self.model, name, overlay))
    }
}

impl Debug for MemoryTables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryTables").field("model", &self.model).finish_non_exhaustive()
    }
}

/// A table has a key or a row of another type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the table `{table}` holds {kept}, not {wanted}: raise the version of the read model")]
pub struct TableMismatch {
    /// The table.
    pub table: String,
    /// The types of its key and row.
    pub kept: &'static str,
    /// The types that were asked for.
    pub wanted: &'static str,
}

impl TableMismatch {
    fn new<K: TableKey, R: TableRow>(table: &str, kept: &'static str) -> Self {
        Self { table: table.to_owned(), kept, wanted: type_name::<(K, R)>() }
    }
}

/// Why a table was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// There is no such read model.
    #[error("there is no such read model: {0:?}")]
    Unknown(Which),
    /// The table has a key or a row of another type.
    #[error(transparent)]
    Mismatch(#[from] TableMismatch),
}

impl MemoryReadModels {
    /// The rows of a projection's table, in the order of their keys; none, as long as
    /// nothing was written to it.
    ///
    /// # Errors
    /// See [`TableError`].
    pub fn table<K: TableKey, R: TableRow>(
        &self,
        which: &Which,
        name: &str,
    ) -> Result<Vec<(K, R)>, TableError> {
        let state = self.inner.lock();
        let built = state.which(which).ok_or_else(|| TableError::Unknown(which.clone()))?;
        let Some(kept) = built.tables.0.get(name) else { return Ok(Vec::new()) };
        let typed = rows::typed::<K, R>(&**kept);
        let rows = typed.ok_or_else(|| TableMismatch::new::<K, R>(name, kept.types()))?;
        Ok(rows.rows.iter().map(|(key, row)| (key.clone(), row.value.clone())).collect())
    }
}

/// The tables of a version of a read model.
#[derive(Default)]
pub(super) struct Tables(BTreeMap<String, Box<dyn AnyTable>>);

impl Tables {
    /// Refuses a transaction that has read what is not there any more.
    pub(super) fn check(&self, overlays: &Overlays) -> Result<(), StoreError> {
        overlays.iter().try_for_each(|(name, overlay)| {
            overlay.check(name, self.0.get(name).map(|kept| &**kept))
        })
    }

    /// Writes what has been checked.
    pub(super) fn write(&mut self, overlays: Overlays, revision: u64) {
        for (name, overlay) in overlays {
            if !overlay.writes() {
                continue;
            }
            let kept = self.0.entry(name).or_insert_with(|| overlay.empty());
            overlay.write(&mut **kept, revision);
        }
    }

    /// The tables as they are now, whatever is written to them later.
    pub(super) fn snapshot(&self) -> BTreeMap<String, Box<dyn AnyTable>> {
        self.0.iter().map(|(name, kept)| (name.clone(), kept.snapshot())).collect()
    }
}
