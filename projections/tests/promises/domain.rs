//! Accounts, and what is read of them.

use annals::store::{Append, NewEvent};
use annals::{AnyStore, Event, EventStore, ExpectedVersion, Recorded, StreamId, Token};
use annals_memory::{MemoryTables, TableMismatch};
use annals_projections::{Keys, Projection, View};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(prefix = "account")]
pub enum AccountEvent {
    Opened {
        owner: String,
    },
    Deposited {
        cents: i64,
    },
    /// The stream is that of who pays.
    Sent {
        to: String,
        cents: i64,
    },
    /// Nobody can handle it before its cure is found.
    Poisoned {
        cure: String,
    },
    Closed,
}

/// Events of somebody else.
#[derive(Debug, Clone, Serialize, Deserialize, Event)]
#[event(prefix = "other")]
pub enum OtherEvent {
    Happened,
}

pub fn deposited(cents: i64) -> AccountEvent {
    AccountEvent::Deposited { cents }
}

pub fn sent(to: &str, cents: i64) -> AccountEvent {
    AccountEvent::Sent { to: to.into(), cents }
}

/// What has been found against poison: code that was mended.
pub mod cure {
    use std::collections::HashSet;
    use std::sync::Mutex;

    static FOUND: Mutex<Option<HashSet<String>>> = Mutex::new(None);

    pub fn found(name: &str) {
        FOUND.lock().unwrap().get_or_insert_default().insert(name.to_owned());
    }

    pub fn is_there(name: &str) -> bool {
        FOUND.lock().unwrap().get_or_insert_default().contains(name)
    }
}

/// What an account has done, in order, and what it holds.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub struct Balance {
    pub cents: i64,
    /// The versions of its own events, as they were handled.
    pub versions: Vec<u64>,
    pub events: u64,
    closed: bool,
}

impl View for Balance {
    const NAME: &'static str = "balances";
    type Key = String;
    type Event = AccountEvent;

    fn keys(event: &Recorded<AccountEvent>) -> Keys<String> {
        let own = event.stream.key().to_owned();
        match &event.event {
            AccountEvent::Sent { to, .. } => Keys::many([own, to.clone()]),
            _ => Keys::one(own),
        }
    }

    fn evolve(&mut self, account: &String, event: &Recorded<AccountEvent>) {
        let own = event.stream.key() == account;
        self.events += 1;
        if own {
            self.versions.push(event.version.get());
        }
        match &event.event {
            AccountEvent::Opened { .. } => {}
            AccountEvent::Deposited { cents } => self.cents += cents,
            AccountEvent::Sent { to, cents } => {
                if own {
                    self.cents -= cents;
                }
                if to == account {
                    self.cents += cents;
                }
            }
            AccountEvent::Poisoned { cure } => assert!(cure::is_there(cure), "poison"),
            AccountEvent::Closed => self.closed = true,
        }
    }

    fn is_gone(&self) -> bool {
        self.closed
    }
}

/// A second version, with another field.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub struct Balance2 {
    #[serde(flatten)]
    pub first: Balance,
    pub overdrawn: bool,
}

impl View for Balance2 {
    const NAME: &'static str = "balances";
    const VERSION: u32 = 2;
    type Key = String;
    type Event = AccountEvent;

    fn keys(event: &Recorded<AccountEvent>) -> Keys<String> {
        Balance::keys(event)
    }

    fn evolve(&mut self, account: &String, event: &Recorded<AccountEvent>) {
        self.first.evolve(account, event);
        self.overdrawn = self.first.cents < 0;
    }

    fn is_gone(&self) -> bool {
        self.first.is_gone()
    }
}

/// A row for each event, with what the account held then.
#[derive(Debug, Clone, Default)]
pub struct Lines;

/// Stream and version, cents behind the event.
pub type Line = ((String, u64), i64);

/// What a projection does not take.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    #[error("poison")]
    Poison,
    #[error(transparent)]
    Table(#[from] TableMismatch),
    #[error(transparent)]
    Sql(#[from] annals_postgres::sqlx::Error),
}

pub fn change(event: &AccountEvent) -> Result<i64, NotTaken> {
    match event {
        AccountEvent::Deposited { cents } => Ok(*cents),
        AccountEvent::Sent { cents, .. } => Ok(-cents),
        AccountEvent::Poisoned { cure } if !cure::is_there(cure) => Err(NotTaken::Poison),
        _ => Ok(0),
    }
}

impl Projection<MemoryTables> for Lines {
    const NAME: &'static str = "lines";
    type Event = AccountEvent;
    type Error = NotTaken;

    async fn handle(
        &self,
        tables: &mut MemoryTables,
        event: &Recorded<AccountEvent>,
    ) -> Result<(), NotTaken> {
        let (stream, version) = (event.stream.to_string(), event.version.get());
        let change = change(&event.event)?;
        let mut table = tables.table::<(String, u64), i64>("lines")?;
        let before = table.get(&(stream.clone(), version - 1)).unwrap_or_default();
        table.insert((stream, version), before + change);
        Ok(())
    }
}

impl Projection<annals_postgres::sqlx::PgConnection> for Lines {
    const NAME: &'static str = "lines";
    type Event = AccountEvent;
    type Error = NotTaken;

    async fn set_up(&self, db: &mut annals_postgres::sqlx::PgConnection) -> Result<(), NotTaken> {
        let table = "CREATE TABLE IF NOT EXISTS lines (stream text, version bigint, cents bigint NOT NULL, \
                     PRIMARY KEY (stream, version))";
        annals_postgres::sqlx::query(table).execute(db).await?;
        Ok(())
    }

    async fn handle(
        &self,
        db: &mut annals_postgres::sqlx::PgConnection,
        event: &Recorded<AccountEvent>,
    ) -> Result<(), NotTaken> {
        let insert = "INSERT INTO lines SELECT $1, $2, $3 + coalesce((SELECT cents FROM lines \
                      WHERE stream = $1 AND version = $2 - 1), 0)";
        let insert = annals_postgres::sqlx::query(insert).bind(event.stream.as_str());
        let insert = insert.bind(event.version.get().cast_signed()).bind(change(&event.event)?);
        insert.execute(db).await?;
        Ok(())
    }
}

pub fn account(key: impl std::fmt::Display) -> StreamId {
    StreamId::new("account", key).unwrap()
}

pub async fn append<E: Event>(log: &AnyStore, stream: &StreamId, events: &[E]) -> Token {
    let codec = log.log().codec;
    let events = events.iter().map(|event| NewEvent::encode(codec, event).unwrap()).collect();
    let append = Append::to(stream.clone(), ExpectedVersion::Any, events);
    log.append(append).await.unwrap().token()
}
