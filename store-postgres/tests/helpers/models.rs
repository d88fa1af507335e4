//! Read models, leases and steps for the tests beside this folder.

#![allow(dead_code, reason = "each test file uses some of it")]

use std::time::{Duration, Instant};

use annals::read_model::{
    Declaration, Document, DocumentKey, Heartbeat, KeyKind, Lease, Mark, ModelId, Shape, Step,
    WorkerId,
};
use annals::{Checkpoint, EventId, LogId, Partition, Partitions, Position, ReadModelStore};
use annals_postgres::testing::Database;
use annals_postgres::{PostgresReadModels, PostgresReadModelsBuilder};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

/// A database with room for read models.
pub(crate) struct Room {
    pub(crate) database: Database,
}

impl Room {
    pub(crate) async fn new() -> Self {
        let database = Database::create().await.unwrap();
        PostgresReadModels::migrate(database.url()).await.unwrap();
        Self { database }
    }

    pub(crate) fn builder(&self) -> PostgresReadModelsBuilder {
        PostgresReadModels::builder(self.database.url())
    }

    pub(crate) async fn open(&self) -> PostgresReadModels {
        self.builder().connect().await.unwrap()
    }

    pub(crate) async fn execute(&self, sql: &str) {
        let mut connection = PgConnection::connect(self.database.url()).await.unwrap();
        connection.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
    }

    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let mut connection = PgConnection::connect(self.database.url()).await.unwrap();
        let query = sqlx::query_scalar(AssertSqlSafe(sql.to_owned()));
        query.fetch_one(&mut connection).await.unwrap()
    }

    /// One step from `from` to `to`, with these documents.
    pub(crate) async fn write(
        &self,
        store: &PostgresReadModels,
        lease: &Lease,
        log: &Log,
        from: Checkpoint,
        to: u64,
        documents: &[(&str, u64)],
    ) -> Step {
        let mut tx = store.begin(lease).await.unwrap();
        store.save(&mut tx, written(documents)).await.unwrap();
        let step = log.step(from, to);
        store.commit(tx, &step).await.unwrap();
        step
    }
}

/// A log that is only spoken of.
pub(crate) struct Log {
    pub(crate) id: LogId,
    seed: u128,
}

impl Log {
    pub(crate) fn new() -> Self {
        Self { id: LogId::new(), seed: EventId::new().as_uuid().as_u128() }
    }

    pub(crate) fn event(&self, position: u64) -> EventId {
        EventId::from_uuid(uuid::Uuid::from_u128(self.seed + u128::from(position)))
    }

    pub(crate) fn at(&self, position: u64) -> Checkpoint {
        let event = self.event(position);
        Checkpoint::new(self.id, Partition::FIRST, Position::new(position), event)
    }

    /// A step that applies all events up to a position.
    pub(crate) fn step(&self, from: Checkpoint, to: u64) -> Step {
        let mut step = Step::from(from);
        step.to = self.at(to);
        for position in from.position().get() + 1..=to {
            let place = Position::new(position);
            let mark = Mark::of(Partition::FIRST, place, self.event(position));
            step.tallies.entry(mark.block).or_default().apply(mark);
        }
        step
    }
}

pub(crate) fn balances(log: &Log, version: u32) -> Declaration {
    let id = ModelId::new("balances", version).unwrap();
    let shape = Shape::Documents(KeyKind::Text);
    Declaration::new(id, shape, &[], log.id, Partitions::default())
}

pub(crate) fn heartbeat(model: &Declaration, lease: Duration) -> Heartbeat {
    Heartbeat {
        worker: WorkerId::new(),
        label: "test".to_owned(),
        lease,
        models: vec![(model.id.clone(), model.fingerprint())],
        reports: Vec::new(),
    }
}

pub(crate) fn key(key: &str) -> DocumentKey {
    DocumentKey::Text(key.to_owned())
}

pub(crate) fn written(documents: &[(&str, u64)]) -> Vec<(DocumentKey, Option<Document>)> {
    let document = |cents: &u64| Some(format!("{{\"cents\": {cents}}}").into());
    documents.iter().map(|(name, cents)| (key(name), document(cents))).collect()
}

pub(crate) const LONG: Duration = Duration::from_secs(30);

/// A declared model, and the lease of its only unit.
pub(crate) async fn leased(
    store: &PostgresReadModels,
    log: &Log,
    lease: Duration,
) -> (Heartbeat, Lease) {
    let model = balances(log, 1);
    store.declare(&model).await.unwrap();
    let beat = heartbeat(&model, lease);
    let lease = store.share(&beat).await.unwrap().leases.remove(0);
    (beat, lease)
}

/// The first lease that another worker gets, and how long that took.
pub(crate) async fn taken_over(
    store: &PostgresReadModels,
    model: &Declaration,
) -> (Lease, Duration) {
    let (beat, began) = (heartbeat(model, LONG), Instant::now());
    loop {
        if let Some(lease) = store.share(&beat).await.unwrap().leases.pop() {
            return (lease, began.elapsed());
        }
        assert!(began.elapsed() < Duration::from_secs(10), "nobody can take over");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
