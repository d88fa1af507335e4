//! Rows of the event table, as events.
//!
//! The columns are read as the bytes of the protocol's binary format, which every
//! statement with parameters is answered in: with the driver's conversions, which look
//! up types by name, a replay took a third longer. The format of each type is stable
//! since it exists; see its `send` function in PostgreSQL's `src/backend/utils/adt`.

use bytes::Bytes;
use sqlx::Row;
use sqlx::ValueRef;
use sqlx::postgres::PgRow;
use time::{Duration, OffsetDateTime};
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
    /// Negative where the event was imported.
    pub(super) const SCHEMA_VERSION: usize = 5;
    /// NULL where who asked knows it.
    pub(super) const STREAM: usize = 6;
    pub(super) const NAME: usize = 7;
    pub(super) const METADATA: usize = 8;
    pub(super) const JSON: usize = 9;
    pub(super) const CODEC: usize = 10;
    pub(super) const BYTES: usize = 11;
    /// Of `read_log_filtered` and `read_streams`.
    pub(super) const LAST: usize = 12;
}

/// PostgreSQL counts its microseconds from here.
const EPOCH: OffsetDateTime = time::macros::datetime!(2000-01-01 00:00 UTC);

/// The event of a row whose stream is to be read from it.
pub(crate) fn event(row: &PgRow, partition: Partition) -> sqlx::Result<RawEvent> {
    let stream = text(row, column::STREAM)?;
    let stream = stream.parse().map_err(|_| damaged("its stream is none"))?;
    event_of(row, partition, stream)
}

/// The event of a row whose stream is known.
pub(crate) fn event_of(
    row: &PgRow,
    partition: Partition,
    stream: StreamId,
) -> sqlx::Result<RawEvent> {
    let schema_version = i32::from_be_bytes(fixed(row, column::SCHEMA_VERSION)?);
    let occurred_at = bytes(row, column::OCCURRED_AT)?.is_some();
    let imported = schema_version < 0;
    Ok(RawEvent {
        event: payload(row)?,
        id: id(row)?,
        stream,
        version: version(row)?,
        partition,
        position: position(row)?,
        name: text(row, column::NAME)?.to_owned().into(),
        schema_version: u16::try_from(schema_version.unsigned_abs())
            .map_err(|_| damaged("its schema version is none"))?,
        metadata: metadata(row)?,
        recorded_at: time(row, column::RECORDED_AT)?,
        occurred_at: if occurred_at { Some(time(row, column::OCCURRED_AT)?) } else { None },
        origin: if imported { Origin::Imported } else { Origin::Native },
    })
}

/// Where the event stands in its partition, and which it is.
pub(crate) fn place(row: &PgRow) -> sqlx::Result<(Position, EventId)> {
    Ok((position(row)?, id(row)?))
}

fn position(row: &PgRow) -> sqlx::Result<Position> {
    Ok(Position::new(number(row, column::POSITION)?))
}

pub(crate) fn version(row: &PgRow) -> sqlx::Result<Version> {
    Ok(Version::new(number(row, column::VERSION)?))
}

fn id(row: &PgRow) -> sqlx::Result<EventId> {
    Ok(EventId::from_uuid(Uuid::from_bytes(fixed(row, column::ID)?)))
}

/// The place of the row's stream in the list that was asked for, from 1.
pub(crate) fn nth(row: &PgRow) -> sqlx::Result<u64> {
    number(row, column::LAST)
}

/// Why a filtered page has the row; see `read_log_filtered.sql`.
pub(crate) fn reason(row: &PgRow) -> sqlx::Result<i32> {
    Ok(i32::from_be_bytes(fixed(row, column::LAST)?))
}

/// How large payload and metadata are, which is nearly all of an event.
pub(crate) fn size(row: &PgRow) -> sqlx::Result<usize> {
    let parts = [column::METADATA, column::JSON, column::BYTES];
    parts
        .into_iter()
        .try_fold(0, |size, column| Ok(size + bytes(row, column)?.map_or(0, <[u8]>::len)))
}

fn payload(row: &PgRow) -> sqlx::Result<Payload> {
    // JSON travels as its text, in either format of the protocol.
    if let Some(text) = bytes(row, column::JSON)? {
        return Ok(Payload::from_stored(Codec::Json, Bytes::copy_from_slice(text)));
    }
    let codec = Codec::from_id(text(row, column::CODEC)?);
    let codec = codec.map_err(|unknown| damaged(unknown.to_string()))?;
    let bytes = bytes(row, column::BYTES)?.ok_or_else(|| damaged("it has no payload"))?;
    Ok(Payload::from_stored(codec, Bytes::copy_from_slice(bytes)))
}

fn metadata(row: &PgRow) -> sqlx::Result<Metadata> {
    match bytes(row, column::METADATA)? {
        None => Ok(Metadata::new()),
        Some(text) => serde_json::from_slice(text).map_err(|_| damaged("its metadata are none")),
    }
}

fn time(row: &PgRow, column: usize) -> sqlx::Result<OffsetDateTime> {
    let since = Duration::microseconds(i64::from_be_bytes(fixed(row, column)?));
    EPOCH.checked_add(since).ok_or_else(|| damaged("its time is none"))
}

/// Versions and positions are 64 bits wide and never negative.
fn number(row: &PgRow, column: usize) -> sqlx::Result<u64> {
    Ok(unsigned(i64::from_be_bytes(fixed(row, column)?)))
}

fn text(row: &PgRow, column: usize) -> sqlx::Result<&str> {
    let text = bytes(row, column)?.and_then(|bytes| std::str::from_utf8(bytes).ok());
    text.ok_or_else(|| damaged("a text is none"))
}

fn fixed<const N: usize>(row: &PgRow, column: usize) -> sqlx::Result<[u8; N]> {
    let bytes = bytes(row, column)?.and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| damaged("a number is none"))
}

fn bytes(row: &PgRow, column: usize) -> sqlx::Result<Option<&[u8]>> {
    let value = row.try_get_raw(column)?;
    if value.is_null() {
        return Ok(None);
    }
    value.as_bytes().map(Some).map_err(sqlx::Error::Decode)
}

/// Versions and positions are never negative.
pub(crate) fn unsigned(number: i64) -> u64 {
    number.max(0).cast_unsigned()
}

/// What is beyond the database's greatest number is equal to nothing in it.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
