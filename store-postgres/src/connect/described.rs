//! What the database says of itself and of the log, and whether that will do.

use annals::{LogId, Partitions};
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::error::ConnectError;
use crate::migrate::FORMAT;
use crate::options::Settings;
use crate::sql::Schema;

/// The oldest server that is supported: the oldest whose makers still mend it.
const OLDEST_SERVER: i32 = 15;

/// Whether a log can live in the database, and can be written to.
pub(crate) struct Usable {
    server: i32,
    encoding: String,
    standby: bool,
    read_only: bool,
}

impl Usable {
    pub(crate) fn of(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            server: row.try_get::<i32, _>("server")? / 10_000,
            encoding: row.try_get("encoding")?,
            standby: row.try_get("standby")?,
            read_only: row.try_get("read_only")?,
        })
    }

    pub(crate) fn check(&self) -> Result<(), ConnectError> {
        if self.server < OLDEST_SERVER {
            return Err(ConnectError::ServerTooOld { found: self.server, needed: OLDEST_SERVER });
        }
        if self.encoding != "UTF8" {
            return Err(ConnectError::Encoding { found: self.encoding.clone() });
        }
        // A standby only reads as well, and cannot be told otherwise.
        if self.standby {
            return Err(ConnectError::Standby);
        }
        if self.read_only {
            return Err(ConnectError::ReadOnly);
        }
        Ok(())
    }
}

/// What the database says of the log and of itself.
pub(super) struct Described {
    pub(super) id: LogId,
    pub(super) partitions: Partitions,
    format: i32,
    synchronous_commit: String,
    usable: Usable,
}

impl Described {
    pub(super) fn of(row: &PgRow) -> Result<Self, sqlx::Error> {
        let partitions = Partitions::new(row.try_get::<i16, _>("partitions")?.cast_unsigned());
        Ok(Self {
            id: LogId::from_uuid(row.try_get("id")?),
            partitions: partitions.unwrap_or_default(),
            format: row.try_get::<Option<i32>, _>("format")?.unwrap_or(0),
            synchronous_commit: row.try_get("synchronous_commit")?,
            usable: Usable::of(row)?,
        })
    }

    pub(super) fn check(&self, schema: &Schema, settings: &Settings) -> Result<(), ConnectError> {
        let (schema, found, known) = (schema.clone(), self.format, FORMAT);
        if found > known {
            return Err(ConnectError::SchemaIsNewer { schema, found, known });
        }
        if found < known {
            return Err(ConnectError::SchemaIsOlder { schema, found, known });
        }
        self.usable.check()?;
        if settings.durable && self.synchronous_commit == "off" {
            return Err(ConnectError::AsynchronousCommit);
        }
        match settings.partitions {
            Some(wanted) if wanted != self.partitions => Err(ConnectError::PartitionsDiffer {
                found: self.partitions.count(),
                wanted: wanted.count(),
            }),
            _ => Ok(()),
        }
    }
}
