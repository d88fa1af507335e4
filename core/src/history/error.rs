//! What can go wrong with a history. No message repeats any payload.

use std::io;

use super::{MAX_LINE_BYTES, MAX_STREAMS};
use crate::codec::{InvalidPayload, UnknownCodec};
use crate::store::InvalidAppend;
use crate::{AppendError, Partition, ReadError, StreamId, Version};

/// Why an export ended early. What was written until then has no end line, so
/// every import refuses it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The store could not be read. Export again, into a new file.
    #[error("the log could not be read to its end: export again, into a new file")]
    Read(#[from] ReadError),
    /// The log holds a payload that its codec cannot read.
    #[error(
        "the payload of version {version} of stream `{stream}` cannot be read by its codec, so it \
         could not be imported: mend the log, or export without this stream"
    )]
    Payload {
        /// The stream.
        stream: StreamId,
        /// The event's version.
        version: Version,
        /// What is wrong with the payload.
        source: InvalidPayload,
    },
    /// A time of an event is outside the years 0 to 9999, which RFC 3339 can
    /// express.
    #[error(
        "a time of version {version} of stream `{stream}` is outside the years 0 to 9999: export \
         without this stream"
    )]
    Time {
        /// The stream.
        stream: StreamId,
        /// The event's version.
        version: Version,
    },
    /// An event is longer than [`MAX_LINE_BYTES`].
    #[error(
        "version {version} of stream `{stream}` would be a line of {bytes} bytes: at most \
         {MAX_LINE_BYTES} can be imported; export without this stream"
    )]
    LineTooLong {
        /// The stream.
        stream: StreamId,
        /// The event's version.
        version: Version,
        /// The length of its line.
        bytes: usize,
    },
    /// More than [`MAX_STREAMS`] streams were named.
    #[error(
        "{streams} streams in one export: at most {MAX_STREAMS} can be named; export their \
         categories, or several histories"
    )]
    TooManyStreams {
        /// How many were named.
        streams: usize,
    },
}

/// Why a history was not imported, or not to its end.
///
/// [`import`](super::import) and [`import_text`](super::import_text) check
/// everything before they write; their errors say whether something was
/// written. Whatever the error, the same history can be imported again when its
/// cause is gone: the import goes on where it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// It is not a history.
    #[error(
        "line 1 is not the header of a history: hand in what `history::export` wrote, \
         decompressed and from its beginning"
    )]
    NotHistory,
    /// It is a history in a format of a later version.
    #[error(
        "the history has the format {format}, and this version of annals reads the formats up to \
         1: a newer version wrote it, so upgrade this process"
    )]
    UnknownFormat {
        /// The number of its format.
        format: u64,
    },
    /// It was cut: the end line is missing, or the last line is not whole.
    #[error(
        "the history is cut within or after line {line}, its end line is missing: copy it again, \
         or export again"
    )]
    Truncated {
        /// The last line that was read, 0 if there was none.
        line: u64,
    },
    /// A line is not what a history has there.
    #[error("line {line} of the history is damaged, expected was {expected}: export again")]
    Malformed {
        /// The line, from 1.
        line: u64,
        /// What was expected.
        expected: String,
    },
    /// A line is longer than [`MAX_LINE_BYTES`].
    #[error(
        "line {line} of the history has {bytes} bytes: at most {MAX_LINE_BYTES} are read; no \
         export writes such a line"
    )]
    LineTooLong {
        /// The line, from 1.
        line: u64,
        /// Its length.
        bytes: usize,
    },
    /// The events are not those that the end line speaks of.
    #[error(
        "the events of the history are not those of its end line: the file was changed or damaged, \
         export again. If it was changed on purpose, its last line must be {end}"
    )]
    Altered {
        /// The end line that fits the events.
        end: String,
    },
    /// A stream goes on with another version than the next.
    #[error(
        "line {line} of the history holds version {version} of stream `{stream}`, expected was \
         version {expected}: export again"
    )]
    Gap {
        /// The line, from 1.
        line: u64,
        /// The stream.
        stream: StreamId,
        /// The version that is there.
        version: Version,
        /// The version that should be there.
        expected: Version,
    },
    /// A payload cannot be read by its codec.
    #[error("the payload in line {line} of the history cannot be stored")]
    Payload {
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        source: InvalidPayload,
    },
    /// A payload is written with a codec that this build cannot read.
    #[error("the payload in line {line} of the history cannot be read")]
    Codec {
        /// The line, from 1.
        line: u64,
        /// What to do about it.
        source: UnknownCodec,
    },
    /// The store would not take an event, most often because its
    /// [limits](crate::store::Limits) are lower than those of the source.
    #[error("the log does not take the event in line {line} of the history")]
    Invalid {
        /// The line, from 1.
        line: u64,
        /// The limit.
        source: InvalidAppend,
    },
    /// The log holds another event where one of the history belongs.
    #[error(
        "the log holds another event at version {version} of stream `{stream}` than the history: \
         it has a history of its own, so import into an empty log"
    )]
    Foreign {
        /// The stream.
        stream: StreamId,
        /// The version at which they part.
        version: Version,
    },
    /// The history begins in the middle of a stream, and the log does not hold
    /// what comes before.
    #[error(
        "the history of stream `{stream}` begins with version {version}, and the log holds it up \
         to version {actual}: import what comes before first"
    )]
    Predecessors {
        /// The stream.
        stream: StreamId,
        /// Its first version in the history.
        version: Version,
        /// Its version in the log.
        actual: Version,
    },
    /// The log has recorded newer events than those to be imported.
    #[error(
        "the log has recorded newer events in partition {partition} than the ones to be imported: \
         import into an empty log, and let nobody write to it meanwhile"
    )]
    Interleaves {
        /// The partition.
        partition: Partition,
    },
    /// The source gave other lines when it was read for the second time. What
    /// stands before the difference may have been written.
    #[error("the source changed while it was imported: import again when nobody writes to it")]
    Changed,
    /// The source could not be read.
    #[error("the history could not be read behind line {line}: import again when it can be")]
    Source {
        /// The last line that was read, 0 if there was none.
        line: u64,
        /// Why.
        source: io::Error,
    },
    /// The log could not be read.
    #[error("the log could not be read: import again, it goes on where it was")]
    Read(#[from] ReadError),
    /// The log could not be written. Batches before this one are written.
    #[error(
        "the import stopped after {written} new events: when the cause is gone, import the same \
         history again, it goes on where it was"
    )]
    Append {
        /// How many events this import has written.
        written: u64,
        /// Why.
        source: AppendError,
    },
}

impl ImportError {
    /// Whether the history itself is refused, not what the log makes of it.
    pub(super) fn is_about_the_source(&self) -> bool {
        !matches!(
            self,
            Self::Foreign { .. }
                | Self::Predecessors { .. }
                | Self::Interleaves { .. }
                | Self::Source { .. }
                | Self::Read(_)
                | Self::Append { .. }
        )
    }
}
