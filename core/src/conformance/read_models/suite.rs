//! Running cases: as a test each, or all of them for a report.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;

use super::{Models, ReadModelFixture};
use crate::conformance::suite::{AT_A_TIME, PATIENCE, Report, end, test};

/// One rule, as a test.
pub struct ReadModelCase<F: ReadModelFixture> {
    /// The rule.
    pub name: &'static str,
    run: fn(Models<F>) -> BoxFuture<'static, ()>,
}

impl<F: ReadModelFixture> fmt::Debug for ReadModelCase<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReadModelCase").field(&self.name).finish()
    }
}

macro_rules! list {
    ([] $($file:ident { $($case:ident,)* })*) => {
        vec![$($(ReadModelCase {
            name: stringify!($case),
            run: |models| Box::pin(super::$file::$case(models)),
        },)*)*]
    };
}

/// Every case, in the order of the promises.
#[must_use]
pub fn all<F: ReadModelFixture>() -> Vec<ReadModelCase<F>> {
    crate::__read_model_cases!({ list })
}

/// Runs one case in a runtime of its own, as a test does.
///
/// # Panics
/// The store breaks the rule, or does not answer in time.
pub fn check<F, Running>(fixture: F, case: impl FnOnce(Models<F>) -> Running)
where
    F: ReadModelFixture,
    Running: Future<Output = ()> + Send + 'static,
{
    test(Models::new(Arc::new(fixture)), case);
}

/// The cases as a value: run them all, or some, and look at the report.
pub struct ReadModelSuite<F> {
    fixture: Arc<F>,
    only: &'static str,
    patience: Duration,
}

impl<F: ReadModelFixture> ReadModelSuite<F> {
    /// Every case.
    pub fn new(fixture: F) -> Self {
        Self { fixture: Arc::new(fixture), only: "", patience: PATIENCE }
    }

    /// Only the cases whose names begin like this.
    #[must_use]
    pub fn only(self, prefix: &'static str) -> Self {
        Self { only: prefix, ..self }
    }

    /// How long a case may take, 30 seconds by default.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Runs the cases, a few at a time, each on a store of its own. It needs a runtime of
    /// several threads.
    pub async fn run(&self) -> Report {
        let cases = all::<F>().into_iter();
        let chosen = cases.filter(|case| case.name.starts_with(self.only));
        let outcomes = futures::stream::iter(chosen).map(async |case| {
            let models = Models::new(self.fixture.clone()).await;
            (case.name, end((case.run)(models), self.patience).await.outcome())
        });
        Report::new(outcomes.buffered(AT_A_TIME).collect().await)
    }
}

impl<F> fmt::Debug for ReadModelSuite<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadModelSuite").field("only", &self.only).finish_non_exhaustive()
    }
}
