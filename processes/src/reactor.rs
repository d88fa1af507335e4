//! Hands the events of the log to the instances that they are for.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use annals::{Metadata, Recorded, StreamId};
use annals_projections::ExternalProjection;
use futures::StreamExt;
use futures::stream;
use tokio::time::Instant;

use crate::boundary::Boundary;
use crate::engine::Incoming;
use crate::error::ProcessError;
use crate::instances::{Instances, category};
use crate::mark::Mark;
use crate::{Process, Route};

/// How many instances take events in at once.
const AT_ONCE: usize = 64;

/// How long a worker leaves instances to newer code, counted from the first such instance that it
/// meets. A worker that is still there then is not being replaced: its events are parked, so
/// that others go on.
const DEPLOY: Duration = Duration::from_secs(5 * 60);

/// Hands events to instances, at least once and in order; an instance knows what it has taken
/// in.
pub(crate) struct Reactor<P: Process> {
    pub(crate) instances: Arc<Instances<P>>,
    /// From where on the process follows the log; set before it is started.
    pub(crate) mark: Arc<OnceLock<Mark>>,
    /// Since when this worker has met instances that newer code has moved on.
    pub(crate) outdated: OnceLock<Instant>,
}

impl<P: Process> Reactor<P> {
    /// For which instance an event is; `None` if it is for nobody.
    fn route(&self, event: &Recorded<P::Input>) -> Option<Route> {
        if !self.mark.get().is_none_or(|mark| mark.follows(event)) {
            return None;
        }
        let route = P::route(event);
        route.key().is_some().then_some(route)
    }

    /// Gives one instance its events, in their order.
    async fn give(
        &self,
        key: String,
        events: Vec<(&Recorded<P::Input>, bool)>,
        late: bool,
    ) -> Result<(), ProcessError> {
        for (event, starts) in events {
            let incoming = Incoming::Event { event, starts, late };
            let metadata = Metadata::caused_by(event);
            self.instances.hook.at(Boundary::EventInHand).await;
            let taken = self.instances.advance(&key, &incoming, &metadata).await;
            let taken = taken.map_err(|error| self.waiting_for_newer_code(error))?;
            if let Err(ignored) = taken {
                tracing::debug!(
                    target: "annals", process = P::NAME, ?ignored, name = %event.name,
                    "an event is for an instance that does not take it in"
                );
            }
        }
        Ok(())
    }

    async fn hand_over(
        &self,
        events: &[&Recorded<P::Input>],
        late: bool,
    ) -> Result<(), ProcessError> {
        let mut by_key = BTreeMap::<String, Vec<_>>::new();
        for &event in events {
            let Some(route) = self.route(event) else { continue };
            let Some(key) = route.key() else { continue };
            by_key.entry(key.to_owned()).or_default().push((event, route.starts()));
        }
        let gifts: Vec<_> =
            by_key.into_iter().map(|(key, events)| self.give(key, events, late)).collect();
        let mut given = stream::iter(gifts).buffer_unordered(AT_ONCE);
        let mut worst: Option<ProcessError> = None;
        // All are given theirs, also where one fails: they are in nobody's way.
        while let Some(result) = given.next().await {
            let Err(error) = result else { continue };
            // What passes is told first, because then all of it comes again.
            if worst.as_ref().is_none_or(|worst| !worst.is_transient()) {
                worst = Some(error);
            }
        }
        self.instances.hook.at(Boundary::BeforeCheckpoint).await;
        worst.map_or(Ok(()), Err)
    }

    /// What newer code has written is left to newer code, which is on its way, for a while.
    fn waiting_for_newer_code(&self, error: ProcessError) -> ProcessError {
        match error {
            ProcessError::Decode(_) | ProcessError::Unreadable(_) => {
                let since = *self.outdated.get_or_init(Instant::now);
                if since.elapsed() < DEPLOY {
                    ProcessError::NewerCode(error.to_string())
                } else {
                    error
                }
            }
            error => error,
        }
    }
}

impl<P: Process> ExternalProjection for Reactor<P> {
    const NAME: &'static str = P::NAME;
    /// What has happened before is not for it.
    const FROM_NOW_ON: bool = true;
    const REVISION: u32 = P::REVISION;
    type Event = P::Input;
    type Error = ProcessError;

    async fn handle(&self, events: &[&Recorded<P::Input>]) -> Result<(), ProcessError> {
        self.hand_over(events, false).await
    }

    async fn revive(&self, event: &Recorded<P::Input>) -> Result<(), ProcessError> {
        self.hand_over(&[event], true).await
    }

    fn is_transient(error: &ProcessError) -> bool {
        error.is_transient()
    }

    /// The instance: where it cannot take an event in, those behind it wait.
    fn key(event: &Recorded<P::Input>) -> String {
        // A panic, or a key that names no instance, is told when the event is handed over; it
        // concerns the stream of the event, and holds up nobody else.
        let nobody = || format!("nobody/{}", event.stream);
        let Ok(route) = catch_unwind(AssertUnwindSafe(|| P::route(event))) else { return nobody() };
        match route.key() {
            Some(key) if StreamId::new(&category(P::NAME), key).is_ok() => format!("for/{key}"),
            _ => nobody(),
        }
    }

    fn key_of_stream(_: &StreamId) -> Option<String> {
        None
    }
}
