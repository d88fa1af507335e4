//! The aggregate of these tests, and what they need again and again.

use annals::store::{Append, NewEvent, StreamQuery};
use annals::{
    Aggregate, Decide, Event, EventStore, IdempotencyKey, Payload, RawEvent, Repository, StreamId,
    Version,
};
use annals_memory::MemoryStore;
use futures::{FutureExt, TryStreamExt};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(prefix = "account")]
pub(crate) enum AccountEvent {
    Opened { owner: String },
    Deposited { cents: u64 },
    Withdrawn { cents: u64 },
}

/// It counts its events, so that one which is folded twice is seen even where
/// the sum would not tell.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) owner: String,
    pub(crate) cents: u64,
    pub(crate) events: u64,
}

impl Aggregate for Account {
    const CATEGORY: &'static str = "account";
    type Id = str;
    type Event = AccountEvent;

    fn evolve(&mut self, event: &AccountEvent) {
        self.events += 1;
        match event {
            AccountEvent::Opened { owner } => self.owner.clone_from(owner),
            AccountEvent::Deposited { cents } => self.cents += cents,
            AccountEvent::Withdrawn { cents } => self.cents -= cents,
        }
    }
}

pub(crate) fn opened(owner: &str) -> AccountEvent {
    AccountEvent::Opened { owner: owner.to_owned() }
}

pub(crate) fn deposited(cents: u64) -> AccountEvent {
    AccountEvent::Deposited { cents }
}

pub(crate) fn withdrawn(cents: u64) -> AccountEvent {
    AccountEvent::Withdrawn { cents }
}

/// A deposit of nothing leads to no event.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Deposit(pub(crate) u64);

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Withdraw(pub(crate) u64);

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{missing} cents are missing")]
pub(crate) struct Overdrawn {
    pub(crate) missing: u64,
}

impl Decide<Deposit> for Account {
    type Error = std::convert::Infallible;

    fn decide(&self, Deposit(cents): &Deposit) -> Result<Vec<AccountEvent>, Self::Error> {
        Ok((*cents > 0).then(|| deposited(*cents)).into_iter().collect())
    }
}

impl Decide<Withdraw> for Account {
    type Error = Overdrawn;

    fn decide(&self, Withdraw(cents): &Withdraw) -> Result<Vec<AccountEvent>, Overdrawn> {
        match cents.saturating_sub(self.cents) {
            0 => Ok(vec![withdrawn(*cents)]),
            missing => Err(Overdrawn { missing }),
        }
    }
}

pub(crate) const ID: &str = "1";

pub(crate) fn stream() -> StreamId {
    StreamId::new(Account::CATEGORY, ID).unwrap()
}

pub(crate) fn accounts(store: impl EventStore) -> Repository<Account> {
    Repository::new(store)
}

/// A store in which the account has so many deposits of one cent.
pub(crate) async fn store_at(version: u64) -> MemoryStore {
    let store = MemoryStore::new();
    let accounts = accounts(store.clone());
    for _ in 0..version {
        accounts.execute(ID, Deposit(1)).await.unwrap();
    }
    store
}

pub(crate) fn key(text: &str) -> IdempotencyKey {
    IdempotencyKey::new(text).unwrap()
}

/// What the log holds, whatever a repository makes of it.
pub(crate) async fn log_of(store: &impl EventStore) -> Vec<RawEvent> {
    let query = StreamQuery::forwards(stream());
    store.read(query).try_collect().await.unwrap()
}

/// The state that a plain replay of the log gives.
pub(crate) async fn replayed(store: &impl EventStore) -> Account {
    let mut account = Account::default();
    for raw in log_of(store).await {
        account.evolve(&raw.decode().unwrap().event);
    }
    account
}

/// Writes an event past every type, behind whatever is there.
pub(crate) async fn write_raw(store: &impl EventStore, name: &'static str, v: u16, json: &str) {
    let mut event = NewEvent::new(name, Payload::json(json).unwrap());
    event.schema_version = v;
    let any = annals::ExpectedVersion::Any;
    let append = Append::to(stream(), any, vec![event]);
    store.append(append).await.unwrap();
}

pub(crate) const fn v(version: u64) -> Version {
    Version::new(version)
}

/// Runs a call to its end within one poll, as the memory store allows: for
/// other writers who come in the middle of a decision.
pub(crate) fn at_once<F: IntoFuture>(call: F) -> F::Output {
    call.into_future().now_or_never().unwrap()
}
