//! Feeds a projection of the user's own.

use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use annals::read_model::{AnyReadModels, AnySession};
use annals::{Event, Recorded, StreamId};
use futures::FutureExt;
use futures::future::BoxFuture;

use super::events::{Held, Typed};
use super::handler::{Chosen, Failure, Handler, explained, panicked};
use super::progress;
use crate::{ExternalProjection, Projection};

/// A projection in the store's own transaction.
pub(crate) struct Rows<P, S> {
    projection: Arc<P>,
    models: AnyReadModels,
    session: PhantomData<fn(S)>,
}

impl<P, S> Rows<P, S> {
    pub(crate) fn new(projection: Arc<P>, models: AnyReadModels) -> Self {
        Self { projection, models, session: PhantomData }
    }
}

/// What a handler's own future has come to.
async fn handled<E: std::error::Error + Send + Sync + 'static>(
    work: impl Future<Output = Result<(), E>>,
    may_pass: impl FnOnce(&E) -> bool,
) -> Result<(), Failure> {
    let event = |reason| Failure::Event { nth: None, reason, certain: false };
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) if may_pass(&error) => Err(Failure::Passing(explained(&error))),
        Ok(Err(error)) => Err(event(explained(&error))),
        Err(panic) => Err(event(panicked(&*panic))),
    }
}

/// The key of an event, which the user's code computes.
fn key<E: Event>(chosen: &Chosen, key: fn(&Recorded<E>) -> String) -> Result<Vec<String>, String> {
    let mut typed = Typed::<E>::new();
    let event = typed.get(chosen)?;
    let key = catch_unwind(AssertUnwindSafe(|| key(event)));
    let key = key.map_err(|panic| panicked(&*panic))?;
    let text = annals::read_model::DocumentKey::Text(key);
    text.check().map_err(|error| error.to_string())?;
    Ok(vec![text.to_string()])
}

impl<S: Send + 'static, P: Projection<S>> Handler for Rows<P, S> {
    fn unreadable(&self, events: &[Chosen]) -> Option<(usize, String)> {
        Typed::<P::Event>::new().first_unreadable(events)
    }

    fn keys(&self, event: &Chosen) -> Result<Vec<String>, String> {
        key(event, P::key)
    }

    fn key_of_stream(&self, stream: &StreamId) -> Option<String> {
        P::key_of_stream(stream)
    }

    fn set_up<'a>(&'a mut self, tx: &'a mut AnySession) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let session = session::<S>(tx)?;
            let made = handled(self.projection.set_up(session), |e| self.models.may_pass(e)).await;
            // No event is to blame.
            made.map_err(|failure| match failure {
                Failure::Event { reason, .. } => Failure::Standing(format!("set_up: {reason}")),
                failure => failure,
            })
        })
    }

    fn apply<'a>(
        &'a mut self,
        models: &'a AnyReadModels,
        tx: &'a mut AnySession,
        events: &'a [Chosen],
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let held = Held::<P::Event>::new(events);
            let session = session::<S>(tx)?;
            let events = held.events();
            let work = async { self.projection.handle_batch(session, &events).await };
            let work = handled(work, |error| models.may_pass(error));
            let (done, reached) = progress::followed(&events, work).await;
            done.map_err(|failure| match failure {
                Failure::Event { reason, certain, .. } => {
                    Failure::Event { nth: reached, reason, certain }
                }
                failure => failure,
            })
        })
    }
}

/// The session was compared when the runner started.
fn session<S: Send + 'static>(tx: &mut AnySession) -> Result<&mut S, Failure> {
    let wrong = || Failure::Standing("the store gives another session".to_owned());
    tx.session_of::<S>().ok_or_else(wrong)
}

/// A projection that lives elsewhere.
pub(crate) struct Elsewhere<P>(pub(crate) Arc<P>);

impl<P: ExternalProjection> Handler for Elsewhere<P> {
    fn unreadable(&self, events: &[Chosen]) -> Option<(usize, String)> {
        Typed::<P::Event>::new().first_unreadable(events)
    }

    fn keys(&self, event: &Chosen) -> Result<Vec<String>, String> {
        key(event, P::key)
    }

    fn key_of_stream(&self, stream: &StreamId) -> Option<String> {
        P::key_of_stream(stream)
    }

    /// No transaction is kept open while others work.
    fn takes_pieces(&self) -> bool {
        false
    }

    fn hands_over(&self) -> bool {
        true
    }

    fn hand_over<'a>(&'a mut self, events: &'a [Chosen]) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let held = Held::<P::Event>::new(events);
            taken::<P>(async { self.0.handle(&held.events()).await }).await
        })
    }

    fn revive<'a>(&'a mut self, event: &'a Chosen) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let held = Held::<P::Event>::new(std::slice::from_ref(event));
            let events = held.events();
            // One that cannot be read was told before.
            let Some(event) = events.first() else { return Ok(()) };
            taken::<P>(async { self.0.revive(event).await }).await
        })
    }

    fn apply<'a>(
        &'a mut self,
        _: &'a AnyReadModels,
        _: &'a mut AnySession,
        _: &'a [Chosen],
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// What became of events that were handed over.
async fn taken<P: ExternalProjection>(
    work: impl Future<Output = Result<(), P::Error>> + Send,
) -> Result<(), Failure> {
    let mut under_way = false;
    let may_pass = |error: &P::Error| {
        under_way = P::is_under_way(error);
        under_way || P::is_transient(error)
    };
    handled(work, may_pass).await.map_err(|failure| match failure {
        Failure::Passing(reason) if under_way => Failure::UnderWay(reason),
        failure => failure,
    })
}
