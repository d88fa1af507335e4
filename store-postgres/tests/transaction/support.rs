//! A shop: a log, and a table of its own beside it.

use std::time::Duration;

use annals::store::{Append, NewEvent, StreamQuery};
use annals::{EventStore, ExpectedVersion, Partition, Payload, RawEvent, StreamId};
use annals_postgres::testing::Database;
use annals_postgres::{PostgresStore, PostgresStoreBuilder};
use futures::TryStreamExt;
use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection, PgConnection, PgPool};

/// Against hanging.
pub(crate) const LONG: Duration = Duration::from_secs(20);

pub(crate) struct Shop {
    pub(crate) store: PostgresStore,
    pub(crate) pool: PgPool,
    pub(crate) database: Database,
}

impl Shop {
    pub(crate) async fn open() -> Self {
        Self::open_with(|builder| builder).await
    }

    pub(crate) async fn open_with(
        with: impl FnOnce(PostgresStoreBuilder) -> PostgresStoreBuilder,
    ) -> Self {
        let database = Database::create().await.unwrap();
        let pool = PgPoolOptions::new().max_connections(4);
        let pool = pool.connect(database.url()).await.unwrap();
        let log = with(PostgresStore::builder(database.url()));
        log.migrate().await.unwrap();
        let store = log.connect().await.unwrap();
        let stock = "CREATE TABLE stock (article int PRIMARY KEY, pieces int NOT NULL);
                     INSERT INTO stock VALUES (1, 10), (2, 10)";
        sqlx::raw_sql(stock).execute(&pool).await.unwrap();
        Self { store, pool, database }
    }

    /// How many pieces of the first article there are.
    pub(crate) async fn pieces(&self) -> i32 {
        let query = sqlx::query_scalar("SELECT pieces FROM stock WHERE article = 1");
        query.fetch_one(&self.pool).await.unwrap()
    }

    /// How many appends stand in the table of those that are on their way.
    pub(crate) async fn staged(&self) -> i64 {
        let query = sqlx::query_scalar("SELECT count(*) FROM annals.staged");
        query.fetch_one(&self.pool).await.unwrap()
    }

    pub(crate) async fn events(&self, stream: &str) -> Vec<RawEvent> {
        self.store.read(StreamQuery::forwards(self::stream(stream))).try_collect().await.unwrap()
    }

    /// A connection that the store knows nothing of.
    pub(crate) async fn stranger(&self) -> PgConnection {
        PgConnection::connect(self.database.url()).await.unwrap()
    }

    /// Somebody who holds the lock of a partition.
    pub(crate) async fn holder(&self, partition: i32) -> PgConnection {
        let mut holder = self.stranger().await;
        sqlx::raw_sql("BEGIN").execute(&mut holder).await.unwrap();
        sqlx::query(lock("pg_advisory_xact_lock"))
            .bind(partition)
            .execute(&mut holder)
            .await
            .unwrap();
        holder
    }

    /// Waits until so many sessions of this database wait for a lock.
    pub(crate) async fn waiting(&self, sessions: i64) {
        let query = "SELECT count(*) FROM pg_stat_activity \
                     WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let all = async {
            while sqlx::query_scalar::<_, i64>(query).fetch_one(&self.pool).await.unwrap()
                != sessions
            {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(LONG, all).await.expect("nobody waits");
    }
}

/// The lock of a partition, as `migrations/0001_log.sql` has it.
pub(crate) fn lock(function: &str) -> sqlx::AssertSqlSafe<String> {
    let class = "'annals.events'::regclass::oid::bigint::bit(32)::int";
    sqlx::AssertSqlSafe(format!("SELECT {function}({class}, $1)"))
}

pub(crate) async fn sell(connection: &mut PgConnection, article: i32) {
    let sell = sqlx::query("UPDATE stock SET pieces = pieces - 1 WHERE article = $1");
    sell.bind(article).execute(connection).await.unwrap();
}

pub(crate) fn stream(name: &str) -> StreamId {
    name.parse().unwrap()
}

pub(crate) fn event() -> NewEvent {
    NewEvent::new("stock.sold", Payload::json("\"one\"").unwrap())
}

pub(crate) fn append(name: &str, expected: impl Into<ExpectedVersion>) -> Append {
    Append::to(stream(name), expected, vec![event()])
}

/// A stream in this partition of the log.
pub(crate) fn stream_in(store: &PostgresStore, partition: u16) -> String {
    let names = (1..).map(|number| format!("order-{number}"));
    let partitions = store.log().partitions;
    let mut homes = names.filter(|name| partitions.of(&stream(name)) == Partition::new(partition));
    homes.next().unwrap()
}
