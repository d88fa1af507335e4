//! A log and read models that wait, fail and lose answers by chance.

use annals::store::{
    Append, Appended, DeliveryStream, EventStream, IdempotencyKey, LogInfo, LogQuery, StreamHead,
    StreamQuery,
};
use annals::testing::{Fault, ScriptedStore};
use annals::{
    AppendError, Checkpoint, EventStore, Partition, ReadError, StoreError, StreamId, Version,
};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};

use super::dice::Dice;
use super::meddled::Meddler;

/// The log as one worker sees it.
#[derive(Clone)]
pub struct Shaky {
    pub inner: ScriptedStore,
    pub dice: Dice,
}

impl Shaky {
    fn fault(&self, append: &Append) -> Option<Fault> {
        // From where on the process follows the log is no matter of a lie.
        let is_mark = append.writes[0].stream.category() == "annals.process";
        if is_mark || !self.dice.once_in(8) {
            return None;
        }
        Some(match self.dice.roll(4) {
            0 => Fault::Conflict { actual: Version::NONE },
            1 => Fault::Transient,
            2 => Fault::UnknownUnwritten,
            _ => Fault::UnknownWritten,
        })
    }
}

impl EventStore for Shaky {
    fn log(&self) -> &LogInfo {
        self.inner.log()
    }

    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        self.dice.pause().await;
        match self.fault(&append) {
            Some(fault) => self.inner.fail(fault),
            None => self.inner.work(),
        }
        let appended = self.inner.append(append).await;
        self.dice.pause().await;
        appended
    }

    async fn outcome(
        &self,
        stream: &StreamId,
        key: &IdempotencyKey,
    ) -> Result<Option<Appended>, AppendError> {
        self.inner.outcome(stream, key).await
    }

    fn read(&self, query: StreamQuery) -> EventStream {
        let dice = self.dice.clone();
        let events = self.inner.read(query).then(move |event| {
            let dice = dice.clone();
            async move {
                dice.pause().await;
                let broken = || ReadError::Store(StoreError::transient("simulated"));
                if dice.once_in(60) { Err(broken()) } else { event }
            }
        });
        events.boxed()
    }

    fn read_all(&self, query: LogQuery) -> EventStream {
        self.inner.read_all(query)
    }

    fn subscribe(&self, query: LogQuery) -> DeliveryStream {
        self.inner.subscribe(query)
    }

    async fn stream_head(&self, stream: &StreamId) -> Result<Option<StreamHead>, ReadError> {
        self.inner.stream_head(stream).await
    }

    async fn log_head(&self, partition: Partition) -> Result<Checkpoint, ReadError> {
        self.inner.log_head(partition).await
    }
}

impl Meddler for Dice {
    fn before(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        let before = async {
            self.pause().await;
            if self.once_in(60) { Err(StoreError::transient("simulated")) } else { Ok(()) }
        };
        before.boxed()
    }

    fn loses_an_answer(&self) -> bool {
        self.once_in(40)
    }
}
