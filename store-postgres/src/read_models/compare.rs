//! Two versions at one place, compared in one snapshot.

use std::collections::{BTreeMap, BTreeSet};

use annals::Checkpoint;
use annals::read_model::{CompareError, Compared, Difference, ModelId};
use futures::TryStreamExt;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use crate::error::store_error;
use crate::read_models::PostgresReadModels;
use crate::read_models::access::SNAPSHOT;
use crate::read_models::declare::misnamed;
use crate::read_models::row::{self, small};
use crate::row::unsigned;
use crate::sql::{TableSql, home};

type Report<'r> = &'r mut (dyn FnMut(Difference) + Send);

fn failed(error: &sqlx::Error) -> CompareError {
    CompareError::Store(store_error(error))
}

impl PostgresReadModels {
    pub(super) async fn compared(
        &self,
        name: &str,
        versions: [u32; 2],
        snapshot: impl Future<Output = ()> + Send,
        report: Report<'_>,
    ) -> Result<Compared, CompareError> {
        let (access, sql) = (&self.inner.access, &self.inner.sql);
        let numbers = versions.map(small).to_vec();
        let begin = async {
            let mut tx = access.begin(SNAPSHOT).await?;
            // The first statement takes the snapshot.
            let query = sql.places.query().bind(name).bind(&numbers);
            let places = query.fetch_all(&mut *tx).await?;
            Ok((tx, places))
        };
        let (mut tx, places) = access.in_time(begin).await.map_err(|error| failed(&error))?;
        let ids = versions.map(|version| ModelId { name: name.to_owned(), version });
        let documents = are_comparable(&ids, &places)?;
        let at = standing_together(&places)?;
        snapshot.await;

        let mut homes = [String::new(), String::new()];
        for (home, id) in homes.iter_mut().zip(&ids) {
            *home = self::home(&self.inner.schema, id).map_err(misnamed)?.unwrap_or_default();
        }
        let compared = async {
            let tables = sql.tables.query().bind(name).bind(&numbers).fetch_all(&mut *tx).await?;
            let mut found: BTreeMap<String, BTreeSet<i32>> = BTreeMap::new();
            for row in &tables {
                found.entry(row.try_get("name")?).or_default().insert(row.try_get("version")?);
            }
            if documents {
                found.retain(|table, _| table == name);
            }
            let mut compared = Compared { tables: BTreeMap::new(), at };
            for (table, versions) in found {
                let there = [versions.contains(&numbers[0]), versions.contains(&numbers[1])];
                let hashes = compare(&mut tx, &homes, &table, there, documents, report).await?;
                compared.tables.insert(table, hashes);
            }
            tx.commit().await?;
            Ok(compared)
        };
        compared.await.map_err(|error: sqlx::Error| failed(&error))
    }
}

/// Refuses what cannot be compared; tells whether both keep documents.
fn are_comparable(ids: &[ModelId; 2], places: &[PgRow]) -> Result<bool, CompareError> {
    let mut both = true;
    for id in ids {
        let of_it =
            |row: &&PgRow| row.try_get("version").is_ok_and(|v: i32| v == small(id.version));
        let shape = places.iter().find(of_it).map(|row| row.try_get::<String, _>("shape"));
        match shape.transpose().map_err(|error| failed(&error))?.as_deref() {
            Some("documents") => {}
            Some("tables") => both = false,
            _ => return Err(CompareError::Impossible { id: id.clone() }),
        }
    }
    Ok(both)
}

/// The places of both; refuses if they differ.
fn standing_together(places: &[PgRow]) -> Result<Vec<Checkpoint>, CompareError> {
    let mut at: Vec<Checkpoint> = Vec::new();
    for row in places {
        let place = row::partition(row).and_then(|partition| row::checkpoint(row, partition));
        let place = place.map_err(|error| failed(&error))?;
        match at.last().filter(|last| last.partition() == place.partition()) {
            Some(last) if *last != place => {
                return Err(CompareError::Apart { partition: place.partition() });
            }
            Some(_) => {}
            None => at.push(place),
        }
    }
    Ok(at)
}

/// Compares one table, and reports its differences if there are any.
async fn compare(
    tx: &mut PgConnection,
    homes: &[String; 2],
    table: &str,
    there: [bool; 2],
    documents: bool,
    report: Report<'_>,
) -> sqlx::Result<[(u64, u64); 2]> {
    let [before, after] = homes;
    let mut hashes = [(0, 0); 2];
    for nth in [0, 1].into_iter().filter(|nth| there[*nth]) {
        let sql = TableSql::of_two(&homes[nth], &homes[nth], table);
        let sql = if documents { sql.hash_documents } else { sql.hash_rows };
        let row = sql.query().fetch_one(&mut *tx).await?;
        let hash: i64 = row.try_get(1)?;
        hashes[nth] = (unsigned(row.try_get(0)?), hash.cast_unsigned());
    }
    if hashes[0] == hashes[1] {
        return Ok(hashes);
    }
    let sql = TableSql::of_two(before, after, table);
    let statement = match there {
        [true, true] if documents => sql.differing_documents,
        [true, true] => sql.differing_rows,
        [true, false] => sql.all_rows,
        _ => TableSql::of_two(after, before, table).all_rows,
    };
    let mut rows = statement.query().fetch(&mut *tx);
    while let Some(row) = rows.try_next().await? {
        report(match there {
            [true, true] => difference(table, &row, documents)?,
            [first, _] => {
                let text: String = row.try_get(0)?;
                let (key, one) = (text.clone(), Some(text));
                let (before, after) = if first { (one, None) } else { (None, one) };
                Difference { table: table.to_owned(), key, before, after }
            }
        });
    }
    Ok(hashes)
}

fn difference(table: &str, row: &PgRow, documents: bool) -> sqlx::Result<Difference> {
    let (before, after): (Option<String>, Option<String>) =
        (row.try_get("before")?, row.try_get("after")?);
    let key = if documents {
        row.try_get("key")?
    } else {
        before.as_ref().or(after.as_ref()).cloned().unwrap_or_default()
    };
    Ok(Difference { table: table.to_owned(), key, before, after })
}
