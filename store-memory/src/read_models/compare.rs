//! Comparing two versions in one snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::hash::BuildHasher;
use std::sync::Arc;

use annals::read_model::{
    CompareError, Compared, Difference, Document, DocumentKey, ModelId, Shape,
};
use annals::{Checkpoint, Partition};
use foldhash::quality::FixedState;
use serde_json::Value;

use super::Inner;
use super::state::{Built, Row};
use super::tables::AnyTable;

/// After so many rows a comparison lets others have the thread.
const ROWS_IN_A_ROW: usize = 1_000;

/// Two versions at one moment.
pub(super) struct Snapshot {
    name: String,
    sides: [Side; 2],
    at: Vec<Checkpoint>,
}

struct Side {
    documents: Option<Arc<BTreeMap<DocumentKey, Row<Document>>>>,
    tables: BTreeMap<String, Box<dyn AnyTable>>,
}

impl Inner {
    pub(super) fn snapshot(
        &self,
        name: &str,
        versions: [u32; 2],
    ) -> Result<Snapshot, CompareError> {
        let state = self.lock();
        let find = |version| {
            let built = state.models.get(name).and_then(|versions| versions.get(&version));
            built.filter(|built| built.declaration.shape != Shape::Elsewhere).ok_or_else(|| {
                CompareError::Impossible { id: ModelId { name: name.to_owned(), version } }
            })
        };
        let both = [find(versions[0])?, find(versions[1])?];
        let mut at: BTreeMap<Partition, Checkpoint> = BTreeMap::new();
        for (unit, state) in both.iter().flat_map(|built| &built.units) {
            let place = at.entry(unit.partition).or_insert(state.checkpoint);
            if *place != state.checkpoint {
                return Err(CompareError::Apart { partition: unit.partition });
            }
        }
        let at = at.into_values().collect();
        Ok(Snapshot { name: name.to_owned(), sides: both.map(Side::of), at })
    }
}

impl Side {
    fn of(built: &Built) -> Self {
        let keeps = matches!(built.declaration.shape, Shape::Documents(_));
        let documents = keeps.then(|| built.documents.clone());
        Self { documents, tables: built.tables.snapshot() }
    }
}

impl Snapshot {
    pub(super) async fn compare(
        self,
        report: &mut (dyn FnMut(Difference) + Send),
    ) -> Result<Compared, CompareError> {
        let mut compared = Compared { at: self.at, ..Compared::default() };
        let [before, after] = self.sides;
        if before.documents.is_some() || after.documents.is_some() {
            let rows = [before.documents.unwrap_or_default(), after.documents.unwrap_or_default()];
            let sums = rows_of(&self.name, [&rows[0], &rows[1]], document, report).await;
            compared.tables.insert(self.name, sums);
        }
        let names: BTreeSet<_> = before.tables.keys().chain(after.tables.keys()).collect();
        for name in names {
            let json = |side: &BTreeMap<String, Box<dyn AnyTable>>| {
                side.get(name).map_or_else(|| Ok(BTreeMap::new()), |table| table.json())
            };
            let rows = [json(&before.tables)?, json(&after.tables)?];
            let row = |value: &Value| (value.to_string(), value.clone());
            let sums = rows_of(name, [&rows[0], &rows[1]], row, report).await;
            compared.tables.insert(name.clone(), sums);
        }
        Ok(compared)
    }
}

/// The text of a document, and what it means.
fn document(row: &Row<Document>) -> (String, Value) {
    let text = String::from_utf8_lossy(&row.value).into_owned();
    // What nests deeper than can be read is compared as it was written.
    let value = serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.clone()));
    (text, value)
}

/// Compares the rows under each key. Returns how many there are on either side, and a
/// hash of them.
async fn rows_of<K: Ord + Display + Sync, R: Sync>(
    table: &str,
    sides: [&BTreeMap<K, R>; 2],
    read: impl Fn(&R) -> (String, Value) + Send,
    report: &mut (dyn FnMut(Difference) + Send),
) -> [(u64, u64); 2] {
    let mut sums = [(0, 0); 2];
    let keys: BTreeSet<&K> = sides.iter().flat_map(|rows| rows.keys()).collect();
    for (nth, key) in keys.into_iter().enumerate() {
        let name = key.to_string();
        let rows = sides.map(|rows| rows.get(key).map(&read));
        for (sum, row) in sums.iter_mut().zip(&rows) {
            if let Some((_, value)) = row {
                // The fixed state gives the same hash in every process.
                let hash = FixedState::default().hash_one((&name, value));
                *sum = (sum.0 + 1, hash.wrapping_add(sum.1));
            }
        }
        let [before, after] = rows;
        if before.as_ref().map(|(_, value)| value) != after.as_ref().map(|(_, value)| value) {
            let text = |row: Option<(String, Value)>| row.map(|(text, _)| text);
            let (before, after) = (text(before), text(after));
            report(Difference { table: table.to_owned(), key: name, before, after });
        }
        if nth % ROWS_IN_A_ROW == ROWS_IN_A_ROW - 1 {
            tokio::task::yield_now().await;
        }
    }
    sums
}
