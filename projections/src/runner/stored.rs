//! Feeds what takes events as they are stored.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use annals::StreamId;
use annals::read_model::{AnyReadModels, AnySession};
use futures::FutureExt;
use futures::future::BoxFuture;

use super::handler::{Chosen, Failure, Handler, explained, panicked};
use crate::{RawProjection, Verdict};

/// It decodes nothing, so that no event is unreadable, and the key of each is its stream.
pub(crate) struct Stored<P>(pub(crate) Arc<P>);

impl<P: RawProjection> Handler for Stored<P> {
    fn unreadable(&self, _: &[Chosen]) -> Option<(usize, String)> {
        None
    }

    fn keys(&self, event: &Chosen) -> Result<Vec<String>, String> {
        Ok(vec![event.raw().stream.to_string()])
    }

    fn key_of_stream(&self, stream: &StreamId) -> Option<String> {
        Some(stream.to_string())
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
            let raw: Vec<_> = events.iter().map(Chosen::raw).collect();
            match AssertUnwindSafe(self.0.handle(&raw)).catch_unwind().await {
                Ok(Ok(())) => Ok(()),
                Ok(Err(error)) => Err(failure(P::verdict(&error), explained(&error))),
                Err(panic) => {
                    let reason = panicked(&*panic);
                    Err(Failure::Event { nth: None, reason, certain: false })
                }
            }
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

fn failure(verdict: Verdict, reason: String) -> Failure {
    match verdict {
        Verdict::UnderWay => Failure::UnderWay(reason),
        Verdict::Passing => Failure::Passing(reason),
        Verdict::Standing => Failure::Standing(reason),
        Verdict::Event(nth) => Failure::Event { nth: Some(nth), reason, certain: true },
    }
}
