//! Publishers at work.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use annals::read_model::ModelId;
use annals::{AnyStore, EventStore, ReadModelStore};
use annals_projections::{Operations, Options, RunError, Runner, Running};

use crate::course::Course;
use crate::error::StartError;
use crate::marks::Marks;
use crate::outlet::Outlet;
use crate::taken::Taken;
use crate::{Publisher, PublisherOperations, Sink};

/// Works on publishers.
///
/// Any number of processes may work on the same publishers: they share the partitions of the
/// log by leases, so that one of them at a time sends what is in a partition.
#[must_use = "publishers do nothing until they are started"]
pub struct Publishers<S> {
    log: AnyStore,
    runner: Runner<S>,
    courses: Vec<Result<Arc<Course>, StartError>>,
}

impl<S: Send + 'static> Publishers<S> {
    /// Publishers of this log. How far each has come is kept in a store of read models.
    pub fn new(log: impl EventStore, models: impl ReadModelStore<Session = S>) -> Self {
        let log = log.erased();
        Self { runner: Runner::new(log.clone(), models), log, courses: Vec::new() }
    }

    /// Works on a publisher.
    pub fn publisher<K: Sink>(mut self, publisher: Publisher<K>) -> Self {
        let Publisher { name, sink, filter, source, from_beginning, slices, step } = publisher;
        let course = self.course(&name, filter, sink.target(), from_beginning);
        if let Ok(course) = &course {
            let source = source.unwrap_or_else(|| format!("urn:uuid:{}", self.log.log().id));
            let (course, source) = (course.clone(), Arc::from(source));
            let outlet = Outlet { course, sink, source, taken: Taken::default() };
            let options = Options::new().slices(slices).batch(step);
            self.runner = self.runner.raw(&name, outlet, options);
        }
        self.courses.push(course);
        self
    }

    fn course(
        &self,
        name: &str,
        filter: annals::store::Filter,
        target: String,
        from_beginning: bool,
    ) -> Result<Arc<Course>, StartError> {
        // Looked at before anything is written to the log under this name.
        ModelId::new(name, 1)?;
        if filter.categories.is_empty() {
            return Err(StartError::NothingChosen { name: name.to_owned() });
        }
        let marks = Marks::new(self.log.clone(), name)?;
        Ok(Arc::new(Course::new(filter, target, marks, from_beginning)))
    }

    /// How long the lease of a crashed process keeps others from taking over; see
    /// [`Runner::lease`]. A call of a sink must not take longer.
    pub fn lease(self, lease: Duration) -> Self {
        Self { runner: self.runner.lease(lease), ..self }
    }

    /// What people call this process; see [`Runner::label`].
    pub fn label(self, label: impl Into<String>) -> Self {
        Self { runner: self.runner.label(label), ..self }
    }

    /// Begins to publish.
    ///
    /// # Errors
    /// See [`StartError`]; nothing is published then.
    ///
    /// # Cancellation
    /// Where the future is dropped nothing is published. From where on publishers publish that
    /// were never started before may be fixed by then.
    pub async fn start(self) -> Result<RunningPublishers, StartError> {
        let Self { log, runner, courses } = self;
        // All are looked at before one begins: from then on it would publish.
        for course in courses.into_iter().collect::<Result<Vec<_>, _>>()? {
            course.begin().await?;
        }
        let running = runner.start().await?;
        Ok(RunningPublishers { running, log })
    }

    /// Publishes until `shutdown` is ready, and stops cleanly.
    ///
    /// # Errors
    /// It could not start, or not give its leases back.
    ///
    /// # Cancellation
    /// Where the future is dropped it is as if [`RunningPublishers`] were.
    pub async fn run_until(self, shutdown: impl Future) -> Result<(), StartError> {
        let running = self.start().await?;
        shutdown.await;
        Ok(running.stop().await?)
    }
}

impl<S> fmt::Debug for Publishers<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publishers").finish_non_exhaustive()
    }
}

/// Publishers at work.
///
/// # Dropping
/// Where it is dropped without [`stop`](Self::stop), calls of sinks are given up and come
/// again, and the leases run out.
#[must_use = "publishers that are dropped stop"]
pub struct RunningPublishers {
    running: Running,
    log: AnyStore,
}

impl RunningPublishers {
    /// How far publishers are behind, whether somebody has to look, and what is parked: by the
    /// name of each, as for a read model.
    #[must_use]
    pub fn operations(&self) -> Operations {
        self.running.operations()
    }

    /// Whether receivers are gone, and what to do about it.
    #[must_use]
    pub fn publishers(&self) -> PublisherOperations {
        PublisherOperations::new(self.log.clone())
    }

    /// Waits until everything that is in the log now was published or parked.
    ///
    /// # Errors
    /// A receiver is gone, or the log or the store failed.
    ///
    /// # Cancellation
    /// Dropping the future changes nothing. It waits as long as a receiver takes nothing now.
    pub async fn caught_up(&self) -> Result<(), RunError> {
        self.running.caught_up().await
    }

    /// Stops: what is in hand is finished, within the time of a lease, and the leases are
    /// handed over.
    ///
    /// # Errors
    /// The leases could not be given back; they run out.
    ///
    /// # Cancellation
    /// Where the future is dropped it is as if the publishers were.
    pub async fn stop(self) -> Result<(), RunError> {
        self.running.stop().await
    }
}

impl fmt::Debug for RunningPublishers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningPublishers").finish_non_exhaustive()
    }
}
