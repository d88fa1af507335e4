//! Errors: of connecting, of migrating, and how failures of the database become those
//! of the contract.

mod connect;
mod database;

pub use connect::{ConnectError, MigrateError};
pub(crate) use database::{
    Failure, Kind, damaged, kind, read_error, same, store_error, write_error,
};
