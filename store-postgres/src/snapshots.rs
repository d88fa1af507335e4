//! Snapshots, at most one a stream.

use annals::snapshot::{SnapshotStore, StoredSnapshot};
use annals::{EventId, StoreError, StreamId, Version};
use bytes::Bytes;
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::PostgresStore;
use crate::error::{damaged, store_error};
use crate::row::{signed, unsigned};

impl SnapshotStore for PostgresStore {
    async fn load_snapshot(&self, stream: &StreamId) -> Result<Option<StoredSnapshot>, StoreError> {
        let pages = &self.inner.pages;
        let rows = pages.read(|| pages.sql.load_snapshot.query().bind(stream.as_str())).await;
        let snapshot = rows.and_then(|rows| rows.first().map(|row| read(stream, row)).transpose());
        snapshot.map_err(|error| store_error(&error))
    }

    async fn save_snapshot(&self, snapshot: StoredSnapshot) -> Result<bool, StoreError> {
        let query = self.inner.sql.save_snapshot.query().bind(snapshot.stream.as_str());
        let query = query.bind(signed(snapshot.version.get())).bind(*snapshot.event.as_uuid());
        let query = query.bind(i64::from(snapshot.revision));
        let query = query.bind(snapshot.fingerprint.cast_signed());
        let query = query.bind(&*snapshot.codec).bind(&*snapshot.state);
        let saved = self.inner.pages.execute(query).await;
        saved.map(|rows| rows > 0).map_err(|error| store_error(&error))
    }

    async fn delete_snapshot(
        &self,
        stream: &StreamId,
        version: Version,
        event: EventId,
    ) -> Result<(), StoreError> {
        let query = self.inner.sql.delete_snapshot.query().bind(stream.as_str());
        let query = query.bind(signed(version.get())).bind(*event.as_uuid());
        self.inner.pages.execute(query).await.map_err(|error| store_error(&error))?;
        Ok(())
    }
}

fn read(stream: &StreamId, row: &PgRow) -> sqlx::Result<StoredSnapshot> {
    let revision: i64 = row.try_get("revision")?;
    Ok(StoredSnapshot {
        stream: stream.clone(),
        version: Version::new(unsigned(row.try_get("version")?)),
        event: EventId::from_uuid(row.try_get("event")?),
        revision: u32::try_from(revision).map_err(|_| damaged("a snapshot's revision"))?,
        fingerprint: row.try_get::<i64, _>("fingerprint")?.cast_unsigned(),
        codec: row.try_get::<String, _>("codec")?.into(),
        state: Bytes::from(row.try_get::<Vec<u8>, _>("state")?),
    })
}
