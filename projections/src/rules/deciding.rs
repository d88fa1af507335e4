//! An append without an aggregate, decided on a document.

use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

use annals::read_model::DocumentError;
use annals::store::{Append, Appended, Write};
use annals::{
    AppendError, Conflict, EventStore, ExecuteError, IdempotencyKey, Occasion, ReadError, Retry,
    StreamId,
};
use futures::future::BoxFuture;
use tokio::time::Instant;

use super::guard::Guard;
use super::sight::{Seen, Sight, passes};
use crate::View;
use crate::deadline::after;

type Decide<'a, V, R> = Box<dyn FnMut(Option<&V>) -> Result<Append, R> + Send + 'a>;

/// An append that is decided on a document; set options, then await it.
///
/// # Cancellation
/// Dropped, it has written the whole append or nothing, and a store that had the append in
/// hand may still write it.
#[must_use = "nothing is decided until it is awaited"]
pub struct Deciding<'a, V: View, R> {
    ground: Ground<V>,
    decide: Decide<'a, V, R>,
    retry: Retry,
    within: Duration,
}

/// What the closure has no part in.
struct Ground<V: View> {
    sight: Sight<V>,
    key: Option<(StreamId, IdempotencyKey)>,
}

impl<'a, V: View, R> Deciding<'a, V, R> {
    pub(super) fn new(sight: Sight<V>, decide: Decide<'a, V, R>) -> Self {
        let (retry, within) = (Retry::default(), Duration::from_secs(30));
        Self { ground: Ground { sight, key: None }, decide, retry, within }
    }

    /// Makes it repeatable: under the same key it is appended once, and the outcome of
    /// the first append is the answer before anything is read or decided. The key is
    /// scoped to this stream, which is that of the first write.
    pub fn idempotency_key(mut self, stream: StreamId, key: IdempotencyKey) -> Self {
        self.ground.key = Some((stream, key));
        self
    }

    /// How often it is decided again when somebody else has decided on the key meanwhile.
    pub fn retry(self, retry: Retry) -> Self {
        Self { retry, ..self }
    }

    /// How long it may take; 30 seconds by default.
    pub fn within(self, time: Duration) -> Self {
        Self { within: time, ..self }
    }

    /// Decides, and decides again, until it is appended.
    async fn decide_until_written(
        &mut self,
        occasion: &Occasion,
    ) -> Result<Appended, ExecuteError<R>> {
        let ground = &self.ground;
        if let Some(first) = occasion.limit(ground.first(occasion)).await? {
            return Ok(first);
        }
        let mut pauses = occasion.pauses();
        loop {
            let Seen { guard, document } = occasion.limit(ground.look(occasion)).await?;
            let mut append = match (self.decide)(document.as_ref()) {
                Ok(append) => append,
                Err(refused) => {
                    match occasion.limit(ground.believe(occasion, &guard)).await? {
                        Believed::Refusal => return Err(ExecuteError::Refused(refused)),
                        Believed::First(first) => return Ok(first),
                        // It goes on only while the log changes under it.
                        Believed::Nothing if Instant::now() < occasion.deadline() => continue,
                        Believed::Nothing => return Err(ExecuteError::DeadlineExceeded),
                    }
                }
            };
            guard.join(&mut append, &ground.sight.log);
            ground.name(&mut append);
            let overtaken = |stream: &StreamId| stream == guard.stream();
            match occasion.append(&ground.sight.log, append).await {
                Ok(appended) => return Ok(appended),
                // Somebody else has decided on the key, or the log has lost the end of the
                // guard. Other conflicts are of what the closure has written down.
                Err(
                    AppendError::Conflict(Conflict { stream, .. })
                    | AppendError::Diverged { stream, .. },
                ) if overtaken(&stream) && pauses.rest().await => {}
                Err(error) => return Err(ExecuteError::from_append(error)),
            }
        }
    }
}

impl<V: View> Ground<V> {
    async fn look<R>(&self, occasion: &Occasion) -> Result<Seen<V>, ExecuteError<R>> {
        Ok(occasion.retry(passes, || self.sight.look()).await?)
    }

    /// Makes sure that the append is known again if its answer is lost: else it would
    /// conflict with its own guard, and be decided anew.
    fn name(&self, append: &mut Append) {
        if let Some((_, key)) = &self.key {
            append.key = Some(key.clone());
        }
        let exact = |write: &Write| write.expected.exact().is_some();
        if append.key.is_none() && !append.writes.iter().all(exact) {
            let first = append.writes.iter().flat_map(|write| &write.events).next();
            let text = first.map(|event| format!("annals.rule {}", event.id));
            append.key = text.and_then(|text| IdempotencyKey::new(text).ok());
        }
    }

    /// What the first append under the same key has done, if there was one.
    async fn first<R>(&self, occasion: &Occasion) -> Result<Option<Appended>, ExecuteError<R>> {
        let Some((stream, key)) = &self.key else { return Ok(None) };
        let may_pass =
            |error: &AppendError| matches!(error, AppendError::Store(e) if e.is_transient());
        let outcome = occasion.retry(may_pass, || self.sight.log.outcome(stream, key)).await;
        outcome.map_err(ExecuteError::from_append)
    }

    /// Whether a refusal is the answer: only if nobody has decided on the key since the
    /// document was read, and it was not the first append under the same key for which
    /// the closure refuses.
    async fn believe<R>(
        &self,
        occasion: &Occasion,
        guard: &Guard,
    ) -> Result<Believed, ExecuteError<R>> {
        let stands = occasion.retry(ReadError::is_transient, || guard.stands(&self.sight.log));
        let stands = stands.await.map_err(DocumentError::from)?;
        Ok(match self.first(occasion).await? {
            Some(first) => Believed::First(first),
            None if stands => Believed::Refusal,
            None => Believed::Nothing,
        })
    }
}

/// What a refusal is worth.
enum Believed {
    Refusal,
    First(Appended),
    Nothing,
}

impl<'a, V: View, R: Send + 'a> IntoFuture for Deciding<'a, V, R> {
    type Output = Result<Appended, ExecuteError<R>>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(mut self) -> Self::IntoFuture {
        Box::pin(async move {
            let occasion = Occasion::until(after(self.within), self.retry);
            self.decide_until_written(&occasion).await
        })
    }
}

impl<V: View, R> fmt::Debug for Deciding<'_, V, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deciding").field("view", &V::NAME).finish_non_exhaustive()
    }
}
