//! What the append function says, as an answer to each caller.

use std::collections::HashMap;

use serde_json::Value;
use sqlx::Row;
use sqlx::postgres::PgRow;
use time::OffsetDateTime;

use annals::store::{Append, Appended, IdempotencyKey, LogInfo, Write, Written};
use annals::{AppendError, Conflict, EventId, Partition, Position, StoreError, StreamId, Version};

use crate::error::damaged;
use crate::row::unsigned;

/// What an append function says.
pub(super) struct Answers {
    recorded_at: OffsetDateTime,
    pub(super) lock_wait_us: i64,
    versions: Vec<i64>,
    positions: Vec<i64>,
    refused: HashMap<i32, Refused>,
    repeated: HashMap<i32, (i64, OffsetDateTime)>,
    known: HashMap<i32, Value>,
}

struct Refused {
    why: i32,
    write: i32,
    actual: i64,
}

impl Answers {
    pub(super) fn of(row: &PgRow) -> sqlx::Result<Self> {
        let refused: Option<Vec<i32>> = row.try_get("refused")?;
        let mut answers = Self {
            recorded_at: row.try_get("recorded_at")?,
            lock_wait_us: row.try_get("lock_wait_us")?,
            versions: row.try_get("versions")?,
            positions: row.try_get("positions")?,
            refused: HashMap::new(),
            repeated: HashMap::new(),
            known: HashMap::new(),
        };
        if let Some(refused) = refused {
            answers.read_refused(row, &refused)?;
        }
        Ok(answers)
    }

    /// The answer to the one event of a call; `None` if it was not written.
    pub(super) fn of_one(row: &PgRow) -> sqlx::Result<Option<Self>> {
        let Some(version) = row.try_get("version")? else { return Ok(None) };
        Ok(Some(Self {
            recorded_at: row.try_get("recorded_at")?,
            lock_wait_us: row.try_get("lock_wait_us")?,
            versions: vec![version],
            positions: vec![row.try_get("position")?],
            refused: HashMap::new(),
            repeated: HashMap::new(),
            known: HashMap::new(),
        }))
    }

    fn read_refused(&mut self, row: &PgRow, refused: &[i32]) -> sqlx::Result<()> {
        let why: Vec<i32> = row.try_get("refused_why")?;
        let write: Vec<i32> = row.try_get("refused_write")?;
        let actual: Vec<i64> = row.try_get("refused_actual")?;
        if [why.len(), write.len(), actual.len()] != [refused.len(); 3] {
            return Err(damaged("a refusal"));
        }
        for (((&append, why), write), actual) in refused.iter().zip(why).zip(write).zip(actual) {
            self.refused.insert(append, Refused { why, write, actual });
        }
        let writes: Option<Vec<i32>> = row.try_get("repeated_write")?;
        if let Some(writes) = writes {
            let positions: Vec<i64> = row.try_get("repeated_position")?;
            let times: Vec<OffsetDateTime> = row.try_get("repeated_recorded_at")?;
            self.repeated = writes.into_iter().zip(positions.into_iter().zip(times)).collect();
        }
        let known: Option<Vec<Value>> = row.try_get("known")?;
        for outcome in known.unwrap_or_default() {
            let append = outcome["append"].as_i64().and_then(|append| i32::try_from(append).ok());
            self.known.insert(append.ok_or_else(|| damaged("an outcome"))?, outcome);
        }
        Ok(())
    }

    /// The answer to the `nth` append (from 1), whose first write is the one at
    /// `place` (from 0).
    pub(super) fn answer(
        &self,
        info: &LogInfo,
        append: &Append,
        nth: i32,
        place: usize,
    ) -> Result<Appended, AppendError> {
        let Some(refused) = self.refused.get(&nth) else {
            return self.written(info, append, place).ok_or_else(|| unclear("no place of it"));
        };
        if let (Some(known), Some(first), Some(key)) =
            (self.known.get(&nth), append.writes.first(), &append.key)
        {
            return first_outcome(info, &first.stream, key, known);
        }
        if let Some(first) = self.repeat(info, append, place) {
            return Ok(first);
        }
        Err(self.refusal(append, refused, place))
    }

    fn written(&self, info: &LogInfo, append: &Append, place: usize) -> Option<Appended> {
        let places = self.versions.iter().zip(&self.positions).skip(place);
        let writes: Vec<_> = append.writes.iter().zip(places).collect();
        if writes.len() != append.writes.len() {
            return None;
        }
        let writes = writes.into_iter().map(|(write, (&v, &p))| placed(info, write, v, p));
        Some(Appended::new(info.id, writes.collect::<Option<_>>()?, self.recorded_at))
    }

    /// The first outcome of the same append, if each of its writes stands where it was
    /// to be put.
    fn repeat(&self, info: &LogInfo, append: &Append, place: usize) -> Option<Appended> {
        let mut recorded_at = self.recorded_at;
        let mut writes = Vec::with_capacity(append.writes.len());
        for (write, nth) in append.writes.iter().zip(place + 1..) {
            let (position, time) = *self.repeated.get(&i32::try_from(nth).ok()?)?;
            let version = write.expected.exact()?.advanced_by(write.events.len() as u64);
            writes.push(placed(info, write, crate::row::signed(version.get()), position)?);
            recorded_at = time;
        }
        Some(Appended::new(info.id, writes, recorded_at).repeated())
    }

    fn refusal(&self, append: &Append, refused: &Refused, place: usize) -> AppendError {
        let write = usize::try_from(refused.write).ok().and_then(|nth| nth.checked_sub(place + 1));
        let Some(write) = write.and_then(|write| append.writes.get(write)) else {
            return unclear("a write that is none of it");
        };
        let (stream, number) = (write.stream.clone(), unsigned(refused.actual));
        match refused.why {
            2 => AppendError::Diverged { stream, version: Version::new(number) },
            3 => AppendError::ImportInterleaves {
                partition: Partition::new(u16::try_from(number).unwrap_or(u16::MAX)),
            },
            1 => {
                let actual = Version::new(number);
                Conflict { stream, expected: write.expected, actual }.into()
            }
            _ => unclear("no reason that is known"),
        }
    }
}

/// The database has answered, but not for this append: what became of it cannot be told.
fn unclear(what: &str) -> AppendError {
    let text = format!("the database answered for an append with {what}");
    AppendError::Unknown(StoreError::permanent(text))
}

fn placed(info: &LogInfo, write: &Write, version: i64, position: i64) -> Option<Written> {
    Some(Written {
        stream: write.stream.clone(),
        partition: info.partitions.of(&write.stream),
        version: Version::new(u64::try_from(version).ok()?),
        position: Position::new(u64::try_from(position).ok()?),
        last: write.events.last()?.id,
        events: write.events.len() as u64,
    })
}

/// The first outcome under a key, from the row of the table of keys.
pub(crate) fn first_outcome(
    info: &LogInfo,
    stream: &StreamId,
    key: &IdempotencyKey,
    known: &Value,
) -> Result<Appended, AppendError> {
    let fingerprint = known["fingerprint"].as_i64().map(i64::cast_unsigned);
    if fingerprint.zip(key.fingerprint()).is_some_and(|(theirs, ours)| theirs != ours) {
        return Err(AppendError::KeyReused { stream: stream.clone() });
    }
    let outcome = read_outcome(info, stream, known);
    outcome.ok_or_else(|| {
        AppendError::Store(StoreError::permanent("the outcome under the key cannot be read"))
    })
}

fn read_outcome(info: &LogInfo, stream: &StreamId, known: &Value) -> Option<Appended> {
    let mut writes = vec![read_written(info, stream.clone(), known)?];
    for row in known["more"].as_array().into_iter().flatten() {
        writes.push(read_written(info, row["stream"].as_str()?.parse().ok()?, row)?);
    }
    Some(Appended::new(info.id, writes, read_time(known)?).repeated())
}

/// The outcome of an append in a transaction of the user's, as the function `place`
/// tells it.
pub(crate) fn staged_outcome(info: &LogInfo, outcome: &Value) -> Option<Appended> {
    let rows = outcome["writes"].as_array()?.iter();
    let writes: Option<Vec<_>> =
        rows.map(|row| read_written(info, row["stream"].as_str()?.parse().ok()?, row)).collect();
    let appended = Appended::new(info.id, writes?, read_time(outcome)?);
    Some(if outcome["repeated"].as_bool()? { appended.repeated() } else { appended })
}

fn read_written(info: &LogInfo, stream: StreamId, row: &Value) -> Option<Written> {
    Some(Written {
        partition: info.partitions.of(&stream),
        stream,
        version: Version::new(row["version"].as_u64()?),
        position: Position::new(row["position"].as_u64()?),
        last: row["last"].as_str()?.parse::<EventId>().ok()?,
        events: row["events"].as_u64()?,
    })
}

fn read_time(outcome: &Value) -> Option<OffsetDateTime> {
    let format = &time::format_description::well_known::Iso8601::DEFAULT;
    let time = OffsetDateTime::parse(outcome["recorded_at"].as_str()?, format).ok()?;
    Some(time.to_offset(time::UtcOffset::UTC))
}
