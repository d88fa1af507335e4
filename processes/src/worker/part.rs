//! One process of a worker, whatever its type.

use std::sync::{Arc, OnceLock};

use annals::{AnyStore, Clock};
use annals_projections::{Runner, Running, View};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::watch;

use super::feeding_options;
use crate::agenda::Agenda;
use crate::boundary::Hook;
use crate::driver::Driver;
use crate::error::ProcessError;
use crate::instances::Instances;
use crate::mark;
use crate::options::ProcessOptions;
use crate::reactor::Reactor;
use crate::{Executor, Process};

/// Begins to carry out what a process asks for.
pub(super) type Begun =
    Box<dyn FnOnce(&Running, watch::Receiver<bool>) -> BoxFuture<'static, ()> + Send>;

/// What a process adds to a worker.
pub(super) struct Part<S> {
    /// Fixes from where on it follows the log.
    pub(super) mark: BoxFuture<'static, Result<(), ProcessError>>,
    /// Lets the runner hand it its events.
    pub(super) join: Box<dyn FnOnce(Runner<S>) -> Runner<S> + Send>,
    pub(super) begin: Begun,
}

impl<S: Send + 'static> Part<S> {
    pub(super) fn process<P: Process, X: Executor<P::Command, Reply = P::Reply>>(
        log: AnyStore,
        (clock, hook): (Arc<dyn Clock>, Hook),
        executor: X,
        options: ProcessOptions,
    ) -> Self {
        let instances = Arc::new(Instances::<P>::new(log.clone(), clock, hook.clone()));
        let behind = Arc::new(OnceLock::new());
        let reactor = Reactor { instances: instances.clone(), behind: behind.clone() };
        let from_beginning = options.from_beginning;
        let mark = async move {
            let places = mark::deployed(&log, P::NAME, from_beginning, &hook).await?;
            // It is asked once for each start.
            let _ = behind.set(places);
            Ok(())
        };
        let begin = move |running: &Running, stop: watch::Receiver<bool>| {
            let driver = Driver::new(instances, executor, running.views(), options);
            Arc::new(driver).run(running.feeding(Agenda::NAME), stop).boxed()
        };
        Self {
            mark: mark.boxed(),
            join: Box::new(move |runner| runner.external_with(reactor, feeding_options())),
            begin: Box::new(begin),
        }
    }
}
