//! A command as a part of another one's append.

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::causation::with_cause;
use crate::repository::ExecuteError;
use crate::repository::execution::Execution;
use crate::repository::load::Base;
use crate::repository::part::{Occasion, Part};
use crate::store::{Append, Appended, NewEvent};
use crate::{Aggregate, Metadata};

/// What a command that is a part has read and decided last.
pub(crate) struct Seat<A: Aggregate> {
    base: Base<A>,
    decided: Option<(Vec<A::Event>, Vec<NewEvent>)>,
    /// How many of its own parts were asked for this append: what the others have read was
    /// for an earlier one, and nothing rests on it.
    asked: usize,
}

impl<A: Aggregate, E> Execution<'_, A, E> {
    async fn decide_beside<F>(
        &mut self,
        append: &mut Append,
        occasion: &Occasion,
    ) -> Result<(), ExecuteError<F>>
    where
        E: Into<F>,
    {
        let stream = self.stream.clone().map_err(ExecuteError::InvalidId)?;
        if self.call.key.is_some() {
            return Err(ExecuteError::KeyOnPart { stream });
        }
        if append.writes.iter().any(|write| write.stream == stream) {
            return Err(ExecuteError::TwiceInOne { stream });
        }
        let (inner, patience) = (&self.repository.inner, &occasion.patience);
        let base = match self.seat.take() {
            None => {
                let own = std::mem::take(&mut self.call.metadata);
                let none = own == Metadata::new();
                self.call.metadata = if none { occasion.metadata.clone() } else { with_cause(own) };
                self.call.occurred_at = self.call.occurred_at.or(occasion.occurred_at);
                inner.base(&stream, patience).await?
            }
            // Something has moved since, and it may be this one.
            Some(Seat { mut base, .. }) => {
                inner.catch_up(&stream, &mut base, patience).await?;
                base
            }
        };
        let seat = self.seat.insert(Seat { base, decided: None, asked: 0 });
        let folded = &seat.base.folded;
        let decided = inner.decide(&stream, &self.call, patience, folded, &mut self.decision);
        if let Some(decided) = decided.map_err(|error| error.map_refusal(E::into))? {
            let new = decided.append.writes.iter().flat_map(|write| write.events.clone());
            seat.decided = Some((decided.events, new.collect()));
            append.writes.extend(decided.append.writes);
        }
        Ok(())
    }

    fn asked(&self) -> usize {
        self.seat.as_ref().map_or(0, |seat| seat.asked)
    }

    async fn confirm_beside<F>(&mut self, occasion: &Occasion) -> Result<bool, ExecuteError<F>> {
        let (Ok(stream), Some(seat)) = (&self.stream, &mut self.seat) else { return Ok(true) };
        Ok(self.repository.inner.confirm(stream, &mut seat.base, &occasion.patience).await?)
    }
}

impl<A: Aggregate, E: Send + Into<F>, F: Send> Part<F> for Execution<'_, A, E> {
    fn join<'p>(
        &'p mut self,
        append: &'p mut Append,
        occasion: &'p Occasion,
    ) -> BoxFuture<'p, Result<(), ExecuteError<F>>> {
        async move {
            self.decide_beside(append, occasion).await?;
            if self.seat.as_ref().is_none_or(|seat| seat.decided.is_none()) {
                return Ok(());
            }
            for part in &mut self.parts {
                if let Some(seat) = &mut self.seat {
                    seat.asked += 1;
                }
                let joined = part.join(append, occasion).await;
                joined.map_err(|error| error.map_refusal(E::into))?;
            }
            Ok(())
        }
        .boxed()
    }

    fn confirm<'p>(
        &'p mut self,
        occasion: &'p Occasion,
    ) -> BoxFuture<'p, Result<bool, ExecuteError<F>>> {
        async move {
            let mut newest = self.confirm_beside(occasion).await?;
            let asked = self.asked();
            for part in &mut self.parts[..asked] {
                let confirmed = part.confirm(occasion).await;
                newest &= confirmed.map_err(|error| error.map_refusal(E::into))?;
            }
            Ok(newest)
        }
        .boxed()
    }

    /// What it has committed goes into the cache of its repository, as any commit does.
    fn appended(&mut self, appended: &Appended) {
        let asked = self.asked();
        for part in &mut self.parts[..asked] {
            part.appended(appended);
        }
        let (Ok(stream), Some(seat)) = (&self.stream, &mut self.seat) else { return };
        let Some((events, new)) = seat.decided.take() else { return };
        let last = new.last().map(|last| last.id);
        let ours = appended
            .writes
            .iter()
            .find(|written| written.stream == *stream && Some(written.last) == last);
        if let Some(written) = ours {
            let inner = &self.repository.inner;
            inner.committed(stream, &mut seat.base, (events, new), written, appended);
        }
    }
}

/// Whether an answer that appends nothing must be confirmed before it is believed.
pub(super) fn is_an_opinion<E>(error: &ExecuteError<E>) -> bool {
    matches!(error, ExecuteError::Refused(_) | ExecuteError::VersionMismatch(_))
}
