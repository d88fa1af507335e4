//! From lines into a log.

use std::io::{self, BufRead};

use futures::stream::{self, Stream};

use super::ImportError;
use super::batch::{self, Batches};
use super::frame::End;
use super::line::Placed;
use super::reader::Reader;
use super::target::{self, Ends};
use crate::store::EventStore;
use crate::{AppendError, LogId, Token};

/// What a history that was read to its end holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checked {
    /// The log from which it was exported.
    pub source: LogId,
    /// How many events it holds.
    pub events: u64,
    /// Of how many streams.
    pub streams: u64,
}

/// What an import has done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Imported {
    /// The log from which the history was exported.
    pub source: LogId,
    /// How many events it holds.
    pub events: u64,
    /// How many of them were written now.
    pub written: u64,
    /// How many of them the log held already, from an import before.
    pub already_there: u64,
    /// Of how many streams they are.
    pub streams: u64,
    /// Where the last events of the history stand in each partition: a query
    /// that waits for it sees all of them.
    pub token: Token,
}

/// Imports a history: reads it once to check all of it, also against the log,
/// and once more to write it.
///
/// `open` gives the lines from the first one on, each time that it is called;
/// it is called twice. Of a history that is cut, damaged or foreign to this
/// log, nothing is written. While it is imported nobody else should write to
/// the log; who does is never overtaken, but the import stops.
///
/// An import that stopped goes on where it was when the same history is
/// imported again, into a log with other limits or partitions too: events which
/// the log holds are recognised by their ids and left. Besides one batch, as
/// large as one append may be, it holds the names and versions of all streams.
///
/// Dropping the future leaves whole batches, as a failure does.
///
/// # Errors
/// See [`ImportError`]. Only `Append`, `Read`, `Source`, `Changed`, and, where
/// others write to the log meanwhile, `Foreign` and `Interleaves` can come
/// after something was written.
pub async fn import<S, L>(
    store: &S,
    mut open: impl FnMut() -> io::Result<L> + Send,
) -> Result<Imported, ImportError>
where
    S: EventStore,
    L: Stream<Item = Result<String, io::Error>> + Send,
{
    let failed = |source| ImportError::Source { line: 0, source };
    let end = rehearse(store, open().map_err(failed)?).await?;
    let lines = open().map_err(failed)?;
    match write(store, lines).await {
        Ok((_, again)) if again != end => Err(ImportError::Changed),
        Ok((imported, _)) => Ok(imported),
        Err(error) if error.is_about_the_source() => Err(ImportError::Changed),
        Err(error) => Err(error),
    }
}

/// Imports a history that is held in memory, as from `include_str!`. It keeps
/// the promises of [`import`].
///
/// # Errors
/// See [`ImportError`].
pub async fn import_text<S: EventStore>(
    store: &S,
    text: impl AsRef<[u8]> + Send + Sync,
) -> Result<Imported, ImportError> {
    let text = text.as_ref();
    import(store, || Ok(stream::iter(text.lines()))).await
}

/// Imports a history that can be read only once, as from a pipe.
///
/// It writes each batch before it has seen the next, so that of a history which
/// is cut or damaged the beginning is written. Each single batch is checked as
/// [`import`] checks it, and importing again goes on where it was.
///
/// # Errors
/// See [`ImportError`]; each of them can come after something was written.
pub async fn import_streaming<S, L>(store: &S, lines: L) -> Result<Imported, ImportError>
where
    S: EventStore,
    L: Stream<Item = Result<String, io::Error>> + Send,
{
    write(store, lines).await.map(|(imported, _)| imported)
}

/// Reads a history to its end and checks what can be checked without a log:
/// that it is whole and unchanged, and that every event can be read.
///
/// # Errors
/// See [`ImportError`].
pub async fn check<L>(lines: L) -> Result<Checked, ImportError>
where
    L: Stream<Item = Result<String, io::Error>> + Send,
{
    let mut reader = Reader::open(lines).await?;
    let mut events = 0;
    while reader.next().await?.is_some() {
        events += 1;
    }
    Ok(Checked { source: reader.log, events, streams: reader.streams() })
}

/// Does everything but write.
async fn rehearse<S, L>(store: &S, lines: L) -> Result<Option<End>, ImportError>
where
    S: EventStore,
    L: Stream<Item = Result<String, io::Error>> + Send,
{
    let mut batches = Batches::open(lines, store.log().limits).await?;
    let ends = Ends::of(store).await?;
    let mut reached = Token::empty(store.log().id);
    loop {
        let batch = batches.next().await?;
        if batch.is_empty() {
            return Ok(batches.reader.end);
        }
        target::check_predecessors(store, &batch).await?;
        if !ends.nothing() {
            let missing = target::missing(store, batch, &mut reached).await?;
            ends.check(store, &missing)?;
        }
    }
}

async fn write<S, L>(store: &S, lines: L) -> Result<(Imported, Option<End>), ImportError>
where
    S: EventStore,
    L: Stream<Item = Result<String, io::Error>> + Send,
{
    let mut batches = Batches::open(lines, store.log().limits).await?;
    let mut imported = Imported {
        source: batches.reader.log,
        events: 0,
        written: 0,
        already_there: 0,
        streams: 0,
        token: Token::empty(store.log().id),
    };
    loop {
        let batch = batches.next().await?;
        if batch.is_empty() {
            break;
        }
        target::check_predecessors(store, &batch).await?;
        imported.events += batch.len() as u64;
        imported.put(store, batch).await?;
    }
    imported.streams = batches.reader.streams();
    Ok((imported, batches.reader.end))
}

impl Imported {
    /// Writes what the log does not hold of a batch.
    async fn put(
        &mut self,
        store: &impl EventStore,
        mut batch: Vec<Placed>,
    ) -> Result<(), ImportError> {
        while !batch.is_empty() {
            let events = batch.len() as u64;
            let conflict = match store.append(batch::append(&batch)).await {
                Ok(appended) => {
                    let counted = match appended.repeated {
                        true => &mut self.already_there,
                        false => &mut self.written,
                    };
                    *counted += events;
                    self.token = self.token.clone().merge(&appended.token());
                    return Ok(());
                }
                Err(AppendError::Conflict(conflict)) => conflict,
                Err(AppendError::ImportInterleaves { partition }) => {
                    return Err(ImportError::Interleaves { partition });
                }
                Err(source) => return Err(self.stopped(source)),
            };
            // The log holds a part of this batch: an import before had other
            // limits, or another import is under way.
            batch = target::missing(store, batch, &mut self.token).await?;
            let found = events - batch.len() as u64;
            if found == 0 {
                return Err(self.stopped(conflict.into()));
            }
            self.already_there += found;
        }
        Ok(())
    }

    fn stopped(&self, source: AppendError) -> ImportError {
        let written = self.written;
        ImportError::Append { written, source }
    }
}
