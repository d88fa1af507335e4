//! What is written where: answers to stdout, as text or as JSON, and messages to stderr.

use std::error::Error;
use std::fmt::Display;
use std::io::{self, Write};

use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};
use indicatif::HumanCount;
use serde::Serialize;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::redact::redacted;

/// How answers are written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    pub(crate) json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Writes an answer, as one line of JSON or as text.
    pub(crate) fn answer(
        self,
        json: &impl Serialize,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        let answer = if self.json { json_line(json)? } else { text() };
        write(&answer).map_err(Failure::Output)
    }

    /// Writes a part of an answer that is text; as JSON it is told with the rest.
    pub(crate) fn text(self, text: &str) -> Result<(), Failure> {
        if self.json { Ok(()) } else { write(text).map_err(Failure::Output) }
    }

    /// Tells why there is no answer: each cause in a line of its own, and as JSON too.
    pub(crate) fn failed(self, failure: &Failure) -> Exit {
        let exit = failure.exit();
        let causes: Vec<String> = causes(failure).iter().map(|cause| redacted(cause)).collect();
        let error = redacted(&failure.to_string());
        eprintln!("error: {error}");
        for cause in &causes {
            eprintln!("  because: {cause}");
        }
        if self.json {
            // What cannot be written here could not be told either.
            let told = json_line(&NoAnswer { error, causes });
            drop(told.map(|line| write(&line)));
        }
        exit
    }
}

#[derive(Serialize)]
struct NoAnswer {
    error: String,
    causes: Vec<String>,
}

/// Tells what is wrong with the command line, or what it can be.
pub(crate) fn not_understood(error: &clap::Error) -> Exit {
    if error.use_stderr() {
        // Not by itself: it would repeat a URL that stands in the wrong place.
        eprint!("{}", redacted(&error.to_string()));
        return Exit::Failed;
    }
    drop(error.print());
    Exit::Good
}

fn causes(failure: &Failure) -> Vec<String> {
    let mut causes = Vec::new();
    let mut source = failure.source();
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    causes
}

pub(crate) fn json_line(json: &impl Serialize) -> Result<String, Failure> {
    let line = serde_json::to_string(json).map_err(|error| Failure::Output(error.into()))?;
    Ok(line + "\n")
}

fn write(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        // Whoever reads it has seen enough, as `head` does.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// A table with a header; the columns at these places hold numbers.
pub(crate) fn table<const N: usize>(header: [&str; N], numbers: &[usize]) -> Table {
    let line = LineStyle::new('─', '─', '─', '─');
    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(line)).set_header(header);
    for at in numbers {
        if let Some(column) = table.column_mut(*at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// Digits in groups of three, as in `27,004`.
pub(crate) fn count(number: u64) -> String {
    HumanCount(number).to_string()
}

/// A text from a database as it may stand on a terminal: in one line, and nothing that
/// steers the terminal.
pub(crate) fn plain(text: impl Display) -> String {
    text.to_string().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// At most so many characters of it.
pub(crate) fn brief(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text.to_owned(),
    }
}
