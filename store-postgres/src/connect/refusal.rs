//! What a failure means while the store is being opened.

use std::io;

use sqlx::error::DatabaseError;
use sqlx::postgres::PgConnectOptions;

use crate::error::{ConnectError, MigrateError};
use crate::options::Settings;
use crate::sql::Schema;

/// Why there is no connection.
pub(super) fn refused(
    options: &PgConnectOptions,
    settings: &Settings,
    error: sqlx::Error,
) -> ConnectError {
    let (host, port) = (options.get_host().to_owned(), options.get_port());
    let code = code(&error);
    match (&*code, error) {
        (_, sqlx::Error::Tls(_)) if !cfg!(feature = "_tls") => ConnectError::TlsNotBuilt,
        (_, sqlx::Error::Tls(source)) => ConnectError::Tls { host, port, source },
        (_, sqlx::Error::Io(source)) if is_of_tls(options, &source) => {
            ConnectError::Tls { host, port, source: Box::new(source) }
        }
        (_, sqlx::Error::Io(source)) => {
            ConnectError::Unreachable { host, port, source: Box::new(source) }
        }
        ("28P01" | "28000", _) => {
            ConnectError::Authentication { user: options.get_username().to_owned() }
        }
        ("3D000", _) => {
            let database = options.get_database().unwrap_or(options.get_username()).to_owned();
            ConnectError::NoSuchDatabase { database }
        }
        (_, error) => match &settings.schema {
            Ok(schema) => unreadable(options, schema, &error),
            Err(invalid) => ConnectError::InvalidSchema(invalid.clone()),
        },
    }
}

/// A certificate that is not believed, or a file of the URL that is not there, comes as
/// an error of input and output.
fn is_of_tls(options: &PgConnectOptions, error: &io::Error) -> bool {
    match error.kind() {
        io::ErrorKind::InvalidData => true,
        io::ErrorKind::NotFound => options.get_socket().is_none(),
        _ => false,
    }
}

/// Why the log cannot be looked at.
pub(crate) fn unreadable(
    options: &PgConnectOptions,
    schema: &Schema,
    error: &sqlx::Error,
) -> ConnectError {
    let schema = schema.clone();
    match &*code(error) {
        "3F000" | "42P01" | "42883" => ConnectError::NoLog { schema },
        "42501" => ConnectError::MissingRights { user: options.get_username().to_owned(), schema },
        _ => ConnectError::database(error),
    }
}

/// Tells who lacks the rights to migrate.
pub(crate) fn denied(
    options: &PgConnectOptions,
    schema: &Schema,
    error: MigrateError,
) -> MigrateError {
    match error {
        MigrateError::Database(source) if source.to_string().contains("SQLSTATE 42501") => {
            let user = options.get_username().to_owned();
            MigrateError::MissingRights { user, schema: schema.clone() }
        }
        error => error,
    }
}

fn code(error: &sqlx::Error) -> String {
    error.as_database_error().and_then(DatabaseError::code).unwrap_or_default().into_owned()
}
