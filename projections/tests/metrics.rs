//! The figures of read models reach a recorder of the crate `metrics`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]
#![cfg(feature = "metrics")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use annals::codec::Codec;
use annals::store::{Append, NewEvent};
use annals::{EventStore, ExpectedVersion, Recorded, StreamId};
use annals_memory::{MemoryReadModels, MemoryStore};
use annals_projections::{Keys, Operations, Runner, View};
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder, SharedString,
    Unit,
};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

/// The last value of each figure by its name and labels, and what is described.
#[derive(Clone, Default)]
struct Book {
    figures: Arc<Mutex<BTreeMap<String, f64>>>,
    described: Arc<Mutex<BTreeSet<String>>>,
}

struct Figure(String, Book);

impl CounterFn for Figure {
    fn increment(&self, value: u64) {
        *self.1.figures.lock().unwrap().entry(self.0.clone()).or_default() +=
            f64::from(u32::try_from(value).unwrap());
    }
    fn absolute(&self, _: u64) {}
}

impl GaugeFn for Figure {
    fn increment(&self, _: f64) {}
    fn decrement(&self, _: f64) {}
    fn set(&self, value: f64) {
        self.1.figures.lock().unwrap().insert(self.0.clone(), value);
    }
}

impl Book {
    fn figure(&self, key: &Key) -> Arc<Figure> {
        let labels: Vec<_> = key.labels().map(|l| format!("{}={}", l.key(), l.value())).collect();
        Arc::new(Figure(format!("{} {}", key.name(), labels.join(",")), self.clone()))
    }
    fn describe(&self, name: &KeyName) {
        self.described.lock().unwrap().insert(name.as_str().to_owned());
    }
    fn of(&self, figure: &str) -> Option<f64> {
        self.figures.lock().unwrap().get(figure).copied()
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
        self.figure(key).into()
    }
    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        self.figure(key).into()
    }
    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[derive(Clone, Serialize, Deserialize, annals::Event)]
#[event(prefix = "account")]
enum AccountEvent {
    Deposited { cents: u64 },
}

#[derive(Default, Serialize, Deserialize)]
struct Balance {
    cents: u64,
}

impl View for Balance {
    const NAME: &'static str = "balances";
    type Key = String;
    type Event = AccountEvent;

    fn keys(event: &Recorded<AccountEvent>) -> Keys<String> {
        Keys::one(event.stream.key().to_owned())
    }

    fn evolve(&mut self, _: &String, event: &Recorded<AccountEvent>) {
        let AccountEvent::Deposited { cents } = event.event;
        assert_ne!(cents, 13, "poison");
        self.cents += cents;
    }
}

async fn deposit(log: &MemoryStore, account: u64, cents: u64) {
    let event = NewEvent::encode(Codec::Json, &AccountEvent::Deposited { cents }).unwrap();
    let stream = StreamId::new("account", account).unwrap();
    log.append(Append::to(stream, ExpectedVersion::Any, vec![event])).await.unwrap();
}

/// Looks until the figures are what they should be.
async fn report_until(operations: &Operations, told: impl Fn() -> bool) {
    let report = operations.report(Duration::from_millis(100));
    let until = async {
        while !told() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let both = async {
        tokio::select! { _ = report => {}, () = until => {} }
    };
    timeout(Duration::from_secs(20), both).await.expect("the figures are told");
}

#[tokio::test]
async fn the_figures_of_read_models_are_recorded_and_described() {
    let book = Book::default();
    metrics::set_global_recorder(book.clone()).unwrap();
    let (log, models) = (MemoryStore::new(), MemoryReadModels::new());
    for cents in [1, 13, 2] {
        deposit(&log, cents, cents).await;
    }
    let runner = || Runner::new(log.clone(), models.clone()).view::<Balance>();
    runner().run_until_caught_up().await.unwrap();
    let of = "read_model=balances,version=1";
    assert_eq!(book.of(&format!("annals_read_model_events {of}")), Some(3.0));
    assert_eq!(book.of(&format!("annals_read_model_parked {of}")), Some(1.0));
    assert!(book.of(&format!("annals_read_model_steps {of}")).unwrap() >= 1.0);

    deposit(&log, 1, 5).await;
    let operations = Operations::new(log.clone(), models.clone());
    let of = "read_model=balances,version=1,partition=0,slice=0";
    let gauge = |name: &str| book.of(&format!("annals_read_model_{name} {of}"));
    let health = || book.of("annals_read_models_health ");
    report_until(&operations, || health().is_some()).await;
    assert_eq!(gauge("lag_events"), Some(1.0));
    assert!(gauge("lag_seconds").unwrap() >= 0.0);
    assert_eq!(gauge("parked_events"), Some(1.0));
    assert_eq!(gauge("stuck"), Some(1.0), "nobody feeds it");
    assert_eq!(health(), Some(1.0));

    runner().run_until_caught_up().await.unwrap();
    report_until(&operations, || gauge("stuck") == Some(0.0)).await;
    assert_eq!(gauge("lag_events"), Some(0.0));

    let names = ["steps", "events", "parked", "troubles", "lag_events", "lag_seconds"];
    let names = names.into_iter().chain(["parked_events", "stuck"]);
    let described = book.described.lock().unwrap();
    for name in names.map(|name| format!("annals_read_model_{name}")) {
        assert!(described.contains(&name), "{name}");
    }
    assert!(described.contains("annals_read_models_health"));
}
