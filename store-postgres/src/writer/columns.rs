//! A batch as the arrays that the append function takes.

use std::collections::HashMap;

use sqlx::postgres::{PgArguments, Postgres};
use sqlx::query::Query;
use time::OffsetDateTime;
use uuid::Uuid;

use annals::store::{Append, NewEvent, Write, kept_time};
use annals::{EventId, ExpectedVersion, Origin, Partition, Partitions, StoreError, StreamId};

use crate::row::signed;
use crate::sql::Statement;

/// The arrays; see `append` in `migrations/0001_log.sql` for each.
#[derive(Default)]
pub(crate) struct Columns<'a> {
    imported: bool,
    writes: Writes<'a>,
    keys: Keys<'a>,
    events: Events<'a>,
}

#[derive(Default)]
struct Writes<'a> {
    append: Vec<i32>,
    stream: Vec<&'a str>,
    partition: Vec<i16>,
    slot: Vec<i32>,
    expected: Vec<i64>,
    behind: Vec<Option<Uuid>>,
    events: Vec<i32>,
    last: Vec<Option<Uuid>>,
    ahead: Vec<i64>,
    before: Vec<Option<Uuid>>,
    up_to: Vec<i64>,
}

#[derive(Default)]
struct Keys<'a> {
    append: Vec<i32>,
    stream: Vec<&'a str>,
    key: Vec<&'a str>,
    fingerprint: Vec<Option<i64>>,
}

#[derive(Default)]
struct Events<'a> {
    /// Bytes of payloads and metadata.
    size: usize,
    write: Vec<i32>,
    back: Vec<i32>,
    id: Vec<Uuid>,
    name: Vec<&'a str>,
    schema_version: Vec<i32>,
    json: Vec<Option<&'a str>>,
    codec: Vec<Option<&'static str>>,
    bytes: Vec<Option<&'a [u8]>>,
    metadata: Vec<Option<String>>,
    occurred_at: Vec<Option<OffsetDateTime>>,
    recorded_at: Vec<Option<OffsetDateTime>>,
}

/// How many bytes of payloads and metadata can be sent at once: PostgreSQL takes no
/// message of 1 GiB. The limits of appends allow less, but the control characters of
/// metadata take six times as much once they are written as JSON.
pub(super) const BYTES: usize = 800 << 20;

/// What the batch has added to a stream so far.
struct Slot {
    number: i32,
    events: i64,
    last: Option<Uuid>,
}

/// Fills the columns, append by append.
struct Filling<'a> {
    columns: Columns<'a>,
    partitions: Partitions,
    slots: HashMap<&'a StreamId, Slot>,
    ends: HashMap<Partition, i64>,
}

impl<'a> Columns<'a> {
    pub(crate) fn of(
        appends: impl Iterator<Item = &'a Append>,
        partitions: Partitions,
    ) -> Result<Self, StoreError> {
        let (slots, ends) = (HashMap::new(), HashMap::new());
        let mut filling = Filling { columns: Columns::default(), partitions, slots, ends };
        for (append, nth) in appends.zip(1..) {
            filling.append(append, nth)?;
        }
        if filling.columns.events.size > BYTES {
            return Err(StoreError::permanent(
                "an append is too large for a message of PostgreSQL",
            ));
        }
        Ok(filling.columns)
    }

    /// Binds the columns behind the first three parameters. What no event has is left
    /// out, and costs nothing.
    pub(crate) fn bind<'q>(
        &self,
        statement: &Statement,
        lock_timeout: Option<&str>,
        durable: bool,
    ) -> Query<'q, Postgres, PgArguments> {
        let Columns { imported, writes: w, keys: k, events: e } = self;
        let query = statement.query().bind(lock_timeout).bind(durable).bind(*imported);
        let query = query.bind(&w.append).bind(&w.stream).bind(&w.partition).bind(&w.slot);
        let query = query.bind(&w.expected).bind(&w.behind).bind(&w.events).bind(&w.last);
        let query = query.bind(&w.ahead).bind(&w.before).bind(&w.up_to);
        let keyed = !k.append.is_empty();
        let query = query.bind(keyed.then_some(&k.append)).bind(keyed.then_some(&k.stream));
        let query = query.bind(keyed.then_some(&k.key)).bind(keyed.then_some(&k.fingerprint));
        let query = query.bind(&e.write).bind(&e.back).bind(&e.id).bind(&e.name);
        let query = query.bind(&e.schema_version);
        query
            .bind(some(&e.json))
            .bind(some(&e.codec))
            .bind(some(&e.bytes))
            .bind(some(&e.metadata))
            .bind(some(&e.occurred_at))
            .bind(some(&e.recorded_at))
    }
}

/// The column, if any of its values is there.
fn some<T>(column: &Vec<Option<T>>) -> Option<&Vec<Option<T>>> {
    column.iter().any(Option::is_some).then_some(column)
}

impl<'a> Filling<'a> {
    fn append(&mut self, append: &'a Append, nth: i32) -> Result<(), StoreError> {
        self.columns.imported = append.origin == Origin::Imported;
        if let (Some(key), Some(first)) = (&append.key, append.writes.first()) {
            let keys = &mut self.columns.keys;
            keys.append.push(nth);
            keys.stream.push(first.stream.as_str());
            keys.key.push(key.as_str());
            keys.fingerprint.push(key.fingerprint().map(u64::cast_signed));
        }
        append.writes.iter().try_for_each(|write| self.write(write, nth))
    }

    fn write(&mut self, write: &'a Write, append: i32) -> Result<(), StoreError> {
        let home = self.partitions.of(&write.stream);
        let events = number(write.events.len())?;
        let next = number(self.slots.len())? + 1;
        let empty = || Slot { number: next, events: 0, last: None };
        let slot = self.slots.entry(&write.stream).or_insert_with(empty);
        let end = self.ends.entry(home).or_default();
        *end += i64::from(events);

        let w = &mut self.columns.writes;
        let uuid = |id: EventId| *id.as_uuid();
        let last = write.events.last().map(|event| uuid(event.id));
        w.append.push(append);
        w.stream.push(write.stream.as_str());
        w.partition.push(home.get().cast_signed());
        w.slot.push(slot.number);
        w.expected.push(expected(write.expected));
        w.behind.push(write.behind.map(uuid));
        w.events.push(events);
        w.last.push(last);
        w.ahead.push(slot.events);
        w.before.push(slot.last);
        w.up_to.push(*end);
        slot.events += i64::from(events);
        slot.last = last;
        let place = number(w.append.len())?;
        for (event, back) in write.events.iter().zip((0..events).rev()) {
            self.columns.events.push(event, (place, back))?;
        }
        Ok(())
    }
}

impl<'a> Events<'a> {
    fn push(&mut self, event: &'a NewEvent, (write, back): (i32, i32)) -> Result<(), StoreError> {
        let json = event.payload.as_json_text();
        let metadata = metadata(event)?;
        self.size += event.payload.len() + metadata.as_ref().map_or(0, String::len);
        self.write.push(write);
        self.back.push(back);
        self.id.push(*event.id.as_uuid());
        self.name.push(&event.name);
        self.schema_version.push(event.schema_version.into());
        self.codec.push(json.is_none().then(|| event.payload.codec().id()));
        self.bytes.push(json.is_none().then(|| event.payload.bytes().as_ref()));
        self.json.push(json);
        self.metadata.push(metadata);
        self.occurred_at.push(event.occurred_at.map(kept_time));
        self.recorded_at.push(event.recorded_at.map(kept_time));
        Ok(())
    }
}

/// The metadata as JSON, if there are any.
pub(super) fn metadata(event: &NewEvent) -> Result<Option<String>, StoreError> {
    if event.metadata.is_empty() {
        return Ok(None);
    }
    serde_json::to_string(&event.metadata).map(Some).map_err(StoreError::permanent)
}

/// As the append functions take it.
pub(super) fn expected(expected: ExpectedVersion) -> i64 {
    match expected.exact() {
        // No stream gets so far, and the function may add to it.
        Some(version) => signed(version.get()).min(i64::MAX / 2),
        None if expected == ExpectedVersion::Exists => -2,
        None => -1,
    }
}

/// A number within a batch; what is beyond was refused by the limits, unless they
/// were set beyond what the database can take.
fn number(count: usize) -> Result<i32, StoreError> {
    i32::try_from(count).map_err(|_| StoreError::permanent("the append is too large"))
}
