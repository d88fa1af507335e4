//! What the statements of a walk through a partition say.

use sqlx::Row;
use sqlx::postgres::PgRow;

use annals::{EventId, LogId, Partition, Position};

use crate::hub::End;
use crate::page::Pages;
use crate::row;

/// Where a partition ends, and what stands at a position.
pub(super) struct Ends {
    pub(super) end: Position,
    /// The event at the position.
    pub(super) known: Option<EventId>,
    /// The log that the server holds.
    pub(super) held: LogId,
}

pub(super) async fn ends(
    pages: &Pages,
    partition: Partition,
    position: Position,
) -> sqlx::Result<Ends> {
    let query = || {
        let query = pages.sql.begin_read.query().bind(partition.get().cast_signed());
        query.bind(row::signed(position.get()))
    };
    let rows = pages.read(query).await?;
    let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
    let end = row
        .try_get::<Option<i64>, _>(0)?
        .map_or(Position::START, |end| Position::new(row::unsigned(end)));
    let known = row.try_get::<Option<uuid::Uuid>, _>("known")?;
    let held = LogId::from_uuid(row.try_get("log")?);
    Ok(Ends { end, known: known.map(EventId::from_uuid), held })
}

/// The rows of a page with a filter, by the reason why they are there.
#[derive(Default)]
pub(super) struct Found {
    pub(super) known: End,
    pub(super) passed: Vec<PgRow>,
    pub(super) last: End,
    pub(super) next: End,
}

impl Found {
    pub(super) fn of(rows: Vec<PgRow>) -> sqlx::Result<Self> {
        let mut found = Self::default();
        for row in rows {
            let place = Some(row::place(&row)?);
            match row::reason(&row)? {
                0 => found.known = place,
                1 => found.passed.push(row),
                2 => found.last = place,
                _ => found.next = place,
            }
        }
        Ok(found)
    }
}
