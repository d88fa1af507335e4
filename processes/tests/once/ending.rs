//! How a run has ended: what the log says, and the bank.

use std::collections::BTreeMap;

use annals::EventStore;
use annals::store::LogQuery;
use futures::TryStreamExt;
use serde_json::Value;

use super::place::Place;

/// What is left of a run, without times, ids and places in the log.
#[derive(Debug, PartialEq, Eq)]
pub struct Ending {
    /// The events of each stream.
    streams: BTreeMap<String, Vec<String>>,
    authorized: Vec<String>,
    void: Vec<String>,
}

impl Ending {
    /// Of the orders whose names contain `run`; it is put as `RUN`.
    pub async fn of(place: &Place, run: &str) -> Self {
        let mut streams = BTreeMap::<String, Vec<String>>::new();
        for partition in place.log.log().partitions.iter() {
            let mut events = place.log.read_all(LogQuery::partition(partition));
            while let Some(raw) = events.try_next().await.unwrap() {
                if !raw.stream.key().contains(run) {
                    continue;
                }
                let mut payload: Value =
                    serde_json::from_str(raw.event.as_json_text().unwrap()).unwrap();
                strip(&mut payload);
                let text = format!("{} {payload}", raw.name).replace(run, "RUN");
                let stream = raw.stream.to_string().replace(run, "RUN");
                streams.entry(stream).or_default().push(text);
            }
        }
        for (stream, events) in &mut streams {
            // Orders meet there in any order.
            if stream.starts_with("stock") {
                events.sort();
            }
        }
        let of_run = |done: &BTreeMap<String, String>| {
            let done = done.iter().filter(|(_, order)| order.contains(run));
            done.map(|(key, order)| format!("{key} {order}").replace(run, "RUN")).collect()
        };
        let authorized = of_run(&place.bank.authorized.lock().unwrap());
        let void = of_run(&place.bank.void.lock().unwrap());
        Self { streams, authorized, void }
    }

    /// Whatever other runs end as: each order is shipped or cancelled, once, and stock and bank
    /// agree with that.
    pub fn verify(&self) {
        let (mut shipped, mut cancelled) = (0, 0);
        for (stream, events) in &self.streams {
            let Some(order) = stream.strip_prefix("order-") else { continue };
            assert_eq!(events.len(), 2, "{stream}: {events:?}");
            let is_good = order.starts_with("good") || order.starts_with("stopped");
            let end = if is_good { "order.shipped" } else { "order.cancelled" };
            assert!(events[1].starts_with(end), "{stream}: {events:?}");
            *(if is_good { &mut shipped } else { &mut cancelled }) += 1;
        }
        let stock = self.streams.iter().find(|(stream, _)| stream.starts_with("stock-apple"));
        let (_, stock) = stock.expect("goods");
        let count = |name| stock.iter().filter(|event| event.starts_with(name)).count();
        assert_eq!(count("stock.reserved"), shipped + cancelled, "{stock:?}");
        assert_eq!(count("stock.released"), cancelled, "{stock:?}");
        let of = |done: &[String], kind| done.iter().filter(|entry| entry.contains(kind)).count();
        assert_eq!(of(&self.authorized, "refused"), 0);
        for kind in ["doubt", "stuck", "slow"] {
            assert_eq!(of(&self.authorized, kind), of(&self.void, kind), "{self:?}");
        }
    }
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| {
                !matches!(name.as_str(), "due" | "id" | "partition" | "position")
            });
            fields.values_mut().for_each(strip);
        }
        Value::Array(values) => values.iter_mut().for_each(strip),
        _ => {}
    }
}
