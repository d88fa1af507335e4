//! A rule as a part of a command's append.

use std::fmt;
use std::marker::PhantomData;

use annals::store::Append;
use annals::{ExecuteError, Occasion, Part};
use futures::FutureExt;
use futures::future::BoxFuture;

use super::sight::{Seen, Sight, passes};
use crate::View;

/// A rule over a document of a view, for [`Execution::and`](annals::Execution::and).
#[must_use = "a rule is asked only as a part of a command: `execution.and(rule)`"]
pub struct Rule<V: View, F, R> {
    sight: Sight<V>,
    rule: F,
    seen: Option<Seen<V>>,
    refusal: PhantomData<fn() -> R>,
}

impl<V: View, F, R> Rule<V, F, R>
where
    F: FnMut(Option<&V>) -> Result<(), R>,
{
    pub(super) fn new(sight: Sight<V>, rule: F) -> Self {
        Self { sight, rule, seen: None, refusal: PhantomData }
    }
}

impl<V, F, R, E> Part<E> for Rule<V, F, R>
where
    V: View,
    F: FnMut(Option<&V>) -> Result<(), R> + Send,
    R: Into<E>,
{
    fn join<'p>(
        &'p mut self,
        append: &'p mut Append,
        occasion: &'p Occasion,
    ) -> BoxFuture<'p, Result<(), ExecuteError<E>>> {
        async move {
            let sight = &self.sight;
            let seen = occasion.retry(passes, || sight.look()).await?;
            let seen = self.seen.insert(seen);
            (self.rule)(seen.document.as_ref())
                .map_err(|refusal| ExecuteError::Refused(refusal.into()))?;
            seen.guard.join(append, &sight.log);
            Ok(())
        }
        .boxed()
    }

    fn confirm<'p>(
        &'p mut self,
        occasion: &'p Occasion,
    ) -> BoxFuture<'p, Result<bool, ExecuteError<E>>> {
        async move {
            let (Some(seen), log) = (&self.seen, &self.sight.log) else { return Ok(true) };
            Ok(occasion.retry(passes, || seen.stands(log)).await?)
        }
        .boxed()
    }
}

impl<V: View, F, R> fmt::Debug for Rule<V, F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule").field("view", &V::NAME).finish_non_exhaustive()
    }
}
