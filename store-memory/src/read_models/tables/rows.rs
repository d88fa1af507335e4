//! The rows of a table, and what can be done without knowing their types.

use std::any::{Any, type_name};
use std::collections::BTreeMap;
use std::sync::Arc;

use annals::StoreError;
use serde_json::Value;

use super::{TableKey, TableRow};
use crate::read_models::state::Row;

pub(super) struct Rows<K, R> {
    /// A comparison takes a copy of the pointer, and the next step one of the map.
    pub(super) rows: Arc<BTreeMap<K, Row<R>>>,
    /// The last change.
    pub(super) changed: u64,
}

pub(in crate::read_models) trait AnyTable: Send + Sync {
    fn as_any(&self) -> &dyn Any;
    fn as_any_mut(&mut self) -> &mut dyn Any;
    /// The types of its key and row.
    fn types(&self) -> &'static str;
    fn snapshot(&self) -> Box<dyn AnyTable>;
    /// The rows as JSON, by the text of their keys.
    fn json(&self) -> Result<BTreeMap<String, Value>, StoreError>;
}

pub(super) fn typed<K: TableKey, R: TableRow>(table: &dyn AnyTable) -> Option<&Rows<K, R>> {
    table.as_any().downcast_ref()
}

impl<K: TableKey, R: TableRow> AnyTable for Rows<K, R> {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn types(&self) -> &'static str {
        type_name::<(K, R)>()
    }

    fn snapshot(&self) -> Box<dyn AnyTable> {
        Box::new(Self { rows: self.rows.clone(), changed: self.changed })
    }

    fn json(&self) -> Result<BTreeMap<String, Value>, StoreError> {
        let json =
            |(key, row): (&K, &Row<R>)| Ok((format!("{key:?}"), serde_json::to_value(&row.value)?));
        let rows = self.rows.iter().map(json).collect::<Result<_, serde_json::Error>>();
        rows.map_err(StoreError::permanent)
    }
}
