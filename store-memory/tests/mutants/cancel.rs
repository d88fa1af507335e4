//! A9: stores that do not bear being dropped half-way.

use annals::EventStore;
use annals::store::{Append, Appended};
use annals_memory::MemoryStore;
use tokio::sync::Semaphore;
use tokio::task::yield_now;

use crate::mutant::{Answer, Mutation, caught, only_write};

caught! {
    a9_waiting_between_the_writes: "a9_", |_| Waits;
    a9_keeping_the_turn_when_dropped: "a9_", |_| KeepsItsTurn::new();
    a9_beginning_before_it_is_polled: "a9_", |_| Begins;
}

#[derive(Debug)]
pub(crate) struct Waits;

impl Mutation for Waits {
    fn append<'a>(&'a self, store: &'a MemoryStore, append: Append) -> Answer<'a> {
        Box::pin(async move {
            let mut all: Option<Appended> = None;
            for at in 0..append.writes.len() {
                let done = store.append(only_write(&append, at)).await?;
                yield_now().await;
                match &mut all {
                    None => all = Some(done),
                    Some(all) => all.writes.extend(done.writes),
                }
            }
            Ok(all.expect("it has writes"))
        })
    }
}

#[derive(Debug)]
struct KeepsItsTurn(Semaphore);

impl KeepsItsTurn {
    fn new() -> Self {
        Self(Semaphore::new(1))
    }
}

impl Mutation for KeepsItsTurn {
    fn append<'a>(&'a self, store: &'a MemoryStore, append: Append) -> Answer<'a> {
        Box::pin(async move {
            self.0.acquire().await.expect("it is never closed").forget();
            yield_now().await;
            let done = store.append(append).await;
            self.0.add_permits(1);
            done
        })
    }
}

#[derive(Debug)]
struct Begins;

impl Mutation for Begins {
    fn append<'a>(&'a self, store: &'a MemoryStore, append: Append) -> Answer<'a> {
        let store = store.clone();
        let begun = tokio::spawn(async move { store.append(append).await });
        Box::pin(async move { begun.await.expect("it does not panic") })
    }
}
