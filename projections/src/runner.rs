//! Feeds read models from the log.

mod backoff;
mod batch;
mod board;
mod cache;
mod caught_up;
mod declare;
mod entry;
mod error;
mod events;
mod feed;
mod feeder;
mod feeding;
mod fold;
mod handler;
mod page;
mod plan;
pub(crate) mod progress;
mod rows;
mod running;
mod stored;
mod worker;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use annals::read_model::{AnyReadModels, ReadModelStore};
use annals::{AnyStore, EventStore};
use tokio::sync::watch;

use crate::options::Settings;
use crate::{ExternalProjection, Options, Projection, RawProjection, View};
pub(crate) use backoff::Backoff;
use board::Board;
use entry::Entry;
pub use error::{RunError, StartError};
use feed::Feeds;
use feeder::Shared;
pub use feeding::{Fed, Feeding};
pub(crate) use handler::panicked;
pub(crate) use plan::slice_of;
pub use running::Running;
use worker::Worker;

/// Feeds read models from a log: catches up, then follows.
///
/// ```
/// # use annals::Recorded;
/// # use annals_memory::{MemoryReadModels, MemoryStore};
/// # use annals_projections::{Keys, Runner, View};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Clone, Serialize, Deserialize, annals::Event)]
/// # #[event(prefix = "account")]
/// # enum AccountEvent { Deposited { cents: u64 } }
/// # #[derive(Default, Serialize, Deserialize)]
/// # struct Balance { cents: u64 }
/// # impl View for Balance {
/// #     const NAME: &'static str = "balances";
/// #     type Key = String;
/// #     type Event = AccountEvent;
/// #     fn keys(event: &Recorded<AccountEvent>) -> Keys<String> {
/// #         Keys::one(event.stream.key().to_owned())
/// #     }
/// #     fn evolve(&mut self, _: &String, event: &Recorded<AccountEvent>) {
/// #         let AccountEvent::Deposited { cents } = &event.event;
/// #         self.cents += cents;
/// #     }
/// # }
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let store = MemoryStore::new();
/// let models = MemoryReadModels::new();
/// let runner = Runner::new(store.clone(), models).view::<Balance>().start().await?;
/// let balance = runner.views().get::<Balance>(&"1".to_owned()).await?;
/// runner.stop().await?;
/// # Ok(())
/// # }
/// ```
///
/// # Processes
/// Any number of processes may run the same read models: they share the work by leases,
/// each unit (a partition's part of a read model) being fed by one of them. A process that
/// stops hands its leases over; those of one that crashed are taken over when they have
/// run out, within twice the [lease](Self::lease).
///
/// # Memory
/// For each place in a partition at which read models stand: 8 MiB of events and a page.
/// For each unit: 16 MiB of events, which it shares with the others, and 16 MiB of
/// documents as JSON, which take a few times as much. All read models of a process that
/// follow a partition read it once.
#[must_use = "a runner does nothing until it is started"]
pub struct Runner<S> {
    log: AnyStore,
    models: AnyReadModels,
    entries: Vec<Result<Entry, StartError>>,
    settings: Settings,
    session: PhantomData<fn(S)>,
}

impl<S: Send + 'static> Runner<S> {
    /// The shortest lease.
    pub const MIN_LEASE: Duration = Duration::from_millis(200);

    /// A runner from a log to a store of read models, which may be in different databases.
    pub fn new(log: impl EventStore, models: impl ReadModelStore<Session = S>) -> Self {
        let label = format!("process {}", std::process::id());
        Self {
            log: log.erased(),
            models: models.erased(),
            entries: Vec::new(),
            settings: Settings { lease: Duration::from_secs(10), label },
            session: PhantomData,
        }
    }

    /// Feeds a view.
    pub fn view<V: View>(self) -> Self {
        self.view_with::<V>(Options::new())
    }

    /// Feeds a view with these options.
    pub fn view_with<V: View>(self, options: Options) -> Self {
        let entry = Entry::view::<V>(&self.log, options);
        self.with(entry.map_err(StartError::from))
    }

    /// Feeds a projection in the store's own transaction.
    pub fn projection<P: Projection<S>>(self, projection: P) -> Self {
        self.projection_with(projection, Options::new())
    }

    /// Feeds a projection with these options.
    pub fn projection_with<P: Projection<S>>(self, projection: P, options: Options) -> Self {
        self.projection_through::<S, P>(projection, options)
    }

    /// Feeds a projection that writes through another session than that of the runner's
    /// type, for a store that was chosen at run time: whether it fits is found out when the
    /// runner starts.
    pub fn projection_through<T: Send + 'static, P: Projection<T>>(
        self,
        projection: P,
        options: Options,
    ) -> Self {
        let fits = self.models.check_session::<T>(P::NAME).map_err(StartError::from);
        let entry = fits.and_then(|()| {
            Entry::projection::<T, P>(projection, &self.log, &self.models, options)
                .map_err(StartError::from)
        });
        self.with(entry)
    }

    /// Hands events to a read model that lives elsewhere, at least once.
    pub fn external<P: ExternalProjection>(self, projection: P) -> Self {
        self.external_with(projection, Options::new())
    }

    /// Hands events to a read model that lives elsewhere, with these options.
    pub fn external_with<P: ExternalProjection>(self, projection: P, options: Options) -> Self {
        let entry = Entry::external(projection, &self.log, options);
        self.with(entry.map_err(StartError::from))
    }

    /// Hands every event of the log, as it is stored, to what lives elsewhere, at least once. Its
    /// name is one by the rules of [`View::NAME`]; no read model has the same.
    pub fn raw<P: RawProjection>(self, name: &str, projection: P, options: Options) -> Self {
        let entry = Entry::raw(name, projection, &self.log, options);
        self.with(entry.map_err(StartError::from))
    }

    /// How long a lease lasts without being renewed, 10 seconds by default and 200 ms at
    /// least: a crashed process is replaced within twice this time. A step, one statement
    /// of a projection's included, must not take longer.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.settings.lease = lease.max(Self::MIN_LEASE);
        self
    }

    /// What people call this process when they look who holds a lease; the number of the
    /// process by default.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.settings.label = label.into();
        self
    }

    fn with(mut self, entry: Result<Entry, StartError>) -> Self {
        self.entries.push(entry);
        self
    }

    /// Declares the read models, and begins to feed them.
    ///
    /// # Errors
    /// See [`StartError`]; nothing is fed then.
    pub async fn start(self) -> Result<Running, StartError> {
        let Self { log, models, entries, settings, .. } = self;
        let entries = entries.into_iter().collect::<Result<Vec<_>, _>>()?;
        let ids: std::collections::HashSet<_> = entries.iter().map(Entry::id).collect();
        if ids.len() < entries.len() || entries.is_empty() {
            return Err(StartError::NotEachOnce);
        }
        for entry in &entries {
            declare::declare(&log, &models, entry).await?;
        }
        let shared = Arc::new(Shared {
            feeds: Feeds::new(log.clone(), Entry::filter(&entries)),
            board: Board::default(),
            log,
            models,
        });
        let units = entries.iter().map(|entry| entry.id().clone()).collect();
        let worker = Worker::new(shared.clone(), settings, entries);
        crate::meter::describe();
        let (stop, told) = watch::channel(false);
        let task = tokio::spawn(worker.run(told));
        Ok(Running::new(shared, units, stop, task))
    }

    /// Feeds the read models until `shutdown` is ready, such as a signal of the operating
    /// system, and stops cleanly.
    ///
    /// ```no_run
    /// # async fn example<S: Send + 'static>(runner: annals_projections::Runner<S>)
    /// # -> Result<(), annals_projections::RunError> {
    /// # let signal = || async {};
    /// runner.run_until(signal()).await // such as `tokio::signal::ctrl_c()`
    /// # }
    /// ```
    ///
    /// # Errors
    /// It could not start, or not give its leases back.
    pub async fn run_until(self, shutdown: impl Future) -> Result<(), RunError> {
        let running = self.start().await?;
        shutdown.await;
        running.stop().await
    }

    /// Feeds the read models up to where the log ends now, and stops: for tests and jobs.
    /// Where other processes hold leases, it waits for them.
    ///
    /// # Errors
    /// It could not start, or a read model stopped before the end.
    pub async fn run_until_caught_up(self) -> Result<(), RunError> {
        let running = self.start().await?;
        let caught_up = running.caught_up().await;
        let stopped = running.stop().await;
        caught_up.and(stopped)
    }
}

impl<S> fmt::Debug for Runner<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner").field("settings", &self.settings).finish_non_exhaustive()
    }
}
