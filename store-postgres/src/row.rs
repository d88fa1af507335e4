//! Rows of the event table, as events.

use bytes::Bytes;
use sqlx::Row;
use sqlx::postgres::PgRow;
use time::OffsetDateTime;
use uuid::Uuid;

use annals::{
    Codec, EventId, Metadata, Origin, Partition, Payload, Position, RawEvent, StreamId, Version,
};

use crate::error::damaged;

/// The columns, in the order in which every statement selects them.
mod column {
    pub(super) const POSITION: usize = 0;
    pub(super) const VERSION: usize = 1;
    pub(super) const RECORDED_AT: usize = 2;
    pub(super) const OCCURRED_AT: usize = 3;
    pub(super) const ID: usize = 4;
    pub(super) const SCHEMA_VERSION: usize = 5;
    pub(super) const IMPORTED: usize = 6;
    pub(super) const STREAM: usize = 7;
    pub(super) const NAME: usize = 8;
    pub(super) const METADATA: usize = 9;
    pub(super) const JSON: usize = 10;
    pub(super) const CODEC: usize = 11;
    pub(super) const BYTES: usize = 12;
    /// Of `read_log_filtered` and `read_streams`.
    pub(super) const LAST: usize = 13;
}

/// The event of a row whose stream is to be read from it.
pub(crate) fn event(row: &PgRow, partition: Partition) -> sqlx::Result<RawEvent> {
    let stream: &str = row.try_get(column::STREAM)?;
    let stream = stream.parse().map_err(|_| damaged("its stream is none"))?;
    event_of(row, partition, stream)
}

/// The event of a row whose stream is known.
pub(crate) fn event_of(
    row: &PgRow,
    partition: Partition,
    stream: StreamId,
) -> sqlx::Result<RawEvent> {
    let name: String = row.try_get(column::NAME)?;
    let schema_version: i32 = row.try_get(column::SCHEMA_VERSION)?;
    let imported: bool = row.try_get(column::IMPORTED)?;
    Ok(RawEvent {
        event: payload(row)?,
        id: id(row)?,
        stream,
        version: version(row)?,
        partition,
        position: position(row)?,
        name: name.into(),
        schema_version: u16::try_from(schema_version)
            .map_err(|_| damaged("its schema version is none"))?,
        metadata: metadata(row)?,
        recorded_at: row.try_get::<OffsetDateTime, _>(column::RECORDED_AT)?,
        occurred_at: row.try_get::<Option<OffsetDateTime>, _>(column::OCCURRED_AT)?,
        origin: if imported { Origin::Imported } else { Origin::Native },
    })
}

pub(crate) fn position(row: &PgRow) -> sqlx::Result<Position> {
    Ok(Position::new(unsigned(row.try_get(column::POSITION)?)))
}

fn version(row: &PgRow) -> sqlx::Result<Version> {
    Ok(Version::new(unsigned(row.try_get(column::VERSION)?)))
}

pub(crate) fn id(row: &PgRow) -> sqlx::Result<EventId> {
    Ok(EventId::from_uuid(row.try_get::<Uuid, _>(column::ID)?))
}

/// The place of the row's stream in the list that was asked for, from 1.
pub(crate) fn nth(row: &PgRow) -> sqlx::Result<usize> {
    let nth: i64 = row.try_get(column::LAST)?;
    usize::try_from(nth).map_err(|_| damaged("its place in the list is none"))
}

/// Why a filtered page has the row; see `read_log_filtered.sql`.
pub(crate) fn reason(row: &PgRow) -> sqlx::Result<i32> {
    row.try_get(column::LAST)
}

fn payload(row: &PgRow) -> sqlx::Result<Payload> {
    let json = row.try_get_raw(column::JSON)?;
    // JSON travels as its text, in either format of the protocol.
    if let Ok(text) = json.as_bytes() {
        return Ok(Payload::from_stored(Codec::Json, Bytes::copy_from_slice(text)));
    }
    let codec: &str = row.try_get(column::CODEC)?;
    let codec = Codec::from_id(codec).map_err(|unknown| damaged(unknown.to_string()))?;
    let bytes: &[u8] = row.try_get(column::BYTES)?;
    Ok(Payload::from_stored(codec, Bytes::copy_from_slice(bytes)))
}

fn metadata(row: &PgRow) -> sqlx::Result<Metadata> {
    let json = row.try_get_raw(column::METADATA)?;
    match json.as_bytes() {
        Err(_) => Ok(Metadata::new()),
        Ok(text) => serde_json::from_slice(text).map_err(|_| damaged("its metadata are none")),
    }
}

/// Versions and positions are 64 bits wide and never negative.
pub(crate) fn unsigned(number: i64) -> u64 {
    number.max(0).cast_unsigned()
}

/// What is beyond the database's greatest number is equal to nothing in it.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// What payload and metadata take: the column `size`.
pub(crate) fn size(row: &PgRow) -> sqlx::Result<usize> {
    let mut size = 0;
    for column in [column::METADATA, column::JSON, column::BYTES] {
        size += row.try_get_raw(column)?.as_bytes().map_or(0, <[u8]>::len);
    }
    Ok(size)
}
