//! Hands the events of the log to the instances that they are for.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

use annals::{Metadata, Origin, Position, Recorded, StreamId};
use annals_projections::ExternalProjection;
use futures::StreamExt;
use futures::stream;

use crate::boundary::Boundary;
use crate::engine::Incoming;
use crate::error::ProcessError;
use crate::instances::{Instances, category};
use crate::{Process, Route};

/// How many instances take events in at once.
const AT_ONCE: usize = 64;

/// Hands events to instances, at least once and in order; an instance knows what it has taken
/// in.
pub(crate) struct Reactor<P: Process> {
    pub(crate) instances: Arc<Instances<P>>,
    /// From where on the process follows the log; set before it is started.
    pub(crate) behind: Arc<OnceLock<Vec<Position>>>,
}

impl<P: Process> Reactor<P> {
    /// For which instance an event is; `None` if it is for nobody.
    fn route(&self, event: &Recorded<P::Input>) -> Option<Route> {
        // What an imported event asks for has been seen to where it was recorded.
        if event.origin == Origin::Imported || !self.follows(event) {
            return None;
        }
        let route = P::route(event);
        route.key().is_some().then_some(route)
    }

    fn follows(&self, event: &Recorded<P::Input>) -> bool {
        let behind = self.behind.get().and_then(|all| all.get(event.partition.index()));
        behind.is_none_or(|behind| event.position > *behind)
    }

    /// Gives one instance its events, in their order.
    async fn give(
        &self,
        key: String,
        events: Vec<(&Recorded<P::Input>, bool)>,
    ) -> Result<(), ProcessError> {
        for (event, starts) in events {
            let incoming = Incoming::Event { event, starts, late: false };
            let metadata = Metadata::caused_by(event);
            self.instances.hook.at(Boundary::EventInHand).await;
            let taken = self.instances.advance(&key, &incoming, &metadata).await?;
            if let Err(ignored) = taken {
                tracing::debug!(
                    target: "annals", process = P::NAME, ?ignored, name = %event.name,
                    "an event is for an instance that does not take it in"
                );
            }
        }
        Ok(())
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
        let mut by_key = BTreeMap::<String, Vec<_>>::new();
        for &event in events {
            let Some(route) = self.route(event) else { continue };
            let Some(key) = route.key() else { continue };
            by_key.entry(key.to_owned()).or_default().push((event, route.starts()));
        }
        let gifts: Vec<_> =
            by_key.into_iter().map(|(key, events)| self.give(key, events)).collect();
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

    /// An instance that newer code has moved on waits for newer code: it is on its way.
    fn is_transient(error: &ProcessError) -> bool {
        let of_newer_code = matches!(error, ProcessError::Decode(_) | ProcessError::Unreadable(_));
        error.is_transient() || of_newer_code
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
