//! A store under test, and hands that feed it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use super::ReadModelFixture;
use crate::read_model::{
    CommitError, Committed, Declaration, Document, DocumentKey, Documents, Handled, Heartbeat,
    KeyKind, Lease, ModelId, Shape, Share, Step, Unit, VersionState, Which, WorkerId,
};
use crate::{Checkpoint, EventId, LogId, Partition, Partitions, Position, ReadModelStore, Token};

/// A lease that does not run out in a test.
pub(super) const LONG: Duration = Duration::from_secs(60);
/// A lease that does.
pub(super) const SHORT: Duration = Duration::from_secs(1);
/// Long enough for it to run out.
pub(super) const PAST_SHORT: Duration = Duration::from_millis(1_500);

/// An empty store of read models, as each case is given one.
pub struct Models<F: ReadModelFixture> {
    fixture: Arc<F>,
    place: F::Place,
    /// The store.
    pub(super) store: Arc<F::Store>,
    log: LogId,
}

impl<F: ReadModelFixture> std::fmt::Debug for Models<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Models").finish_non_exhaustive()
    }
}

impl<F: ReadModelFixture> Models<F> {
    pub(super) async fn new(fixture: Arc<F>) -> Self {
        let place = fixture.create().await;
        let store = Arc::new(fixture.open(place.clone()).await);
        Self { fixture, place, store, log: LogId::new() }
    }

    /// Another handle to the same store.
    pub(super) async fn other(&self) -> Arc<F::Store> {
        Arc::new(self.fixture.open(self.place.clone()).await)
    }

    pub(super) async fn pass(&self, time: Duration) {
        self.fixture.advance(self.place.clone(), time).await;
    }

    /// A version of `balances`: documents by text, one partition.
    pub(super) fn version(&self, version: u32) -> Declaration {
        Declaration {
            id: balances(version),
            shape: Shape::Documents(KeyKind::Text),
            events: vec![Handled { name: "account.opened".into(), newest: 1 }],
            revision: 1,
            slices: 1,
            log: self.log,
            partitions: Partitions::ONE,
            searched: std::collections::BTreeMap::new(),
        }
    }

    /// The same over so many partitions.
    pub(super) fn over(&self, version: u32, partitions: u16) -> Declaration {
        let partitions = Partitions::new(partitions).expect("partitions");
        Declaration { partitions, ..self.version(version) }
    }

    pub(super) async fn declare(&self, model: &Declaration) -> VersionState {
        self.store.declare(model).await.expect("room for a model")
    }

    /// A worker through a handle of its own.
    pub(super) async fn worker(&self, feeds: &[&Declaration], lease: Duration) -> Worker<F::Store> {
        Worker::new(self.other().await, feeds, lease)
    }

    /// A model, declared, with a hand for each of its units.
    pub(super) async fn fed(&self, model: &Declaration) -> Vec<Feed<F::Store>> {
        self.declare(model).await;
        let share = self.worker(&[model], LONG).await.share().await;
        let feed = |lease| Feed::new(self.store.clone(), lease, self.log);
        share.leases.into_iter().map(feed).collect()
    }

    /// A model of one unit, declared, with a hand for it.
    pub(super) async fn one(&self, model: &Declaration) -> Feed<F::Store> {
        self.fed(model).await.pop().expect("a unit")
    }

    pub(super) fn feed(&self, lease: Lease) -> Feed<F::Store> {
        Feed::new(self.store.clone(), lease, self.log)
    }

    pub(super) fn place(&self, partition: u16, position: u64) -> Checkpoint {
        place(self.log, Partition::new(partition), position)
    }

    pub(super) fn token(&self, places: &[(u16, u64)]) -> Token {
        token(self.log, places)
    }
}

/// Places in partitions, of a log.
pub(super) fn token(log: LogId, places: &[(u16, u64)]) -> Token {
    let places = places.iter().map(|(partition, at)| place(log, Partition::new(*partition), *at));
    places.fold(Token::empty(log), Token::with)
}

/// A place whose event is known by its position, so that it is the same for everybody.
fn place(log: LogId, partition: Partition, position: u64) -> Checkpoint {
    match position {
        0 => Checkpoint::start(log, partition),
        _ => Checkpoint::new(log, partition, Position::new(position), event(position)),
    }
}

pub(super) fn event(position: u64) -> EventId {
    EventId::from_uuid(Uuid::from_u128(u128::from(position)))
}

pub(super) fn balances(version: u32) -> ModelId {
    ModelId::new("balances", version).expect("a name")
}

pub(super) fn current() -> Which {
    Which::Current("balances".to_owned())
}

/// A worker, which can feed some models.
pub(super) struct Worker<S> {
    pub(super) store: Arc<S>,
    pub(super) heartbeat: Heartbeat,
}

impl<S: ReadModelStore> Worker<S> {
    pub(super) fn new(store: Arc<S>, feeds: &[&Declaration], lease: Duration) -> Self {
        let models = feeds.iter().map(|model| (model.id.clone(), model.fingerprint())).collect();
        let (worker, reports) = (WorkerId::new(), Vec::new());
        let heartbeat =
            Heartbeat { worker, label: format!("worker {worker}"), lease, models, reports };
        Self { store, heartbeat }
    }

    pub(super) async fn share(&self) -> Share {
        self.store.share(&self.heartbeat).await.expect("a share")
    }

    /// Its only lease.
    pub(super) async fn lease(&self) -> Lease {
        let mut leases = self.share().await.leases;
        assert_eq!(leases.len(), 1, "one unit falls to the worker");
        leases.remove(0)
    }

    /// Asks for its share, and hands over what is not its own any more.
    pub(super) async fn share_and_hand_over(&self) -> Share {
        let share = self.share().await;
        let surplus = share.leases.iter().filter(|lease| share.surplus.contains(&lease.unit));
        let surplus: Vec<_> = surplus.cloned().collect();
        self.store.hand_over(&surplus).await.expect("handed over");
        share
    }
}

/// A hand that feeds one unit.
pub(super) struct Feed<S> {
    pub(super) store: Arc<S>,
    pub(super) lease: Lease,
    pub(super) at: Checkpoint,
}

impl<S: ReadModelStore> Feed<S> {
    pub(super) fn new(store: Arc<S>, lease: Lease, log: LogId) -> Self {
        let at = Checkpoint::start(log, lease.unit.partition);
        Self { store, lease, at }
    }

    pub(super) fn unit(&self) -> Unit {
        self.lease.unit.clone()
    }

    /// A step from where the unit stands.
    pub(super) fn step(&self, to: u64) -> Step {
        let to = place(self.at.log(), self.at.partition(), to);
        Step { to, ..Step::from(self.at) }
    }

    pub(super) async fn begin(&self) -> S::Tx {
        self.store.begin(&self.lease).await.expect("a transaction")
    }

    pub(super) async fn commit(
        &mut self,
        tx: S::Tx,
        step: &Step,
    ) -> Result<Committed, CommitError> {
        let committed = self.store.commit(tx, step).await?;
        self.at = step.to;
        Ok(committed)
    }

    /// A transaction in which documents were saved.
    pub(super) async fn saved(&self, documents: &[(&str, i64)]) -> S::Tx {
        let mut tx = self.begin().await;
        let documents = documents.iter().map(|(key, n)| (text(key), Some(number(*n)))).collect();
        self.store.save(&mut tx, documents).await.expect("saved");
        tx
    }

    pub(super) async fn try_put(
        &mut self,
        to: u64,
        documents: &[(&str, i64)],
    ) -> Result<Committed, CommitError> {
        let tx = self.saved(documents).await;
        self.commit(tx, &self.step(to)).await
    }

    /// Commits documents, and goes on to this position.
    pub(super) async fn put(&mut self, to: u64, documents: &[(&str, i64)]) -> Committed {
        self.try_put(to, documents).await.expect("a commit")
    }

    /// Commits a step that writes no document.
    pub(super) async fn take(&mut self, step: &Step) -> Committed {
        let tx = self.begin().await;
        self.commit(tx, step).await.expect("a commit")
    }
}

pub(super) fn text(key: &str) -> DocumentKey {
    DocumentKey::Text(key.to_owned())
}

pub(super) fn number(n: i64) -> Document {
    Document::from(json!({ "n": n }).to_string())
}

pub(super) fn read(document: &Document) -> Value {
    serde_json::from_slice(document).expect("a document is JSON")
}

/// The first documents, each by its key and number.
pub(super) async fn shown(store: &impl ReadModelStore, which: &Which) -> Vec<(String, i64)> {
    let all = Documents::After { key: None, limit: 10_000 };
    let documents = store.documents(which, &all).await.expect("an answer").into_iter();
    let number = |document| read(&document)["n"].as_i64().expect("a number");
    documents.map(|(key, document)| (key.to_string(), number(document))).collect()
}

/// As [`shown`] gives them.
pub(super) fn numbers(documents: &[(&str, i64)]) -> Vec<(String, i64)> {
    documents.iter().map(|(key, n)| ((*key).to_owned(), *n)).collect()
}
