//! Running cases: as a test each, or all of them for a report.

use std::any::Any;
use std::fmt;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;

use super::{Fixture, Setup, Subject};

/// How long a case may take: one that hangs has failed.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// How many cases a suite runs at the same time: most of them wait now and then.
pub(super) const AT_A_TIME: usize = 8;

/// One rule, as a test.
pub struct Case<F: Fixture> {
    /// The rule; it begins with the promise that it belongs to.
    pub name: &'static str,
    run: fn(Subject<F>) -> BoxFuture<'static, ()>,
}

impl<F: Fixture> fmt::Debug for Case<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Case").field(&self.name).finish()
    }
}

macro_rules! list {
    ([] $($file:ident { $($case:ident,)* })*) => {
        vec![$($(Case {
            name: stringify!($case),
            run: |subject| Box::pin(super::$file::$case(subject)),
        },)*)*]
    };
}

/// Every case, in the order of the promises.
#[must_use]
pub fn all<F: Fixture>() -> Vec<Case<F>> {
    crate::__conformance_cases!({ list })
}

/// Runs one case in a runtime of its own, as a test does.
///
/// # Panics
/// The store breaks the rule, or does not answer in time.
pub fn check<F, Running>(fixture: F, setup: Setup, case: impl FnOnce(Subject<F>) -> Running)
where
    F: Fixture,
    Running: Future<Output = ()> + Send + 'static,
{
    test(Subject::new(Arc::new(fixture), setup), case);
}

/// Prepares a case and runs it, in a runtime of its own.
pub(super) fn test<Subject, Running>(
    subject: impl Future<Output = Subject>,
    case: impl FnOnce(Subject) -> Running,
) where
    Running: Future<Output = ()> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .expect("a runtime for the test");
    let end = runtime.block_on(async { end(case(subject.await), PATIENCE).await });
    runtime.shutdown_background();
    match end {
        End::Kept => {}
        // It has been printed where it happened.
        End::Broken(panic) => resume_unwind(panic),
        End::Stuck(patience) => panic!("the case was not done after {patience:?}"),
    }
}

/// How a case ended.
pub(super) enum End {
    Kept,
    Broken(Box<dyn Any + Send>),
    Stuck(Duration),
}

/// Runs the case on a task, where a panic ends only the task.
pub(super) async fn end(
    case: impl Future<Output = ()> + Send + 'static,
    patience: Duration,
) -> End {
    let mut task = tokio::spawn(case);
    match tokio::time::timeout(patience, &mut task).await {
        Ok(Ok(())) => End::Kept,
        Ok(Err(error)) => End::Broken(error.into_panic()),
        Err(_) => {
            task.abort();
            End::Stuck(patience)
        }
    }
}

impl End {
    pub(super) fn outcome(self) -> Result<(), String> {
        match self {
            End::Kept => Ok(()),
            End::Broken(panic) => Err(message(&*panic)),
            End::Stuck(patience) => Err(format!("it was not done after {patience:?}")),
        }
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without a message")
        .to_owned()
}

/// The cases as a value: run them all, or some, and look at the report.
pub struct Suite<F> {
    fixture: Arc<F>,
    setup: Setup,
    only: &'static str,
    patience: Duration,
}

impl<F: Fixture> Suite<F> {
    /// Every case, on logs of one partition with JSON payloads.
    pub fn new(fixture: F) -> Self {
        Self { fixture: Arc::new(fixture), setup: Setup::new(), only: "", patience: PATIENCE }
    }

    /// On logs like this.
    #[must_use]
    pub fn setup(self, setup: Setup) -> Self {
        Self { setup, ..self }
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

    /// Runs the cases, a few at a time, each on a log of its own. It needs a
    /// runtime of several threads.
    pub async fn run(&self) -> Report {
        let cases = all::<F>().into_iter();
        let chosen = cases.filter(|case| case.name.starts_with(self.only));
        let outcomes = futures::stream::iter(chosen).map(async |case| {
            let subject = Subject::new(self.fixture.clone(), self.setup).await;
            let end = end((case.run)(subject), self.patience).await;
            (case.name, end.outcome())
        });
        Report { outcomes: outcomes.buffered(AT_A_TIME).collect().await }
    }
}

impl<F> fmt::Debug for Suite<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Suite")
            .field("setup", &self.setup)
            .field("only", &self.only)
            .finish_non_exhaustive()
    }
}

/// What became of each case.
#[derive(Debug, Clone)]
pub struct Report {
    outcomes: Vec<(&'static str, Result<(), String>)>,
}

impl Report {
    pub(super) fn new(outcomes: Vec<(&'static str, Result<(), String>)>) -> Self {
        Self { outcomes }
    }

    /// How many cases were run.
    #[must_use]
    pub fn cases(&self) -> usize {
        self.outcomes.len()
    }

    /// The cases that failed, and what each says.
    pub fn failures(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.outcomes
            .iter()
            .filter_map(|(name, outcome)| Some((*name, outcome.as_ref().err()?.as_str())))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failed = self.failures().count();
        writeln!(f, "{} cases, {failed} failed", self.cases())?;
        self.failures().try_for_each(|(name, message)| writeln!(f, "{name}: {message}"))
    }
}
