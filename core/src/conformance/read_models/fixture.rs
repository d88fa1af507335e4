//! What the suite needs to know of a store of read models.

use std::time::Duration;

use crate::ReadModelStore;
use crate::conformance::Erased;
use crate::read_model::AnyReadModels;

/// How a store of read models is made, and how it is opened.
pub trait ReadModelFixture: Send + Sync + 'static {
    /// A store, apart from any handle: a database's address. When the last clone is
    /// dropped, the suite is done with it.
    type Place: Clone + Send + Sync + 'static;
    /// The store.
    type Store: ReadModelStore;

    /// Makes an empty store.
    fn create(&self) -> impl Future<Output = Self::Place> + Send;

    /// Opens the store, as a process does that has just started; others may have it open.
    fn open(&self, place: Self::Place) -> impl Future<Output = Self::Store> + Send;

    /// Lets time pass by the clock of the store, so that leases run out. It sleeps, unless
    /// the clock of the store can be set.
    fn advance(&self, place: Self::Place, time: Duration) -> impl Future<Output = ()> + Send {
        let _ = place;
        tokio::time::sleep(time)
    }
}

impl<F: ReadModelFixture> ReadModelFixture for Erased<F> {
    type Place = F::Place;
    type Store = AnyReadModels;

    async fn create(&self) -> F::Place {
        self.0.create().await
    }

    async fn open(&self, place: F::Place) -> AnyReadModels {
        self.0.open(place).await.erased()
    }

    async fn advance(&self, place: F::Place, time: Duration) {
        self.0.advance(place, time).await;
    }
}
