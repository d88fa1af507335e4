//! One process of a worker, whatever its type.

use std::future::ready;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use annals::{AnyStore, Clock, Event};
use annals_projections::{Options, Runner, Running, View};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::watch;

use crate::agenda::Agenda;
use crate::boundary::Hook;
use crate::calls::{Callers, Circuits};
use crate::driver::{Answers, Driver};
use crate::error::ProcessError;
use crate::instances::Instances;
use crate::mark::{self, Mark};
use crate::options::ProcessOptions;
use crate::policy::Follower;
use crate::reactor::Reactor;
use crate::schedule::{OneCommand, Replyless, is_name};
use crate::troubles::Troubles;
use crate::{Executor, Policy, PolicyOptions, Process, ScheduledCommand};

/// What all processes of a worker share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) lease: Duration,
    pub(super) hook: Hook,
    pub(super) circuits: Arc<Circuits>,
    pub(super) troubles: Arc<Troubles>,
}

impl Shared {
    pub(super) fn new(clock: Arc<dyn Clock>, lease: Duration, hook: Hook) -> Self {
        let troubles = Arc::new(Troubles::new(clock.clone()));
        Self { clock, lease, hook, circuits: Arc::default(), troubles }
    }

    fn callers(&self, name: &'static str, options: &ProcessOptions) -> Arc<Callers> {
        Arc::new(Callers::new(name, options, self.circuits.clone(), self.clock.clone()))
    }
}

/// Begins to carry out what a process asks for.
pub(super) type Begun =
    Box<dyn FnOnce(&Running, watch::Receiver<bool>) -> BoxFuture<'static, ()> + Send>;

/// What a process adds to a worker.
pub(super) struct Part<S> {
    /// No two of a worker have the same.
    pub(super) name: &'static str,
    /// Fixes from where on it follows the log.
    pub(super) mark: BoxFuture<'static, Result<(), ProcessError>>,
    /// Lets the runner hand it its events.
    pub(super) join: Box<dyn FnOnce(Runner<S>) -> Runner<S> + Send>,
    pub(super) begin: Begun,
    /// For who looks how its calls are doing.
    pub(super) callers: Arc<Callers>,
}

impl<S: Send + 'static> Part<S> {
    pub(super) fn process<P: Process, X: Executor<P::Command, Reply = P::Reply>>(
        log: AnyStore,
        shared: Shared,
        executor: X,
        options: &ProcessOptions,
    ) -> Self {
        let hook = shared.hook.clone();
        let (clock, mine) = (shared.clock.clone(), hook.clone());
        let instances = Arc::new(Instances::<P>::new(log.clone(), clock, mine));
        let mark = Arc::new(OnceLock::new());
        let reactor =
            Reactor { instances: instances.clone(), mark: mark.clone(), outdated: OnceLock::new() };
        let callers = shared.callers(P::NAME, options);
        Self {
            name: P::NAME,
            mark: set::<P::Input>(mark, log, P::NAME, options.from_beginning, hook),
            join: Box::new(move |runner| runner.external(reactor)),
            begin: drive(instances, (executor, false), callers.clone(), shared, options.grace),
            callers,
        }
    }

    pub(super) fn schedule<C: ScheduledCommand, X: Executor<C>>(
        log: &AnyStore,
        shared: Shared,
        executor: X,
        options: &ProcessOptions,
    ) -> Self {
        const { assert!(is_name(C::NAME), "a schedule is named by 1 to 40 of a-z, 0-9 and _") };
        let (clock, hook) = (shared.clock.clone(), shared.hook.clone());
        let instances = Arc::new(Instances::<OneCommand<C>>::new(log.clone(), clock, hook));
        let executor = Replyless::new(executor);
        let callers = shared.callers(C::NAME, options);
        Self {
            name: C::NAME,
            // It follows nothing but the agenda.
            mark: ready(Ok(())).boxed(),
            join: Box::new(|runner| runner),
            begin: drive(instances, (executor, true), callers.clone(), shared, options.grace),
            callers,
        }
    }

    pub(super) fn policy<P: Policy, X: Executor<P::Command>>(
        log: AnyStore,
        shared: &Shared,
        executor: X,
        options: PolicyOptions,
    ) -> Self {
        let mark = Arc::new(OnceLock::new());
        let callers = shared.callers(P::NAME, &ProcessOptions::new().other_kinds(options.calls));
        let (stop, stops) = watch::channel(false);
        let caller = callers.of("command");
        let follower = Follower::<P, X>::new(executor, caller, mark.clone(), shared.lease, stops);
        let hand = follower.hand();
        // It is handed events before it can be told to stop.
        let begin = move |running: &Running, told: watch::Receiver<bool>| {
            let feeding = running.feeding(P::NAME);
            async move {
                hand.follow(feeding, told).await;
                stop.send_replace(true);
            }
            .boxed()
        };
        // A command has its tries already.
        let feeding = Options::new().attempts(1);
        Self {
            name: P::NAME,
            mark: set::<P::Event>(mark, log, P::NAME, options.from_beginning, shared.hook.clone()),
            join: Box::new(move |runner| runner.external_with(follower, feeding)),
            begin: Box::new(begin),
            callers,
        }
    }
}

/// Fixes from where on a process follows the log.
fn set<E: Event>(
    mark: Arc<OnceLock<Mark>>,
    log: AnyStore,
    name: &'static str,
    from_beginning: bool,
    hook: Hook,
) -> BoxFuture<'static, Result<(), ProcessError>> {
    async move {
        let deployed = mark::deployed::<E>(&log, name, from_beginning, &hook).await?;
        // It is asked once for each start.
        let _ = mark.set(deployed);
        Ok(())
    }
    .boxed()
}

/// Has what its instances ask for carried out: [strictly](Driver::strict) or not.
fn drive<P: Process, X: Executor<P::Command, Reply = P::Reply>>(
    instances: Arc<Instances<P>>,
    (executor, strict): (X, bool),
    callers: Arc<Callers>,
    shared: Shared,
    grace: Duration,
) -> Begun {
    Box::new(move |running, stop| {
        let (views, troubles) = (running.views(), shared.troubles);
        let answers = Answers::default();
        let driver =
            Driver { instances, executor, strict, answers, views, callers, troubles, grace, stop };
        Arc::new(driver).run(running.feeding(Agenda::NAME)).boxed()
    })
}
