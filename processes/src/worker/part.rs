//! One process of a worker, whatever its type.

use std::sync::{Arc, OnceLock};

use annals::{AnyStore, Clock};
use annals_projections::{Runner, Running, View};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::watch;

use super::feeding_options;
use crate::agenda::Agenda;
use crate::calls::{Callers, Circuits};
use crate::driver::Driver;
use crate::error::ProcessError;
use crate::instances::Instances;
use crate::mark;
use crate::options::ProcessOptions;
use crate::reactor::Reactor;
use crate::troubles::Troubles;
use crate::{Executor, Process};

/// What all processes of a worker share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) circuits: Arc<Circuits>,
    pub(super) troubles: Arc<Troubles>,
}

impl Shared {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let troubles = Arc::new(Troubles::new(clock.clone()));
        Self { clock, circuits: Arc::default(), troubles }
    }
}

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
    /// What carries out its commands, to be looked at.
    pub(super) callers: Arc<Callers>,
}

impl<S: Send + 'static> Part<S> {
    pub(super) fn process<P: Process, X: Executor<P::Command, Reply = P::Reply>>(
        log: AnyStore,
        shared: Shared,
        executor: X,
        options: &ProcessOptions,
    ) -> Self {
        let Shared { clock, circuits, troubles } = shared;
        let callers = Callers::new(P::NAME, options, circuits, clock.clone());
        let callers = Arc::new(callers);
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
        let grace = options.grace;
        let at_work = callers.clone();
        let begin = move |running: &Running, stop: watch::Receiver<bool>| {
            let views = running.views();
            let callers = at_work;
            let driver = Driver { instances, executor, views, callers, troubles, grace, stop };
            Arc::new(driver).run(running.feeding(Agenda::NAME)).boxed()
        };
        Self {
            mark: mark.boxed(),
            join: Box::new(move |runner| runner.external_with(reactor, feeding_options())),
            begin: Box::new(begin),
            callers,
        }
    }
}
