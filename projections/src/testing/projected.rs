//! Given these events, a projection writes these rows.

use std::fmt;
use std::time::Duration;

use annals::history::ImportError;
use annals::read_model::{
    AnyReadModels, AnySession, CommitError, Heartbeat, LetterQuery, ModelId, ReadModelStore,
    SessionMismatch, WorkerId,
};
use annals::{EncodeError, Event, EventStore, Position, StoreError, StreamId, Version};
use tokio::time::timeout;

use super::GivenEvents;
use super::log::GivenLog;
use crate::operations::Comparing;
use crate::{Operations, Options, Projection, RunError, Runner, Views};

/// How long a projection may take in a test.
const LONGEST: Duration = Duration::from_secs(120);

impl<E: Event> GivenEvents<E> {
    /// Runs a projection over the events, with the runner that feeds it in a service, into a
    /// store of read models which the test hands over, new and empty. Then look at the rows:
    /// through a [session](Projected::look), or in the store itself.
    ///
    /// An event that fails is tried once.
    ///
    /// ```
    /// # use annals::{Event, Recorded};
    /// # use annals::read_model::Which;
    /// # use annals_memory::{MemoryReadModels, MemoryTables, TableMismatch};
    /// # use annals_projections::{Projection, testing::{GivenError, given_events}};
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Serialize, Deserialize, Event)]
    /// # #[event(prefix = "account")]
    /// # enum AccountEvent { Deposited { cents: i64 } }
    /// # struct Lines;
    /// # impl Projection<MemoryTables> for Lines {
    /// #     const NAME: &'static str = "lines";
    /// #     type Event = AccountEvent;
    /// #     type Error = TableMismatch;
    /// #     async fn handle(&self, tables: &mut MemoryTables, event: &Recorded<AccountEvent>)
    /// #     -> Result<(), TableMismatch> {
    /// #         let AccountEvent::Deposited { cents } = &event.event;
    /// #         tables.table::<u64, i64>("lines")?.insert(event.version.get(), *cents);
    /// #         Ok(())
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let given = given_events([("account-1", AccountEvent::Deposited { cents: 50 })]);
    /// let projected = given.when_projected(Lines, MemoryReadModels::new()).await?;
    /// let look = async |tables: &mut MemoryTables| {
    ///     Ok::<_, TableMismatch>(tables.table::<u64, i64>("lines")?.get(&1))
    /// };
    /// assert_eq!(projected.look(look).await??, Some(50));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`GivenError`], which names the event that has failed.
    pub async fn when_projected<S, P>(
        &self,
        projection: P,
        models: impl ReadModelStore,
    ) -> Result<Projected, GivenError>
    where
        S: Send + 'static,
        P: Projection<S, Event = E>,
    {
        let log = GivenLog::new(self.log, self.raw()?);
        Projected::run(log, models.erased(), projection).await
    }
}

/// Read models that projections have made of given events.
pub struct Projected {
    log: GivenLog,
    models: AnyReadModels,
    last: ModelId,
}

impl Projected {
    async fn run<S, P>(
        log: GivenLog,
        models: AnyReadModels,
        projection: P,
    ) -> Result<Self, GivenError>
    where
        S: Send + 'static,
        P: Projection<S>,
    {
        let last = ModelId { name: P::NAME.to_owned(), version: P::VERSION };
        let runner = Runner::new(log.clone(), models.clone());
        let runner = runner.projection_through::<S, P>(projection, Options::new().attempts(1));
        let late = |_| GivenError::TimedOut { model: last.clone() };
        timeout(LONGEST, runner.run_until_caught_up()).await.map_err(late)??;
        for letter in models.letters(&LetterQuery::of(&last).limit(100)).await? {
            // The others wait behind it.
            if let Some(reason) = letter.reason {
                return Err(GivenError::Event(Box::new(FailedEvent {
                    model: last,
                    stream: letter.stream,
                    version: letter.version,
                    position: letter.position,
                    name: letter.name,
                    reason,
                })));
            }
        }
        Ok(Self { log, models, last })
    }

    /// Runs another projection over the same events into the same store, such as the next
    /// version of the first one.
    ///
    /// # Errors
    /// See [`GivenError`].
    pub async fn and_projected<S, P>(self, projection: P) -> Result<Self, GivenError>
    where
        S: Send + 'static,
        P: Projection<S>,
    {
        Self::run(self.log, self.models, projection).await
    }

    /// Compares two versions of a projection over the given events; add which differences
    /// are [expected](Comparing::expecting), and await it.
    ///
    /// ```
    /// # use annals_projections::{operations::Failed, testing::Projected};
    /// # async fn example(projected: Projected) -> Result<(), Failed> {
    /// let comparison = projected.compare("lines", [1, 2]).await?;
    /// assert!(comparison.is_as_expected(), "{comparison}");
    /// # Ok(())
    /// # }
    /// ```
    pub fn compare(&self, name: &str, versions: [u32; 2]) -> Comparing<'static> {
        self.operations().compare(name, versions)
    }

    /// Looks at the rows of the projection that was run last, through what it writes
    /// through: names of tables without a schema are its own. What is written stays nowhere.
    ///
    /// # Errors
    /// The session is of another type, or the store failed.
    pub async fn look<S, T>(&self, look: impl AsyncFnOnce(&mut S) -> T) -> Result<T, GivenError>
    where
        S: Send + 'static,
    {
        let name = &self.last.name;
        self.models.check_session::<S>(name)?;
        let model = self.models.models(Some(name)).await?;
        let model = model.into_iter().find(|model| model.declaration.id == self.last);
        let model = model.ok_or_else(|| StoreError::permanent("the read model is gone"))?;
        let heartbeat = Heartbeat {
            worker: WorkerId::new(),
            label: "a test".to_owned(),
            lease: LONGEST,
            models: vec![(self.last.clone(), model.declaration.fingerprint())],
            reports: Vec::new(),
        };
        let share = self.models.share(&heartbeat).await?;
        let lease = share.leases.first();
        let lease = lease.ok_or_else(|| StoreError::permanent("somebody else feeds the store"))?;
        let mut tx: AnySession = self.models.begin(lease).await?;
        let looked = match tx.session_of::<S>() {
            Some(session) => Ok(look(session).await),
            None => Err(StoreError::permanent("the store gives another session").into()),
        };
        drop(tx);
        self.models.leave(heartbeat.worker).await?;
        looked
    }

    /// Status, dead letters and versions of the store.
    #[must_use]
    pub fn operations(&self) -> Operations {
        Operations::any(self.log.clone().erased(), self.models.clone())
    }

    /// The views in the store.
    #[must_use]
    pub fn views(&self) -> Views {
        Views::any(self.models.clone())
    }
}

impl fmt::Debug for Projected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Projected").field("last", &self.last).finish_non_exhaustive()
    }
}

/// An event that a projection has not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailedEvent {
    /// The projection.
    pub model: ModelId,
    /// The event's stream.
    pub stream: StreamId,
    /// Its version.
    pub version: Version,
    /// Which of the given events it is, from 1.
    pub position: Position,
    /// The stored name of its type.
    pub name: String,
    /// What the projection said.
    pub reason: String,
}

impl fmt::Display for FailedEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { model, stream, version, position, name, reason } = self;
        write!(
            f,
            "{model} failed at given event {position}, `{name}` at `{stream}` version {version}: \
             {reason}"
        )
    }
}

/// Why given events could not be read or projected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GivenError {
    /// The projection has failed at an event.
    #[error("{0}")]
    Event(Box<FailedEvent>),
    /// An event cannot be written as a log would hold it.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// An event of a history does not decode.
    #[error(transparent)]
    Decode(#[from] annals::DecodeError),
    /// The history cannot be read.
    #[error(transparent)]
    History(#[from] ImportError),
    /// The runner did not start, or the projection has stopped, as in its `set_up`.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The projection has not come to the end in two minutes: does it wait for something, or
    /// does the store fail again and again?
    #[error("{model} has not come to the end of the given events in time")]
    TimedOut {
        /// The projection.
        model: ModelId,
    },
    /// The store gives another session than was asked for.
    #[error(transparent)]
    Session(#[from] SessionMismatch),
    /// The rows could not be looked at.
    #[error(transparent)]
    Look(#[from] CommitError),
    /// The store of the read models failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
