//! Rows of the books, as values of the contract.

use std::collections::BTreeMap;

use sqlx::postgres::PgRow;
use sqlx::{Row, ValueRef};
use uuid::Uuid;

use annals::read_model::{Declaration, Handled, KeyKind, ModelId, Shape, Unit, VersionState};
use annals::{Checkpoint, EventId, LogId, Partition, Partitions, Position};

use crate::error::damaged;
use crate::row::unsigned;

pub(super) fn model(row: &PgRow, name: &str, version: &str) -> sqlx::Result<ModelId> {
    let version: i32 = row.try_get(version)?;
    let version = u32::try_from(version).map_err(|_| damaged("the version of a read model"))?;
    Ok(ModelId { name: row.try_get(name)?, version })
}

pub(super) fn partition(row: &PgRow) -> sqlx::Result<Partition> {
    Ok(Partition::new(row.try_get::<i16, _>("partition")?.cast_unsigned()))
}

pub(super) fn position(row: &PgRow) -> sqlx::Result<Position> {
    Ok(Position::new(unsigned(row.try_get("position")?)))
}

pub(super) fn slice(row: &PgRow) -> sqlx::Result<u16> {
    u16::try_from(row.try_get::<i32, _>("slice")?).map_err(|_| damaged("the slice of a unit"))
}

pub(super) fn unit(row: &PgRow, model: ModelId) -> sqlx::Result<Unit> {
    Ok(Unit { model, partition: partition(row)?, slice: slice(row)? })
}

pub(super) fn log(row: &PgRow) -> sqlx::Result<LogId> {
    Ok(LogId::from_uuid(row.try_get("log")?))
}

/// The place in the columns of these names; `None` if it is NULL.
fn place(
    row: &PgRow,
    (log, partition): (LogId, Partition),
    [position, event]: [&str; 2],
) -> sqlx::Result<Option<Checkpoint>> {
    let position: Option<i64> = row.try_get(position)?;
    let event: Option<Uuid> = row.try_get(event)?;
    Ok(position.map(|position| match event {
        Some(event) => {
            let position = Position::new(unsigned(position));
            Checkpoint::new(log, partition, position, EventId::from_uuid(event))
        }
        None => Checkpoint::start(log, partition),
    }))
}

pub(super) fn checkpoint(row: &PgRow, partition: Partition) -> sqlx::Result<Checkpoint> {
    let place = place(row, (log(row)?, partition), ["position", "event"])?;
    place.ok_or_else(|| damaged("the checkpoint of a unit"))
}

pub(super) fn hold(
    row: &PgRow,
    log: LogId,
    partition: Partition,
) -> sqlx::Result<Option<Checkpoint>> {
    place(row, (log, partition), ["hold_position", "hold_event"])
}

pub(super) fn state(row: &PgRow) -> sqlx::Result<VersionState> {
    state_of(row.try_get("state")?)
}

pub(super) fn state_of(state: &str) -> sqlx::Result<VersionState> {
    match state {
        "current" => Ok(VersionState::Current),
        "building" => Ok(VersionState::Building),
        "previous" => Ok(VersionState::Previous),
        _ => Err(damaged("the state of a read model")),
    }
}

/// A kind of keys, as the type of their column.
pub(super) fn key_type(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::Integer => "bigint",
        KeyKind::Uuid => "uuid",
        _ => "text",
    }
}

/// A shape, as it is kept.
pub(super) fn shape_name(shape: Shape) -> &'static str {
    match shape {
        Shape::Documents(_) => "documents",
        Shape::Tables => "tables",
        _ => "elsewhere",
    }
}

pub(super) fn shape(row: &PgRow) -> sqlx::Result<Shape> {
    if !row.try_get_raw("key")?.is_null() {
        return Ok(Shape::Documents(match row.try_get("key")? {
            "text" => KeyKind::Text,
            "bigint" => KeyKind::Integer,
            "uuid" => KeyKind::Uuid,
            _ => return Err(damaged("the keys of a read model")),
        }));
    }
    match row.try_get("shape")? {
        "tables" => Ok(Shape::Tables),
        "elsewhere" => Ok(Shape::Elsewhere),
        _ => Err(damaged("the shape of a read model")),
    }
}

pub(super) fn declaration(row: &PgRow) -> sqlx::Result<Declaration> {
    let names: Vec<String> = row.try_get("events")?;
    let newest: Vec<i32> = row.try_get("newest")?;
    let handled = |(name, newest)| {
        let newest = u16::try_from(newest).map_err(|_| damaged("an event of a read model"))?;
        Ok(Handled { name, newest })
    };
    let events: sqlx::Result<_> = names.into_iter().zip(newest).map(handled).collect();
    let slices: i32 = row.try_get("slices")?;
    let revision: i32 = row.try_get("revision")?;
    let partitions = Partitions::new(row.try_get::<i16, _>("partitions")?.cast_unsigned());
    Ok(Declaration {
        id: model(row, "name", "version")?,
        shape: shape(row)?,
        events: events?,
        revision: u32::try_from(revision).map_err(|_| damaged("the revision of a read model"))?,
        slices: u16::try_from(slices).map_err(|_| damaged("the slices of a read model"))?,
        log: log(row)?,
        partitions: partitions.ok_or_else(|| damaged("the partitions of a read model"))?,
        searched: BTreeMap::new(),
    })
}

/// A number for a column of 32 bits; one that is too great is equal to nothing in it.
pub(super) fn small(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// Text that people read, as the database can keep it.
pub(super) fn clean(text: &str) -> String {
    text.replace('\0', "\u{FFFD}")
}
