//! Where the columns stand in this file.

use super::line::Record;
use super::{FileError, RowError};

/// The columns that a flight is read from, in the order of [`Columns`].
const NAMES: [&str; 15] = [
    "year",
    "month",
    "day",
    "hour",
    "minute",
    "time_hour",
    "carrier",
    "flight",
    "origin",
    "dest",
    "tailnum",
    "dep_time",
    "dep_delay",
    "arr_delay",
    "air_time",
];

/// Where these columns stand; the order in the file does not matter.
pub(super) struct Columns {
    places: [usize; NAMES.len()],
    /// How many fields a row has, with the columns that nobody asks for.
    fields: usize,
}

/// One record, asked by the names of its columns.
pub(super) struct Fields<'a> {
    columns: &'a Columns,
    record: Record<'a>,
}

impl Columns {
    /// Finds them in the header; one that is not text has none.
    pub(super) fn find(header: Option<Record<'_>>) -> Result<Self, FileError> {
        // Some programs put a byte order mark before the text.
        let titles: Vec<_> = header
            .into_iter()
            .flat_map(Record::fields)
            .map(|title| title.trim_start_matches('\u{feff}'))
            .collect();
        let place = |name: &str| titles.iter().position(|title| *title == name);
        let missing: Vec<_> = NAMES.into_iter().filter(|name| place(name).is_none()).collect();
        if !missing.is_empty() {
            return Err(FileError::MissingColumns { missing });
        }
        Ok(Self { places: NAMES.map(|name| place(name).unwrap_or_default()), fields: titles.len() })
    }

    /// A record under these columns.
    pub(super) fn of<'a>(&'a self, record: Record<'a>) -> Result<Fields<'a>, RowError> {
        let (found, expected) = (record.len(), self.fields);
        if found != expected {
            return Err(RowError::Fields { found, expected });
        }
        Ok(Fields { columns: self, record })
    }
}

impl<'a> Fields<'a> {
    /// The text of a column; `""` if the column is not among those that
    /// [`Columns::find`] looked for.
    pub(super) fn text(&self, column: &str) -> &'a str {
        NAMES
            .iter()
            .position(|name| *name == column)
            .and_then(|index| self.record.field(self.columns.places[index]))
            .unwrap_or_default()
    }
}
