//! From events to appends.

use std::io;

use futures::stream::Stream;

use super::ImportError;
use super::line::Placed;
use super::reader::Reader;
use crate::store::{Append, Limits, Write};
use crate::{Origin, Version};

/// The events of a history in batches that a store takes. The same history and
/// limits give the same batches, so that a repeated import repeats its appends.
pub(super) struct Batches<L> {
    pub(super) reader: Reader<L>,
    limits: Limits,
    /// The event that did not fit into the last batch, and its bytes.
    next: Option<(Placed, usize)>,
}

impl<L: Stream<Item = Result<String, io::Error>> + Send> Batches<L> {
    pub(super) async fn open(lines: L, limits: Limits) -> Result<Self, ImportError> {
        Ok(Self { reader: Reader::open(lines).await?, limits, next: None })
    }

    /// The next batch; empty when the history is over and was whole.
    pub(super) async fn next(&mut self) -> Result<Vec<Placed>, ImportError> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        if let Some((placed, size)) = self.next.take() {
            batch.push(placed);
            bytes = size;
        }
        while let Some(placed) = self.reader.next().await? {
            let (placed, size) = self.fitting(placed)?;
            let full = batch.len() == self.limits.events;
            if full || size > self.limits.append_bytes.saturating_sub(bytes) {
                self.next = Some((placed, size));
                break;
            }
            bytes += size;
            batch.push(placed);
        }
        Ok(batch)
    }

    /// The event, if the store would take it alone, and its bytes.
    fn fitting(&self, placed: Placed) -> Result<(Placed, usize), ImportError> {
        let line = placed.line;
        let texts = placed.event.metadata.texts().map(str::len);
        let size = placed.event.payload.len() + texts.sum::<usize>();
        let alone = append(std::slice::from_ref(&placed));
        alone.check(&self.limits).map_err(|source| ImportError::Invalid { line, source })?;
        Ok((placed, size))
    }
}

/// The append of a batch: what follows in one stream is one write.
pub(super) fn append(batch: &[Placed]) -> Append {
    let write = |run: &[Placed]| Write {
        stream: run[0].stream.clone(),
        behind: None,
        expected: Version::new(run[0].version.get().saturating_sub(1)).into(),
        events: run.iter().map(|placed| placed.event.clone()).collect(),
    };
    let runs = batch.chunk_by(|one, next| one.stream == next.stream);
    Append {
        writes: runs.map(write).collect(),
        key: None,
        deadline: None,
        origin: Origin::Imported,
    }
}
