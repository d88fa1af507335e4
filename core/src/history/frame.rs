//! The first line of a history and the last.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use super::Scope;
use super::line::is_cut;
use crate::LogId;

/// The number of the format that is written.
pub(super) const FORMAT: u64 = 1;

const HISTORY: &str = "history";
const END: &str = "end";

/// The first line: what this is, and of which log.
#[derive(Serialize, Deserialize)]
pub(super) struct Header {
    annals: String,
    format: u64,
    pub(super) log: LogId,
    // Nothing depends on it when it is read, so later scopes are read too.
    #[serde(skip_deserializing)]
    scope: Scope,
}

/// What every format has in its first line.
#[derive(Deserialize)]
struct Probe {
    annals: String,
    format: u64,
}

/// Why a line is not a header that can be read.
pub(super) enum NoHeader {
    /// It ends before the object does.
    Cut,
    /// It is something else.
    Other,
    /// It is the header of another format.
    Format(u64),
}

impl Header {
    pub(super) fn new(log: LogId, scope: Scope) -> Self {
        Self { annals: HISTORY.to_owned(), format: FORMAT, log, scope }
    }

    pub(super) fn read(text: &str) -> Result<Self, NoHeader> {
        // serde would also take an array for a struct.
        if !text.starts_with('{') {
            return Err(NoHeader::Other);
        }
        let cut = |error: serde_json::Error| match is_cut(&error, text) {
            true => NoHeader::Cut,
            false => NoHeader::Other,
        };
        let probe: Probe = serde_json::from_str(text).map_err(cut)?;
        if probe.annals != HISTORY {
            return Err(NoHeader::Other);
        }
        if probe.format != FORMAT {
            return Err(NoHeader::Format(probe.format));
        }
        serde_json::from_str(text).map_err(cut)
    }
}

/// The last line: how many events there are, and their hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct End {
    annals: String,
    pub(super) events: u64,
    pub(super) hash: String,
}

impl End {
    /// Whether a line behind the first is no event, but of the frame.
    pub(super) fn is_frame(text: &str) -> bool {
        text.starts_with(r#"{"annals":"#)
    }

    /// The end line, if the text is one.
    pub(super) fn read(text: &str) -> Result<Option<Self>, serde_json::Error> {
        let end: Self = serde_json::from_str(text)?;
        Ok(Some(end).filter(|end| end.annals == END))
    }
}

/// Counts and hashes the lines of the events.
#[derive(Default)]
pub(super) struct Digest {
    hash: Xxh3,
    events: u64,
}

impl Digest {
    /// Takes in a line. The hash is that of the lines, each with a line feed
    /// behind it, whatever ends the lines in a file.
    pub(super) fn add(&mut self, line: &str) {
        self.hash.update(line.as_bytes());
        self.hash.update(b"\n");
        self.events += 1;
    }

    /// The end line for what was taken in.
    pub(super) fn end(&self) -> End {
        End {
            annals: END.to_owned(),
            events: self.events,
            hash: format!("{:016x}", self.hash.digest()),
        }
    }
}
