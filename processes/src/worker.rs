//! Works on processes.

mod part;
mod running;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use annals::{AnyStore, Clock, EventStore, ReadModelStore, SystemClock};
use annals_projections::{RunError, Runner};
use tokio::sync::watch;
use tokio::task::JoinSet;

use self::part::{Begun, Part, Shared};
pub use self::running::RunningProcesses;
use crate::agenda::Agenda;
use crate::boundary::Hook;
use crate::error::ProcessError;
use crate::meter;
use crate::monitor::Seen;
use crate::options::ProcessOptions;
use crate::overview::Overview;
use crate::{Executor, Policy, PolicyOptions, Process, ScheduledCommand};

/// Makes what a process adds to a worker, once it is known what all of them share.
type MakePart<S> = Box<dyn FnOnce(Shared) -> Part<S> + Send>;

/// How long a lease lasts where nothing else is said.
const LEASE: Duration = Duration::from_secs(10);

/// Works on processes: hands them their events, carries out what they ask for, and fires their
/// timers.
///
/// Any number of workers in any number of processes of the operating system may work on the
/// same processes: they share the partitions of the log by leases.
#[must_use = "a worker does nothing until it is started"]
pub struct Processes<S> {
    log: AnyStore,
    runner: Runner<S>,
    clock: Arc<dyn Clock>,
    lease: Duration,
    hook: Hook,
    parts: Vec<MakePart<S>>,
}

impl<S: Send + 'static> Processes<S> {
    /// A worker on processes of this log. What is to be done next is kept in read models.
    pub fn new(log: impl EventStore, models: impl ReadModelStore<Session = S>) -> Self {
        let log = log.erased();
        let runner = Runner::new(log.clone(), models).view::<Agenda>().view::<Overview>();
        let (clock, hook) = (Arc::new(SystemClock), Hook::default());
        Self { log, runner, clock, lease: LEASE, hook, parts: Vec::new() }.lease(LEASE)
    }

    /// Works on a process; its commands are carried out by `executor`.
    pub fn process<P: Process>(
        self,
        executor: impl Executor<P::Command, Reply = P::Reply>,
    ) -> Self {
        self.process_with::<P>(executor, ProcessOptions::new())
    }

    /// Works on a process with these options.
    pub fn process_with<P: Process>(
        mut self,
        executor: impl Executor<P::Command, Reply = P::Reply>,
        options: ProcessOptions,
    ) -> Self {
        let log = self.log.clone();
        self.parts
            .push(Box::new(move |shared| Part::process::<P, _>(log, shared, executor, &options)));
        self
    }

    /// Works on a policy; its commands are carried out by `executor`.
    pub fn policy<P: Policy>(self, executor: impl Executor<P::Command>) -> Self {
        self.policy_with::<P>(executor, PolicyOptions::new())
    }

    /// Works on a policy with these options.
    pub fn policy_with<P: Policy>(
        mut self,
        executor: impl Executor<P::Command>,
        options: PolicyOptions,
    ) -> Self {
        let log = self.log.clone();
        self.parts
            .push(Box::new(move |shared| Part::policy::<P, _>(log, &shared, executor, options)));
        self
    }

    /// Carries out the commands of a [`Schedule`](crate::Schedule).
    pub fn schedule<C: ScheduledCommand>(self, executor: impl Executor<C>) -> Self {
        self.schedule_with::<C>(executor, ProcessOptions::new())
    }

    /// Carries out the commands of a [`Schedule`](crate::Schedule) with these options.
    pub fn schedule_with<C: ScheduledCommand>(
        mut self,
        executor: impl Executor<C>,
        options: ProcessOptions,
    ) -> Self {
        let log = self.log.clone();
        self.parts
            .push(Box::new(move |shared| Part::schedule::<C, _>(&log, shared, executor, &options)));
        self
    }

    /// How long the lease of a crashed worker keeps others from taking over: see
    /// [`Runner::lease`].
    pub fn lease(self, lease: Duration) -> Self {
        let lease = lease.max(Runner::<S>::MIN_LEASE);
        Self { runner: self.runner.lease(lease), lease, ..self }
    }

    /// What people call this worker; see [`Runner::label`].
    pub fn label(self, label: impl Into<String>) -> Self {
        Self { runner: self.runner.label(label), ..self }
    }

    /// By which clock times come: that of the machine by default. The clocks of workers should
    /// agree to less than a second.
    pub fn clock(self, clock: impl Clock) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// What a test does at each boundary between two steps.
    #[cfg(feature = "testing")]
    #[doc(hidden)]
    pub fn hook(self, hook: Hook) -> Self {
        Self { hook, ..self }
    }

    /// Begins to work.
    ///
    /// # Errors
    /// See [`StartError`]; nothing is worked on then.
    pub async fn start(self) -> Result<RunningProcesses, StartError> {
        let Self { mut runner, clock, lease, hook, parts, .. } = self;
        meter::describe();
        let shared = Shared::new(clock, lease, hook);
        let (mut begun, mut names) = (Vec::<Begun>::new(), BTreeSet::new());
        let mut callers = Vec::new();
        for part in parts {
            let Part { name, mark, join, begin, callers: own } = part(shared.clone());
            if !names.insert(name) {
                return Err(StartError::SameName { name });
            }
            mark.await?;
            runner = join(runner);
            begun.push(begin);
            callers.push(own);
        }
        let running = runner.start().await?;
        let (stop, told) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for begin in begun {
            tasks.spawn(begin(&running, told.clone()));
        }
        let Shared { troubles, hook, .. } = shared;
        let seen = Arc::new(Seen { callers, troubles });
        Ok(RunningProcesses { running, stop, tasks, seen, hook })
    }

    /// Works until `shutdown` is ready, and stops cleanly.
    ///
    /// # Errors
    /// It could not start, or not give its leases back.
    pub async fn run_until(self, shutdown: impl Future) -> Result<(), StartError> {
        let running = self.start().await?;
        shutdown.await;
        Ok(running.stop().await?)
    }
}

impl<S> fmt::Debug for Processes<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Processes").finish_non_exhaustive()
    }
}

/// Why a worker could not begin, or not end as it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Two processes, policies or schedules of this worker have the same name. Rename the one
    /// that is newer.
    #[error("two processes, policies or schedules are named `{name}`")]
    SameName {
        /// The name.
        name: &'static str,
    },
    /// The read models could not be declared.
    #[error(transparent)]
    ReadModels(#[from] annals_projections::StartError),
    /// It could not be known from where on a process follows the log.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The leases could not be given back.
    #[error(transparent)]
    Run(#[from] RunError),
}
