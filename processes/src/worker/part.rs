//! One process of a worker, whatever its type.

use std::future::ready;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use annals::{AnyStore, Clock};
use annals_projections::{Runner, Running, View};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::watch;

use super::feeding_options;
use crate::agenda::Agenda;
use crate::calls::Caller;
use crate::driver::Driver;
use crate::error::ProcessError;
use crate::instances::Instances;
use crate::mark;
use crate::options::ProcessOptions;
use crate::policy::Follower;
use crate::reactor::Reactor;
use crate::schedule::{OneCommand, Punctual};
use crate::{Executor, Policy, PolicyOptions, Process, ScheduledCommand};

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
}

impl<S: Send + 'static> Part<S> {
    pub(super) fn process<P: Process, X: Executor<P::Command, Reply = P::Reply>>(
        log: AnyStore,
        clock: Arc<dyn Clock>,
        executor: X,
        options: ProcessOptions,
    ) -> Self {
        let instances = Arc::new(Instances::<P>::new(log.clone(), clock));
        let behind = Arc::new(OnceLock::new());
        let reactor = Reactor { instances: instances.clone(), behind: behind.clone() };
        let from_beginning = options.from_beginning;
        let mark = async move {
            let places = mark::deployed(&log, P::NAME, from_beginning).await?;
            // It is asked once for each start.
            let _ = behind.set(places);
            Ok(())
        };
        Self {
            name: P::NAME,
            mark: mark.boxed(),
            join: Box::new(move |runner| runner.external_with(reactor, feeding_options())),
            begin: drive(instances, executor, options),
        }
    }

    pub(super) fn schedule<C: ScheduledCommand, X: Executor<C>>(
        log: AnyStore,
        clock: Arc<dyn Clock>,
        executor: X,
        options: ProcessOptions,
    ) -> Self {
        let instances = Arc::new(Instances::<OneCommand<C>>::new(log.clone(), clock));
        let executor = Punctual::new(log, executor);
        Self {
            name: C::NAME,
            // It follows nothing but the agenda.
            mark: ready(Ok(())).boxed(),
            join: Box::new(|runner| runner),
            begin: drive(instances, executor, options),
        }
    }

    pub(super) fn policy<P: Policy, X: Executor<P::Command>>(
        log: AnyStore,
        lease: Duration,
        executor: X,
        options: PolicyOptions,
    ) -> Self {
        let behind = Arc::new(OnceLock::new());
        let caller = Caller::new(options.calls);
        let follower = Follower::<P, X>::new(executor, caller, behind.clone(), lease);
        let mark = async move {
            let places = mark::deployed(&log, P::NAME, options.from_beginning).await?;
            let _ = behind.set(places);
            Ok(())
        };
        // A command has its tries already.
        let feeding = feeding_options().attempts(1);
        Self {
            name: P::NAME,
            mark: mark.boxed(),
            join: Box::new(move |runner| runner.external_with(follower, feeding)),
            begin: Box::new(|_, _| ready(()).boxed()),
        }
    }
}

fn drive<P: Process, X: Executor<P::Command, Reply = P::Reply>>(
    instances: Arc<Instances<P>>,
    executor: X,
    options: ProcessOptions,
) -> Begun {
    Box::new(move |running, stop| {
        let driver = Driver::new(instances, executor, running.views(), options);
        Arc::new(driver).run(running.feeding(Agenda::NAME), stop).boxed()
    })
}
