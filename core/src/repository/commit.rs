//! What was decided, on its way into the log.

use std::time::Duration;

use tracing::Instrument;

use crate::fold::Folded;
use crate::repository::deadline::before;
use crate::repository::execution::Call;
use crate::repository::patience::Patience;
use crate::repository::{ExecuteError, Inner};
use crate::store::{Append, Appended, NewEvent};
use crate::{Aggregate, AnyStore, AppendError, EncodeError, EventStore, StoreError, StreamId};

/// How long before the call's own deadline a store should be done with an
/// append, at most: time to say what has become of it, because a call that ends
/// without that answer is in doubt.
pub(super) const MARGIN: Duration = Duration::from_secs(1);

/// A decision, typed and as it is appended.
pub(crate) struct Decided<A: Aggregate> {
    pub(crate) events: Vec<A::Event>,
    pub(crate) append: Append,
}

impl<A: Aggregate> Inner<A> {
    /// Makes an append of what was decided on a state, and refuses what the
    /// store would refuse.
    pub(super) fn prepare<E>(
        &self,
        stream: &StreamId,
        call: &Call,
        patience: &Patience,
        folded: &Folded<A>,
        events: Vec<A::Event>,
    ) -> Result<Decided<A>, ExecuteError<E>> {
        let new = self.encode(call, &events).map_err(ExecuteError::Encode)?;
        let mut append = Append::to(stream.clone(), folded.version, new)
            .with_deadline(before(patience.deadline, MARGIN));
        append.key.clone_from(&call.key);
        if let Some(last) = folded.last {
            append = append.behind(last);
        }
        append.check(&self.store.log().limits).map_err(ExecuteError::Invalid)?;
        Ok(Decided { events, append })
    }

    fn encode(&self, call: &Call, events: &[A::Event]) -> Result<Vec<NewEvent>, EncodeError> {
        let encode = |event: &A::Event| {
            let new = NewEvent::encode(self.store.log().codec, event)?;
            let metadata = call.metadata.clone();
            Ok(NewEvent { metadata, occurred_at: call.occurred_at, ..new })
        };
        events.iter().map(encode).collect()
    }
}

/// Appends, and appends again in doubt and after failures that may pass.
/// Both are safe because the ids are the same: where an earlier try was
/// written after all, its outcome is the answer.
pub(super) async fn append(
    store: &AnyStore,
    append: &Append,
    patience: &Patience,
) -> Result<Appended, AppendError> {
    let mut pauses = patience.pauses();
    let mut doubt = false;
    loop {
        let failure = match append_once(store, append, patience).await {
            Ok(appended) => return Ok(appended),
            Err(AppendError::Unknown(failure)) => {
                doubt = true;
                failure
            }
            Err(AppendError::Store(failure)) if failure.is_transient() => failure,
            // This try has written nothing, but an earlier one may have.
            Err(error @ (AppendError::Store(_) | AppendError::DeadlineExceeded)) if doubt => {
                return Err(AppendError::Unknown(StoreError::permanent(error)));
            }
            Err(error) => return Err(error),
        };
        tracing::warn!(target: "annals", %failure, doubt, "append failed");
        if !pauses.rest().await {
            let error = if doubt { AppendError::Unknown } else { AppendError::Store };
            return Err(error(failure));
        }
    }
}

async fn append_once(
    store: &AnyStore,
    append: &Append,
    patience: &Patience,
) -> Result<Appended, AppendError> {
    let write = append.writes.first();
    let span = tracing::debug_span!(
        target: "annals",
        "annals.append",
        stream = write.map(|write| tracing::field::display(&write.stream)),
        events = append.events(),
        expected = write.map(|write| tracing::field::display(write.expected)),
    );
    let answer = store.append(append.clone()).instrument(span);
    let silent = |_| Err(AppendError::Unknown(StoreError::transient("no answer in time")));
    tokio::time::timeout_at(patience.deadline, answer).await.unwrap_or_else(silent)
}
