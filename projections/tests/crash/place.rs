//! A database with a log and read models, its writers, and what must hold at the end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use annals::read_model::ReadModelStore;
use annals::{AnyStore, EventStore};
use annals_postgres::sqlx::{self, Connection, PgConnection};
use annals_postgres::testing::Database;
use annals_postgres::{PostgresReadModels, PostgresStore};
use annals_projections::{Documents, Operations, Runner, Views, replay};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::domain::{Balance, Lines, account, append, deposited, sent};
use crate::random::Random;
use crate::worker::LEASE;

pub struct Place {
    database: Database,
    log: AnyStore,
    models: PostgresReadModels,
}

pub struct Writers {
    done: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Writers {
    pub async fn stop(self) {
        self.done.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await.unwrap();
        }
    }
}

impl Place {
    pub async fn new() -> Self {
        let database = Database::create().await.unwrap();
        let builder = PostgresStore::builder(database.url()).partitions(4);
        builder.clone().migrate().await.unwrap();
        PostgresReadModels::migrate(database.url()).await.unwrap();
        let log = builder.connect().await.unwrap().erased();
        let models = PostgresReadModels::connect(database.url()).await.unwrap();
        Self { database, log, models }
    }

    pub fn url(&self) -> &str {
        self.database.url()
    }

    /// Appends until it is told to stop.
    pub fn write(&self) -> Writers {
        let done = Arc::new(AtomicBool::new(false));
        let writer = |number: usize| {
            let (log, done) = (self.log.clone(), done.clone());
            tokio::spawn(async move {
                let mut random = Random::new(100 + number);
                while !done.load(Ordering::Relaxed) {
                    let to = random.below(40).to_string();
                    let events = [deposited(3), sent(&to, 1)];
                    append(&log, &account(random.below(40)), &events).await;
                    sleep(random.millis(4)).await;
                }
            })
        };
        let tasks = (0..4).map(writer).collect();
        Writers { done, tasks }
    }

    /// Ends the session of a step, or of anything else that a worker does.
    pub async fn end_a_session(&self, random: &mut Random) {
        let mut owner = PgConnection::connect(self.url()).await.unwrap();
        let busy = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() \
                    AND application_name LIKE 'annals %' ORDER BY state = 'idle', pid";
        let busy: Vec<i32> = sqlx::query_scalar(busy).fetch_all(&mut owner).await.unwrap();
        if let Some(pid) = busy.get(random.below(busy.len().max(1))) {
            let end = sqlx::query("SELECT pg_terminate_backend($1)").bind(pid);
            end.execute(&mut owner).await.unwrap();
        }
    }

    /// How many units each worker holds.
    async fn holders(&self) -> BTreeMap<Option<String>, usize> {
        let mut holders = BTreeMap::new();
        for unit in self.models.models(None).await.unwrap().into_iter().flat_map(|m| m.units) {
            *holders.entry(unit.holder).or_default() += 1;
        }
        holders
    }

    async fn until(
        &self,
        within: Duration,
        fits: impl Fn(&BTreeMap<Option<String>, usize>) -> bool,
    ) {
        let began = Instant::now();
        loop {
            let holders = self.holders().await;
            if fits(&holders) {
                return;
            }
            if began.elapsed() >= within {
                panic!("after {within:?}: {holders:?}\n{}", self.activity().await);
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// What the sessions of the database do, and how the workers are, for who has to find out
    /// why.
    async fn activity(&self) -> String {
        let mut owner = PgConnection::connect(self.url()).await.unwrap();
        let sessions = "SELECT concat_ws(' | ', pid, application_name, state, wait_event, \
                        pg_blocking_pids(pid), now() - state_change, left(query, 70)) \
                        FROM pg_stat_activity WHERE datname = current_database() \
                        UNION ALL SELECT concat_ws(' | ', label, now() - seen, lease) \
                        FROM read_models._workers \
                        UNION ALL SELECT concat_ws(' | ', model, partition, position, token, \
                        lease_until - now(), trouble) FROM read_models._units";
        let rows: Vec<String> = sqlx::query_scalar(sessions).fetch_all(&mut owner).await.unwrap();
        rows.join("\n")
    }

    /// One worker holds everything.
    pub async fn until_held_by(&self, label: &str, within: Duration) {
        self.until(within, |holders| holders.keys().eq([&Some(label.to_owned())])).await;
    }

    pub async fn until_both_hold(&self, within: Duration) {
        self.until(within, |holders| holders.len() == 2 && !holders.contains_key(&None)).await;
    }

    /// Catches up, and compares everything with a replay and with the log.
    pub async fn verify(&self) {
        let runner = Runner::new(self.log.clone(), self.models.clone()).lease(LEASE);
        let runner = runner.view::<Balance>();
        let runner = runner.projection_through::<PgConnection, _>(Lines, Default::default());
        runner.run_until_caught_up().await.unwrap();

        let replayed: Documents<Balance> = replay(&self.log).await.unwrap();
        let replayed: Vec<_> = replayed.into_iter().collect();
        let kept = Views::new(self.models.clone()).page::<Balance>(None, 1_000).await.unwrap();
        assert!(kept == replayed, "kept {kept:?}\nreplayed {replayed:?}");

        let mut owner = PgConnection::connect(self.url()).await.unwrap();
        let lines = "SELECT stream, version, cents FROM read_models.lines ORDER BY 1, 2";
        let lines = sqlx::query_as::<_, (String, i64, i64)>(lines);
        let lines = lines.fetch_all(&mut owner).await.unwrap();
        let mut expected: BTreeMap<String, (i64, i64)> = BTreeMap::new();
        for (stream, version, cents) in &lines {
            let (last, sum) = expected.entry(stream.clone()).or_default();
            *last += 1;
            *sum += if *last % 2 == 1 { 3 } else { -1 };
            assert_eq!((*version, *cents), (*last, *sum), "{stream}");
        }
        let events: u64 = replayed.iter().map(|(_, balance)| balance.versions.len() as u64).sum();
        assert_eq!(lines.len() as u64, events, "a line for each event");

        let operations = Operations::new(self.log.clone(), self.models.clone());
        for name in ["balances", "lines"] {
            let audit = operations.audit(name, None).await.unwrap();
            assert!(audit.is_clean(), "{audit}");
        }
    }
}
