//! The writer's figures reach a recorder of the crate `metrics`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]
#![cfg(feature = "metrics")]

#[path = "helpers/log.rs"]
mod log;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use annals::store::{Append, Limits};
use annals::{EventStore, Version};
use annals_postgres::PostgresStore;
use annals_postgres::testing::Server;
use futures::future::join_all;
use log::{append, event, stream};
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};

type Figures = Arc<Mutex<HashMap<String, Vec<f64>>>>;

/// Keeps every figure, and what is said of it.
#[derive(Clone, Default)]
struct Book {
    figures: Figures,
    described: Arc<Mutex<Vec<String>>>,
}

/// One figure of the book.
struct Entry(String, Figures);

impl Entry {
    fn add(&self, value: f64) {
        self.1.lock().unwrap().entry(self.0.clone()).or_default().push(value);
    }
}

impl CounterFn for Entry {
    fn increment(&self, value: u64) {
        (0..value).for_each(|_| self.add(1.0));
    }
    fn absolute(&self, _: u64) {}
}

impl GaugeFn for Entry {
    fn increment(&self, _: f64) {}
    fn decrement(&self, _: f64) {}
    fn set(&self, value: f64) {
        self.add(value);
    }
}

impl HistogramFn for Entry {
    fn record(&self, value: f64) {
        self.add(value);
    }
}

impl Book {
    fn entry(&self, key: &Key) -> Arc<Entry> {
        Arc::new(Entry(key.name().to_owned(), self.figures.clone()))
    }
    fn describe(&self, name: &KeyName) {
        self.described.lock().unwrap().push(name.as_str().to_owned());
    }
    fn of(&self, name: &str) -> Vec<f64> {
        self.figures.lock().unwrap().get(name).cloned().unwrap_or_default()
    }
}

impl Recorder for Book {
    fn describe_counter(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.describe(&name);
    }
    fn describe_gauge(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.describe(&name);
    }
    fn describe_histogram(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.describe(&name);
    }
    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        self.entry(key).into()
    }
    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        self.entry(key).into()
    }
    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        self.entry(key).into()
    }
}

#[tokio::test]
async fn the_figures_of_the_writer_are_recorded_and_described() {
    let book = Book::default();
    metrics::set_global_recorder(book.clone()).unwrap();
    let server = Server::start().await.unwrap();
    PostgresStore::migrate(server.url()).await.unwrap();
    let builder = PostgresStore::builder(server.url()).limits(Limits::default()).batch(10);
    let store = builder.connect().await.unwrap();
    // On one thread all of them are in the queue before the writer looks.
    let all = join_all((0..30).map(|nth| store.append(append(nth)))).await;
    assert!(all.into_iter().all(|one| one.is_ok()));
    let stale = Append::to(stream(1), Version::NONE, vec![event()]);
    store.append(stale).await.unwrap_err();

    assert_eq!(book.of("annals_appends").len(), 30);
    assert_eq!(book.of("annals_conflicts").len(), 1);
    assert_eq!(book.of("annals_batch_appends").iter().sum::<f64>(), 31.0);
    assert!(book.of("annals_batch_appends").contains(&10.0));
    let depth = book.of("annals_queue_appends");
    assert!(depth.iter().any(|waiting| *waiting > 0.0), "{depth:?}");
    assert_eq!(book.of("annals_queue_wait_seconds").len(), 31);
    let batches = book.of("annals_batch_appends").len();
    assert_eq!(book.of("annals_commit_seconds").len(), batches);
    let locks = book.of("annals_lock_wait_seconds");
    assert!(locks.len() == batches && locks.iter().all(|wait| (0.0..30.0).contains(wait)));

    // A batch that is lost on the way is in doubt; without an exact version it stays so.
    let locked = sqlx::PgPool::connect(&server.url()).await.unwrap();
    let mut tx = locked.begin().await.unwrap();
    let lock =
        "SELECT pg_advisory_xact_lock('annals.events'::regclass::oid::bigint::bit(32)::int, 0)";
    sqlx::query(lock).execute(&mut *tx).await.unwrap();
    let waits = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'advisory'";
    let end = async {
        loop {
            let found: Option<i32> =
                sqlx::query_scalar(waits).fetch_optional(&locked).await.unwrap();
            if let Some(pid) = found {
                let end = sqlx::query("SELECT pg_terminate_backend($1)").bind(pid);
                end.execute(&locked).await.unwrap();
                return;
            }
        }
    };
    let (unknown, ()) = tokio::join!(store.append(append(1)), end);
    assert!(matches!(unknown, Err(annals::AppendError::Unknown(_))), "{unknown:?}");
    assert_eq!((book.of("annals_doubts").len(), book.of("annals_unknowns").len()), (1, 1));

    // Each figure is described, for the recorder and for operators.
    let page = include_str!("../docs/operations.md");
    let described = book.described.lock().unwrap().clone();
    for name in book.figures.lock().unwrap().keys() {
        assert!(described.contains(name), "{name} is not described");
    }
    for name in described {
        assert!(page.contains(&format!("`{name}`")), "{name} is not on the page");
    }
}
