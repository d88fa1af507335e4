//! The SQL files, rendered for the schema of a log. This is the only place where
//! SQL is put together, with the file beside it for read models, and the only thing put
//! into it are names of schemas and tables, which were validated and are quoted.

mod read_models;

use std::fmt;
use std::sync::Arc;

use sqlx::AssertSqlSafe;
use sqlx::postgres::{PgArguments, Postgres};
use sqlx::query::Query;

pub(crate) use read_models::{ReadModelSql, TableSql, home};

/// The name of a log's schema, or of that of a store of read models.
///
/// It has 1 to 48 of the characters `a-z`, `A-Z`, `0-9`, `_` and `-`, begins with a
/// letter or `_`, and not with `pg_`. It is always quoted, so case matters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Schema(Arc<str>);

impl Schema {
    /// The greatest length of a name, in bytes.
    pub const MAX_BYTES: usize = 48;

    /// The schema of this name.
    ///
    /// # Errors
    /// The name is not one.
    pub fn new(name: &str) -> Result<Self, InvalidSchema> {
        let first = name.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
        let all = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        if first && all && name.len() <= Self::MAX_BYTES && !name.starts_with("pg_") {
            Ok(Self(name.into()))
        } else {
            Err(InvalidSchema { bytes: name.len(), most: Self::MAX_BYTES })
        }
    }

    /// The schema of read models of this name, which becomes part of other names.
    pub(crate) fn of_read_models(name: &str) -> Result<Self, InvalidSchema> {
        let most = read_models::MAX_SCHEMA_BYTES;
        let too_long = InvalidSchema { bytes: name.len(), most };
        let schema = Self::new(name).map_err(|_| too_long.clone())?;
        if name.len() > most { Err(too_long) } else { Ok(schema) }
    }

    /// The name, without quotes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Puts the schema's name where the files say `"annals"`, or `"read_models"`.
    pub(crate) fn render(&self, sql: &str) -> Statement {
        // Validated above: there is no quote in it that would have to be doubled.
        let name = format!("\"{}\"", self.0);
        let sql = sql.replace("\"annals\"", &name).replace("\"read_models\"", &name);
        Statement { sql: sql.into(), persistent: true }
    }

    /// The script of the roles of a log, with the names of these.
    pub(crate) fn render_roles(&self, application: &RoleName, reader: &RoleName) -> String {
        self.render_script(include_str!("../sql/roles.sql"), application, reader)
    }

    /// The same of a store of read models.
    pub(crate) fn render_read_model_roles(&self, worker: &RoleName, reader: &RoleName) -> String {
        self.render_script(include_str!("../sql/read_models/roles.sql"), worker, reader)
    }

    fn render_script(&self, sql: &str, application: &RoleName, reader: &RoleName) -> String {
        let mut script = String::with_capacity(sql.len());
        for (nth, piece) in sql.split('"').enumerate() {
            // Every second piece stands between quotes, comments included. One by one: a schema
            // may have the name that stands for a role.
            match (nth % 2, piece) {
                (0, text) => script.push_str(text),
                (_, name) => {
                    let name = match name {
                        "annals" | "read_models" => &*self.0,
                        "annals_app" => &*application.0,
                        "annals_reader" => &*reader.0,
                        other => other,
                    };
                    script.extend(["\"", name, "\""]);
                }
            }
        }
        script
    }
}

impl Default for Schema {
    /// `annals`.
    fn default() -> Self {
        Self("annals".into())
    }
}

impl fmt::Display for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name cannot be that of a schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the name of a schema has 1 to {most} letters, digits, `_` or `-`, begins with a letter or \
     `_` and not with `pg_`; this one has {bytes} bytes"
)]
pub struct InvalidSchema {
    bytes: usize,
    most: usize,
}

/// The name of a role that exists, as the script of the roles takes it.
#[derive(Debug)]
pub(crate) struct RoleName(String);

impl RoleName {
    pub(crate) fn new(name: &str) -> Result<Self, InvalidRole> {
        let first = name.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
        let all = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'@');
        // PostgreSQL takes these for everybody and for nobody, also between quotes.
        let special = matches!(name, "public" | "none") || name.starts_with("pg_");
        if first && name.bytes().all(all) && name.len() <= 63 && !special {
            Ok(Self(name.to_owned()))
        } else {
            Err(InvalidRole { bytes: name.len() })
        }
    }
}

/// The name cannot be that of a role which is granted rights.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the name of a role has 1 to 63 letters, digits, `_`, `-`, `.` or `@`, begins with a letter or \
     `_` and not with `pg_`, and is neither `public` nor `none`; this one has {bytes} bytes"
)]
pub struct InvalidRole {
    bytes: usize,
}

/// A rendered statement.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    sql: Arc<str>,
    /// Whether its plan may be kept with the connection.
    persistent: bool,
}

impl Statement {
    pub(crate) fn query<'q>(&self) -> Query<'q, Postgres, PgArguments> {
        // It is one of our own files, with a validated name in it.
        sqlx::query(self.safe()).persistent(self.persistent)
    }

    pub(crate) fn safe(&self) -> AssertSqlSafe<Arc<str>> {
        AssertSqlSafe(self.sql.clone())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.sql
    }
}

macro_rules! statements {
    ($($name:ident,)*) => {
        /// Every statement, each in a file of its name.
        #[derive(Debug)]
        pub(crate) struct Sql {
            $(pub(crate) $name: Statement,)*
        }

        impl Sql {
            pub(crate) fn new(schema: &Schema) -> Self {
                Self {
                    $($name: schema.render(include_str!(concat!(
                        "../sql/", stringify!($name), ".sql"
                    ))),)*
                }
            }

            /// Every statement with its name, for the test that prepares them all.
            #[cfg(all(test, feature = "testing"))]
            pub(crate) fn all(&self) -> Vec<(&'static str, &Statement)> {
                vec![$((stringify!($name), &self.$name),)*]
            }
        }
    };
}

statements! {
    append,
    append_one,
    before_commit,
    begin_read,
    commit,
    delete_snapshot,
    describe_log,
    describe_server,
    identity,
    load_snapshot,
    log_ends,
    log_head,
    notify,
    outcome,
    read_log,
    read_log_filtered,
    read_stream,
    read_stream_backwards,
    read_streams,
    save_snapshot,
    sequences_behind,
    stage,
    stream_head,
}

#[cfg(all(test, feature = "testing"))]
mod tests;
