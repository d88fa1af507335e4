//! The events of a step, typed.

use std::sync::Arc;

use annals::{Event, Recorded};

use super::handler::Chosen;
use super::page::{Decoding, Page};

/// Reads the events of a step as `E`, page by page.
pub(crate) struct Typed<E> {
    page: Option<(Arc<Page>, Arc<Decoding<E>>)>,
}

impl<E: Event> Typed<E> {
    pub(crate) fn new() -> Self {
        Self { page: None }
    }

    /// The first event that does not decode, and why.
    pub(crate) fn first_unreadable(&mut self, events: &[Chosen]) -> Option<(usize, String)> {
        let mut numbered = events.iter().enumerate();
        numbered.find_map(|(nth, chosen)| Some((nth, self.get(chosen).err()?)))
    }

    /// The event; else why it does not decode.
    pub(crate) fn get(&mut self, chosen: &Chosen) -> Result<&Recorded<E>, String> {
        let known = self.page.as_ref().is_some_and(|(page, _)| Arc::ptr_eq(page, &chosen.page));
        if !known {
            self.page = Some((chosen.page.clone(), chosen.page.decoded::<E>()));
        }
        let decoded = self.page.as_ref().and_then(|(_, decoded)| decoded.get());
        match decoded.and_then(|decoded| decoded[chosen.index].as_ref()) {
            Some(Ok(event)) => Ok(event),
            Some(Err(reason)) => Err(reason.clone()),
            None => Err("the event is not one of the read model's".to_owned()),
        }
    }
}

/// The decoded pages behind a step, for handlers that take many events at once.
pub(crate) struct Held<E>(Vec<(Arc<Decoding<E>>, usize)>);

impl<E: Event> Held<E> {
    pub(crate) fn new(events: &[Chosen]) -> Self {
        let mut last: Option<(&Arc<Page>, Arc<Decoding<E>>)> = None;
        let mut held = Vec::with_capacity(events.len());
        for Chosen { page, index } in events {
            let decoded = match &last {
                Some((known, decoded)) if Arc::ptr_eq(known, page) => decoded.clone(),
                _ => page.decoded::<E>(),
            };
            last = Some((page, decoded.clone()));
            held.push((decoded, *index));
        }
        Self(held)
    }

    /// All of them, which decode: the runner hands out no others.
    pub(crate) fn events(&self) -> Vec<&Recorded<E>> {
        self.0.iter().filter_map(|(decoded, index)| one(decoded, *index)).collect()
    }
}

fn one<E>(decoded: &Decoding<E>, index: usize) -> Option<&Recorded<E>> {
    decoded.get()?[index].as_ref()?.as_ref().ok()
}
