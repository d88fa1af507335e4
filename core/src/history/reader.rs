//! From lines to events, with everything checked that a history alone can tell.

use std::collections::HashMap;
use std::io;
use std::pin::Pin;

use futures::stream::{Stream, StreamExt};
use time::OffsetDateTime;

use super::export::json;
use super::frame::{Digest, End, Header, NoHeader};
use super::line::{self, Fault, Placed};
use super::{ImportError, MAX_LINE_BYTES};
use crate::{LogId, StreamId, Version};

/// Reads a history. It holds one line, and the version of every stream.
pub(super) struct Reader<L> {
    lines: Pin<Box<L>>,
    /// The number of the last line that was read.
    line: u64,
    digest: Digest,
    versions: HashMap<StreamId, Version>,
    last: Option<OffsetDateTime>,
    pub(super) log: LogId,
    pub(super) end: Option<End>,
}

impl<L: Stream<Item = Result<String, io::Error>> + Send> Reader<L> {
    /// Reads the header.
    pub(super) async fn open(lines: L) -> Result<Self, ImportError> {
        let mut reader = Self {
            lines: Box::pin(lines),
            line: 0,
            digest: Digest::default(),
            versions: HashMap::new(),
            last: None,
            log: LogId::from_uuid(uuid::Uuid::nil()),
            end: None,
        };
        let header = reader.next_line().await?;
        let header = header.ok_or(ImportError::Truncated { line: 0 })?;
        reader.log = match Header::read(&header) {
            Ok(header) => header.log,
            Err(NoHeader::Format(format)) => return Err(ImportError::UnknownFormat { format }),
            Err(NoHeader::Cut) if reader.is_over().await => return Err(reader.truncated()),
            Err(NoHeader::Cut | NoHeader::Other) => return Err(ImportError::NotHistory),
        };
        Ok(reader)
    }

    /// How many streams were seen.
    pub(super) fn streams(&self) -> u64 {
        self.versions.len() as u64
    }

    /// The next event; `None` when the end line was read and is right.
    pub(super) async fn next(&mut self) -> Result<Option<Placed>, ImportError> {
        if self.end.is_some() {
            return Ok(None);
        }
        let Some(text) = self.next_line().await? else {
            return Err(self.truncated());
        };
        if End::is_frame(&text) {
            return self.finish(&text).await.map(|()| None);
        }
        match line::read(&text, self.line) {
            Ok(mut placed) => {
                self.digest.add(&text);
                self.follow(&mut placed)?;
                Ok(Some(placed))
            }
            Err(fault) => Err(self.refusal(fault).await),
        }
    }

    async fn next_line(&mut self) -> Result<Option<String>, ImportError> {
        let line = self.line + 1;
        match self.lines.next().await {
            None => return Ok(None),
            Some(Ok(text)) if text.len() > MAX_LINE_BYTES => {
                let bytes = text.len();
                return Err(ImportError::LineTooLong { line, bytes });
            }
            Some(Ok(text)) => {
                self.line = line;
                return Ok(Some(text));
            }
            // What `BufRead::lines` and its kin make of text that is none.
            Some(Err(error)) if error.kind() == io::ErrorKind::InvalidData => {}
            Some(Err(source)) => {
                let line = self.line;
                return Err(ImportError::Source { line, source });
            }
        }
        if line == 1 {
            return Err(ImportError::NotHistory);
        }
        self.line = line;
        Err(self.refusal_of_the_last("UTF-8 text".to_owned()).await)
    }

    /// Whether there are no more lines. It reads one, so it is asked only when
    /// the history is refused or at its end.
    async fn is_over(&mut self) -> bool {
        self.lines.next().await.is_none()
    }

    /// Checks the event against the ones before.
    fn follow(&mut self, placed: &mut Placed) -> Result<(), ImportError> {
        // A log takes events only in this order, so that what would be refused
        // halfway is refused now.
        if self.last.is_some_and(|last| placed.recorded_at < last) {
            return Err(self.malformed("a `recorded_at` not before that of the line above"));
        }
        self.last = Some(placed.recorded_at);
        let Some(known) = self.versions.get_mut(&placed.stream) else {
            placed.begins = true;
            self.versions.insert(placed.stream.clone(), placed.version);
            return Ok(());
        };
        let expected = known.next();
        if placed.version != expected {
            return Err(ImportError::Gap {
                line: self.line,
                stream: placed.stream.clone(),
                version: placed.version,
                expected,
            });
        }
        *known = expected;
        Ok(())
    }

    /// Compares the end line with what was read.
    async fn finish(&mut self, text: &str) -> Result<(), ImportError> {
        let end = match End::read(text) {
            Ok(Some(end)) => end,
            Ok(None) => return Err(self.malformed("an event or the end line")),
            Err(error) if line::is_cut(&error, text) => return Err(self.refusal(Fault::Cut).await),
            Err(_) => return Err(self.malformed("the end line")),
        };
        let found = self.digest.end();
        if end != found {
            return Err(ImportError::Altered { end: json(&found) });
        }
        while let Some(text) = self.next_line().await? {
            // Editors like to end a file with an empty line.
            if !text.trim().is_empty() {
                return Err(self.malformed("nothing behind the end line"));
            }
        }
        self.end = Some(end);
        Ok(())
    }

    async fn refusal(&mut self, fault: Fault) -> ImportError {
        let line = self.line;
        match fault {
            Fault::Cut => self.refusal_of_the_last("a whole line".to_owned()).await,
            Fault::Expected(expected) => ImportError::Malformed { line, expected },
            Fault::Payload(source) => ImportError::Payload { line, source },
            Fault::Codec(source) => ImportError::Codec { line, source },
        }
    }

    /// A line that is not whole means that the history was cut, if it is the
    /// last one.
    async fn refusal_of_the_last(&mut self, expected: String) -> ImportError {
        if self.is_over().await {
            return self.truncated();
        }
        let line = self.line;
        ImportError::Malformed { line, expected }
    }

    fn truncated(&self) -> ImportError {
        ImportError::Truncated { line: self.line }
    }

    fn malformed(&self, expected: &str) -> ImportError {
        ImportError::Malformed { line: self.line, expected: expected.to_owned() }
    }
}
