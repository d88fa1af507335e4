//! A batch of one event, as the scalars that `append_one` takes.
//!
//! Why: where nobody else appends at the moment, the arrays of a batch cost more than
//! the event in them.

use sqlx::postgres::{PgArguments, Postgres};
use sqlx::query::Query;

use annals::store::{NewEvent, Write, kept_time};
use annals::{Origin, Partition, Partitions, StoreError};

use crate::sql::Statement;
use crate::writer::Pending;
use crate::writer::columns::{BYTES, expected, metadata};

pub(super) struct One<'a> {
    write: &'a Write,
    event: &'a NewEvent,
    partition: Partition,
    metadata: Option<String>,
}

impl<'a> One<'a> {
    /// The batch, if it is one event for one stream, and nothing else is asked for.
    pub(super) fn of(
        batch: &'a [Pending],
        partitions: Partitions,
    ) -> Result<Option<Self>, StoreError> {
        let [Pending { append, .. }] = batch else { return Ok(None) };
        let [write] = &*append.writes else { return Ok(None) };
        let [event] = &*write.events else { return Ok(None) };
        if append.key.is_some() || append.origin == Origin::Imported {
            return Ok(None);
        }
        let (partition, metadata) = (partitions.of(&write.stream), metadata(event)?);
        if event.payload.len() + metadata.as_ref().map_or(0, String::len) > BYTES {
            // A batch is refused for it.
            return Ok(None);
        }
        Ok(Some(Self { write, event, partition, metadata }))
    }

    pub(super) fn bind<'q>(
        &self,
        statement: &Statement,
        durable: bool,
    ) -> Query<'q, Postgres, PgArguments> {
        let Self { write, event, partition, metadata } = self;
        let json = event.payload.as_json_text();
        let other = json.is_none();
        let query = statement.query().bind(durable).bind(write.stream.as_str());
        let query = query.bind(partition.get().cast_signed()).bind(expected(write.expected));
        let query = query.bind(write.behind.map(|id| *id.as_uuid())).bind(*event.id.as_uuid());
        let query = query.bind(&*event.name).bind(i32::from(event.schema_version)).bind(json);
        let query = query.bind(other.then(|| event.payload.codec().id()));
        let query = query.bind(other.then(|| event.payload.bytes().as_ref()));
        query.bind(metadata).bind(event.occurred_at.map(kept_time))
    }
}
