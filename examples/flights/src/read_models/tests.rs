//! What is kept is what a replay of the log gives, however many workers have fed it.

use annals::Repository;
use annals_postgres::testing::Database;
use annals_projections::replay;

use super::*;
use crate::csv_rows::Rows;
use crate::import::import;
use crate::{JANUARY, storage};

/// Imports a part of January while workers feed, and compares.
async fn kept_is_replayed(store: &str, workers: u8) {
    let storage = storage::open(store, "flights").await.unwrap();
    let rows: Vec<_> =
        Rows::read(JANUARY).unwrap().step_by(40).map(|row| row.unwrap().unwrap()).collect();
    let workers = Workers::start(&storage, workers).await.unwrap();
    let flights = Repository::<Flight>::new(storage.store.clone());
    import(&flights, &rows, storage.concurrent_flights, true).await.unwrap();
    workers.caught_up().await.unwrap();
    workers.stop().await.unwrap();

    compare::<Tally>(&storage).await;
    let replayed = compare::<Flight>(&storage).await;
    assert_eq!(replayed.len(), rows.len());
    let aircraft = |flight: &Flight| flight.plan.as_ref().and_then(|plan| plan.aircraft.clone());
    for (_, flight) in replayed.iter().step_by(50) {
        let Some(tail) = aircraft(flight) else { continue };
        let of_it = replayed.iter().filter(|(_, other)| aircraft(other).as_ref() == Some(&tail));
        let of_it: Vec<_> = of_it.map(|(flight, _)| flight.clone()).collect();
        assert_eq!(storage.legs(&tail).await.unwrap(), of_it, "{tail}");
    }
    for name in [Tally::NAME, <Flight as View>::NAME, crate::legs::NAME] {
        let audit = storage.operations().audit(name, None).await.unwrap();
        assert!(audit.is_clean(), "{audit}");
    }
}

async fn compare<V: View + PartialEq + std::fmt::Debug>(storage: &Storage) -> Vec<(V::Key, V)> {
    let replayed: Vec<_> = replay::<V>(&storage.store).await.unwrap().into_iter().collect();
    assert_eq!(all::<V>(&storage.views()).await.unwrap(), replayed);
    replayed
}

#[tokio::test]
async fn in_memory_by_one_worker() {
    kept_is_replayed("memory", 1).await;
}

#[tokio::test]
async fn in_memory_by_three_workers() {
    kept_is_replayed("memory", 3).await;
}

#[tokio::test]
async fn on_postgresql_by_one_worker() {
    let database = Database::create().await.unwrap();
    kept_is_replayed(database.url(), 1).await;
}

#[tokio::test]
async fn on_postgresql_by_three_workers() {
    let database = Database::create().await.unwrap();
    kept_is_replayed(database.url(), 3).await;
}
