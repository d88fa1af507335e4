//! Events that an instance has gone beyond without them.

use annals::store::StreamQuery;
use annals::{EventStore, Position, Recorded, StreamId};
use futures::TryStreamExt;

use super::Instances;
use crate::Process;
use crate::book::Book;
use crate::error::ProcessError;
use crate::step::{ProcessEvent, Taken};

impl<P: Process> Instances<P> {
    /// Whether an instance has gone beyond an event without taking it in, as its history says:
    /// it was parked for another instance, or for nobody, and is tried again by code that knows
    /// better. An event that has begun nothing, and stands before what did, was for nobody.
    ///
    /// It reads the whole history; such events are few.
    pub(super) async fn was_left_behind(
        &self,
        stream: &StreamId,
        book: &Book,
        event: &Recorded<P::Input>,
        starts: bool,
    ) -> Result<bool, ProcessError> {
        if !book.is_beyond(event.partition, event.position) {
            return Ok(false);
        }
        let mut first = None::<Position>;
        let mut history = self.store.read(StreamQuery::forwards(stream.clone()));
        while let Some(raw) = history.try_next().await? {
            if raw.name != "annals.process.stepped" {
                continue;
            }
            let ProcessEvent::Stepped(step) = raw.decode::<ProcessEvent>()?.event else { continue };
            let Taken::Event { id, partition, position, .. } = step.input else { continue };
            if id == event.id {
                return Ok(false);
            }
            if partition == event.partition {
                first = Some(first.map_or(position, |first| first.min(position)));
            }
        }
        Ok(starts || first.is_none_or(|first| first < event.position))
    }
}
