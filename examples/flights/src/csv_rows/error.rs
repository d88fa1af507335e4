//! What can be wrong with a file, and with a row.

use std::io;

use crate::flight::FlightId;

/// The file cannot be read, or is no file of flights.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error("it cannot be opened, check its path")]
    Open(#[source] io::Error),
    #[error("it cannot be read to its end, see whether it is complete")]
    Read(#[source] io::Error),
    #[error(
        "its header lacks the column{} {}; it needs the columns of the nycflights13 table `flights`, \
         named in the first line, and any further ones are left alone",
        if missing.len() == 1 { "" } else { "s" },
        missing.join(", ")
    )]
    MissingColumns { missing: Vec<&'static str> },
}

/// A row was left out.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub(crate) struct BadRow {
    pub(crate) line: u64,
    pub(crate) problem: RowError,
}

/// Why a row is no flight.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RowError {
    #[error("{column} is `{text}`: expected {expected}")]
    Field { column: &'static str, text: String, expected: &'static str },
    #[error(
        "carrier `{carrier}` and origin `{origin}` name no flight: expected letters and digits"
    )]
    Codes { carrier: String, origin: String },
    #[error("the local time and time_hour are {hours} h apart: they do not name the same moment")]
    Clocks { hours: i64 },
    #[error("{given} is given, {missing} is NA: the row contradicts itself")]
    Contradiction { given: &'static str, missing: &'static str },
    #[error("flight {id} stands on line {first} already")]
    Repeated { id: FlightId, first: u64 },
    #[error("the number of its fields is {found}: the header has {expected}")]
    Fields { found: usize, expected: usize },
    #[error("it is not UTF-8 text")]
    Utf8,
}
