//! The figures reach a recorder of the crate `metrics`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use annals_processes::{BreakerOptions, CallOptions};
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder, SharedString,
    Unit,
};

use super::domain::Ask;
use super::service::Says;
use super::world::{World, pass};

/// The last value of each figure by its name and labels, and what is described.
#[derive(Clone, Default)]
struct Book {
    figures: Arc<Mutex<BTreeMap<String, f64>>>,
    described: Arc<Mutex<BTreeSet<String>>>,
}

struct Figure(String, Book);

impl Figure {
    fn change(&self, change: impl FnOnce(&mut f64)) {
        change(self.1.figures.lock().unwrap().entry(self.0.clone()).or_default());
    }
}

impl CounterFn for Figure {
    fn increment(&self, value: u64) {
        self.change(|figure| *figure += f64::from(u32::try_from(value).unwrap()));
    }
    fn absolute(&self, _: u64) {}
}

impl GaugeFn for Figure {
    fn increment(&self, value: f64) {
        self.change(|figure| *figure += value);
    }
    fn decrement(&self, value: f64) {
        self.change(|figure| *figure -= value);
    }
    fn set(&self, value: f64) {
        self.change(|figure| *figure = value);
    }
}

impl Book {
    fn figure(&self, key: &Key) -> Arc<Figure> {
        let labels: BTreeSet<_> =
            key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        let labels: Vec<_> = labels.into_iter().collect();
        Arc::new(Figure(format!("{} {}", key.name(), labels.join(" ")), self.clone()))
    }

    fn describe(&self, key: &KeyName) {
        self.described.lock().unwrap().insert(key.as_str().to_owned());
    }

    fn get(&self, figure: &str) -> f64 {
        let figures = self.figures.lock().unwrap();
        *figures.get(figure).unwrap_or_else(|| panic!("no {figure} in {figures:#?}"))
    }
}

impl Recorder for Book {
    fn describe_counter(&self, key: KeyName, _: Option<Unit>, _: SharedString) {
        self.describe(&key);
    }
    fn describe_gauge(&self, key: KeyName, _: Option<Unit>, _: SharedString) {
        self.describe(&key);
    }
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.figure(key))
    }
    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.figure(key))
    }
    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[tokio::test(start_paused = true)]
async fn calls_and_circuits_and_troubles_are_counted() {
    let book = Book::default();
    // For this thread only: other tests have worlds of their own.
    let _recording = metrics::set_default_local_recorder(&book);
    let world = World::new();
    world.service.says(Ask::Pay, Says::NotNow);
    let breaker = BreakerOptions::new().failures(2).open_for(Duration::from_secs(3_600));
    let options = CallOptions::new().within(Duration::from_secs(100_000)).breaker(breaker);
    let worker = world.pays(options).await;
    world.issue(1, &[Ask::Pay, Ask::Mail, Ask::Forgotten]).await;
    pass(60).await;
    assert_eq!(book.get("annals_process_calls kind=pay outcome=failed process=billing"), 2.0);
    assert_eq!(book.get("annals_process_calls kind=mail outcome=done process=billing"), 1.0);
    assert_eq!(book.get("annals_process_retries kind=pay process=billing"), 1.0);
    assert_eq!(book.get("annals_process_commands_in_hand kind=pay process=billing"), 1.0);
    assert_eq!(book.get("annals_process_calls_under_way kind=pay process=billing"), 0.0);
    assert_eq!(book.get("annals_process_commands_in_hand kind=mail process=billing"), 0.0);
    assert_eq!(book.get("annals_process_circuit dependency=billing/pay"), 2.0);
    assert_eq!(book.get("annals_process_circuit_openings dependency=billing/pay"), 1.0);
    assert_eq!(book.get("annals_process_troubles process=billing"), 1.0);
    worker.stop().await.unwrap();
    assert_eq!(book.get("annals_process_commands_in_hand kind=pay process=billing"), 0.0);
    let described = book.described.lock().unwrap();
    for figure in book.figures.lock().unwrap().keys() {
        let name = figure.split(' ').next().unwrap();
        let own = name.starts_with("annals_process_");
        assert!(!own || described.contains(name), "{name} is not described");
    }
}
