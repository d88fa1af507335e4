//! A log whose readers wait, fail, and in mutants are told lies.

use annals::store::{
    Append, Appended, Delivery, DeliveryStream, EventStream, IdempotencyKey, LogInfo, LogQuery,
    StreamHead, StreamQuery,
};
use annals::{AppendError, Checkpoint, EventStore, Partition, ReadError, StoreError, StreamId};
use annals_memory::MemoryStore;
use futures::StreamExt;

use super::chaos::Mutant;
use super::dice::Dice;

/// The log as one worker sees it.
#[derive(Clone)]
pub struct Shaky {
    pub inner: MemoryStore,
    pub dice: Dice,
    pub mutant: Mutant,
}

fn broken() -> ReadError {
    ReadError::Store(StoreError::transient("a failure of the simulation"))
}

impl EventStore for Shaky {
    fn log(&self) -> &LogInfo {
        self.inner.log()
    }

    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        self.inner.append(append).await
    }

    async fn outcome(
        &self,
        stream: &StreamId,
        key: &IdempotencyKey,
    ) -> Result<Option<Appended>, AppendError> {
        self.inner.outcome(stream, key).await
    }

    fn read(&self, query: StreamQuery) -> EventStream {
        self.inner.read(query)
    }

    fn read_all(&self, query: LogQuery) -> EventStream {
        let dice = self.dice.clone();
        let events = self.inner.read_all(query);
        let events = events.then(move |event| {
            let dice = dice.clone();
            async move {
                dice.pause().await;
                if dice.once_in(80) { Err(broken()) } else { event }
            }
        });
        events.boxed()
    }

    fn subscribe(&self, query: LogQuery) -> DeliveryStream {
        let (dice, mutant) = (self.dice.clone(), self.mutant);
        let mut deliveries = self.inner.subscribe(query);
        let stream = async_stream::stream! {
            while let Some(delivery) = deliveries.next().await {
                dice.pause().await;
                if dice.once_in(80) {
                    yield Err(broken());
                    return;
                }
                match delivery {
                    Ok(Delivery::Event(event)) if mutant == Mutant::Hole && dice.once_in(100) => {
                        // The next page begins behind it.
                        drop(event);
                    }
                    Ok(Delivery::Event(event)) if mutant == Mutant::Swap && dice.once_in(20) => {
                        let next = deliveries.next().await;
                        if let Some(Ok(Delivery::Event(mut next))) = next {
                            // Each keeps the place of the other.
                            let mut event = event;
                            std::mem::swap(&mut event.position, &mut next.position);
                            yield Ok(Delivery::Event(next));
                            yield Ok(Delivery::Event(event));
                        } else {
                            yield Ok(Delivery::Event(event));
                            if let Some(next) = next {
                                yield next;
                            }
                        }
                    }
                    delivery => yield delivery,
                }
            }
        };
        stream.boxed()
    }

    async fn stream_head(&self, stream: &StreamId) -> Result<Option<StreamHead>, ReadError> {
        self.inner.stream_head(stream).await
    }

    async fn log_head(&self, partition: Partition) -> Result<Checkpoint, ReadError> {
        self.inner.log_head(partition).await
    }
}
