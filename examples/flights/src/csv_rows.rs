//! Rows of a file of flights, gzip or plain, one at a time.
//!
//! A bad row is an item, not the end: the reader goes on behind it.

mod columns;
mod error;
mod line;
mod row;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use columns::Columns;
pub(crate) use error::{BadRow, FileError, RowError};
use line::Splitter;
pub(crate) use row::{Outcome, Row};

use crate::flight::FlightId;

/// The first two bytes of every gzip file.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Reads a file of flights row by row.
pub(crate) struct Rows {
    text: Box<dyn BufRead>,
    line: Vec<u8>,
    /// The number of that line, from 1.
    number: u64,
    splitter: Splitter,
    columns: Columns,
    /// The line on which each flight stands, for a flight belongs to one row.
    seen: HashMap<FlightId, u64>,
}

impl Rows {
    pub(crate) fn open(path: &Path) -> Result<Self, FileError> {
        let file = File::open(path).map_err(FileError::Open)?;
        Self::read(BufReader::new(file))
    }

    /// Reads from anything that holds a file of flights; whether it is
    /// compressed is told from its first bytes, for names lie.
    pub(crate) fn read(mut from: impl BufRead + 'static) -> Result<Self, FileError> {
        let start = from.fill_buf().map_err(FileError::Read)?;
        let mut text: Box<dyn BufRead> = if start.starts_with(&GZIP) {
            Box::new(BufReader::new(MultiGzDecoder::new(from)))
        } else {
            Box::new(from)
        };
        let mut header = Vec::new();
        text.read_until(b'\n', &mut header).map_err(FileError::Read)?;
        let mut splitter = Splitter::new();
        let columns = Columns::find(splitter.split(&header))?;
        Ok(Self { text, line: Vec::new(), number: 1, splitter, columns, seen: HashMap::new() })
    }

    /// Goes on to the next line that is not blank; `false` at the end.
    fn next_line(&mut self) -> io::Result<bool> {
        loop {
            self.line.clear();
            if self.text.read_until(b'\n', &mut self.line)? == 0 {
                return Ok(false);
            }
            self.number += 1;
            if !self.line.trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }

    /// The row on this line, if it is a flight and the first of its id.
    fn row(&mut self) -> Result<Row, RowError> {
        let record = self.splitter.split(&self.line).ok_or(RowError::Utf8)?;
        let row = Row::parse(self.number, &self.columns.of(record)?)?;
        match self.seen.entry(row.id.clone()) {
            Entry::Vacant(free) => {
                free.insert(self.number);
                Ok(row)
            }
            Entry::Occupied(first) => Err(RowError::Repeated { id: row.id, first: *first.get() }),
        }
    }
}

impl Iterator for Rows {
    /// The outer error ends the reading, the inner one only this row.
    type Item = Result<Result<Row, BadRow>, FileError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.next_line() {
            Ok(false) => None,
            Ok(true) => {
                let line = self.number;
                let row = self.row();
                Some(Ok(row.map_err(|problem| BadRow { line, problem })))
            }
            Err(error) => Some(Err(FileError::Read(error))),
        }
    }
}
