//! A log, a store of read models and a service, all by one clock that tests move.

use std::sync::Arc;
use std::time::Duration;

use annals::read_model::AnyReadModels;
use annals::store::StreamQuery;
use annals::{AnyStore, Clock, EventStore, ReadModelStore, Repository, StreamId};
use annals_memory::{MemoryReadModels, MemoryStore};
use annals_processes::{
    CallOptions, Calls, CircuitState, Decision, Executor, ProcessOperations, ProcessOptions,
    Processes, RunningProcesses,
};
use futures::TryStreamExt;
use time::OffsetDateTime;
use tokio::time::{Instant, sleep};

use super::domain::{Ask, Became, Bill, BillEvent, Billing};
use super::service::Service;

/// The time of the tests, as a clock.
#[derive(Clone, Copy)]
struct Virtual(Instant);

impl Clock for Virtual {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH + time::Duration::days(20_000) + self.0.elapsed()
    }
}

#[derive(Clone)]
pub struct World {
    log: AnyStore,
    models: AnyReadModels,
    clock: Arc<Virtual>,
    pub service: Service,
}

impl World {
    pub fn new() -> Self {
        let clock = Virtual(Instant::now());
        let log = MemoryStore::builder().clock(clock).build().erased();
        let models = MemoryReadModels::with_clock(clock).erased();
        Self { log, models, clock: Arc::new(clock), service: Service::default() }
    }

    pub fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// A worker that pays within these limits; it has none for mail.
    pub async fn pays(&self, options: CallOptions) -> RunningProcesses {
        self.worker(ProcessOptions::new().kind("pay", options)).await
    }

    pub async fn worker(&self, options: ProcessOptions) -> RunningProcesses {
        self.worker_with(self.service.clone(), options).await
    }

    pub async fn worker_with(
        &self,
        executor: impl Executor<Ask, Reply = String>,
        options: ProcessOptions,
    ) -> RunningProcesses {
        let processes = Processes::new(self.log.clone(), self.models.clone());
        let processes = processes.process_with::<Billing>(executor, options);
        let processes = processes.clock(*self.clock).lease(Duration::from_secs(5));
        processes.start().await.unwrap()
    }

    pub async fn issue(&self, bill: impl ToString, asks: &[Ask]) {
        let asks = asks.iter().map(|ask| ask.kind().to_owned()).collect();
        let issued = BillEvent::Issued { asks };
        let bills = Repository::<Bill>::new(self.log.clone());
        bills.update(&bill.to_string(), |_: &_| issued.clone()).await.unwrap();
    }

    /// Somebody decides that nothing more is done about a bill.
    pub async fn abandon(&self, bill: impl ToString) {
        let operations = ProcessOperations::new(self.log.clone(), self.models.clone());
        let decision = Decision::Abandon;
        operations.decide("billing", &bill.to_string(), decision, "lost").await.unwrap();
    }

    /// What became of what a bill has asked for.
    pub async fn became(&self, bill: impl ToString) -> Vec<Became> {
        let stream = StreamId::new("annals.process.billing", bill.to_string()).unwrap();
        let events: Vec<_> =
            self.log.read(StreamQuery::forwards(stream)).try_collect().await.unwrap();
        let own = events.into_iter().filter(|raw| raw.name.starts_with("billing."));
        own.map(|raw| raw.decode::<Became>().unwrap().event).collect()
    }

    /// Waits until something became of what a bill has asked for.
    pub async fn end(&self, bill: impl ToString) -> Became {
        let bill = bill.to_string();
        for _ in 0..1_000_000 {
            if let Some(became) = self.became(&bill).await.pop() {
                return became;
            }
            sleep(Duration::from_millis(100)).await;
        }
        panic!("nothing became of bill {bill}");
    }
}

pub fn well() -> Became {
    Became::Done { reply: "well".to_owned() }
}

/// Lets a time pass in which everybody does what there is to do.
pub async fn pass(seconds: u64) {
    sleep(Duration::from_secs(seconds)).await;
}

pub fn calls(worker: &RunningProcesses, kind: &str) -> Calls {
    worker.calls().into_iter().find(|calls| calls.kind == kind).expect("a kind that was used")
}

pub fn circuit(worker: &RunningProcesses, kind: &str) -> CircuitState {
    calls(worker, kind).circuit.expect("a breaker").state
}
