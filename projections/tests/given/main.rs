//! Given these events, a projection writes these rows: in memory and in PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test fails by panicking"
)]

#[path = "../promises/domain.rs"]
#[allow(dead_code, reason = "another suite uses the rest")]
mod domain;
mod exported;
mod second;

use annals::codec::Payload;
use annals::history::{Scope, export_text};
use annals::read_model::{ReadModelStore, Which};
use annals::store::{Append, NewEvent};
use annals::{EventStore, ExpectedVersion};
use annals_memory::{MemoryReadModels, MemoryStore, MemoryTables};
use annals_postgres::PostgresReadModels;
use annals_postgres::sqlx::{self, PgConnection};
use annals_postgres::testing::Database;
use annals_projections::testing::{GivenError, GivenEvents, given_events, given_history};
use annals_projections::{Projection, RunError, StartError};

use domain::{AccountEvent, Balance, Line, Lines, OtherEvent, account, append, deposited, sent};
use second::Lines2;

fn given() -> GivenEvents<AccountEvent> {
    given_events([
        ("account-1", deposited(50)),
        ("account-2", deposited(5)),
        ("account-1", sent("2", 20)),
    ])
}

fn lines() -> Vec<Line> {
    let line = |stream: &str, version, cents| ((stream.to_owned(), version), cents);
    vec![line("account-1", 1, 50), line("account-1", 2, 30), line("account-2", 1, 5)]
}

async fn postgres() -> (Database, PostgresReadModels) {
    let database = Database::create().await.unwrap();
    PostgresReadModels::migrate(database.url()).await.unwrap();
    let models = PostgresReadModels::connect(database.url()).await.unwrap();
    (database, models)
}

async fn rows(db: &mut PgConnection) -> Vec<Line> {
    let query = "SELECT stream, version, cents FROM lines ORDER BY 1, 2";
    let rows = sqlx::query_as::<_, (String, i64, i64)>(query).fetch_all(db).await.unwrap();
    let line =
        |(stream, version, cents): (String, i64, i64)| ((stream, version.cast_unsigned()), cents);
    rows.into_iter().map(line).collect()
}

#[tokio::test]
async fn a_projection_writes_rows_in_memory() {
    let models = MemoryReadModels::new();
    let projected = given().when_projected::<MemoryTables, _>(Lines, models.clone()).await.unwrap();
    let kept = models.table::<(String, u64), i64>(&Which::Current("lines".into()), "lines");
    assert_eq!(kept.unwrap(), lines());
    let seen = async |tables: &mut MemoryTables| {
        let mut lines = tables.table::<(String, u64), i64>("lines").unwrap();
        let seen = lines.get(&("account-1".to_owned(), 2));
        lines.insert(("account-1".to_owned(), 9), 9);
        seen
    };
    assert_eq!(projected.look(seen).await.unwrap(), Some(30));
    let kept = models.table::<(String, u64), i64>(&Which::Current("lines".into()), "lines");
    assert_eq!(kept.unwrap(), lines(), "what a look writes stays nowhere");
    let wrong = projected.look(async |_: &mut PgConnection| ()).await.unwrap_err();
    assert!(matches!(wrong, GivenError::Session(_)), "{wrong}");
}

#[tokio::test]
async fn a_projection_writes_rows_in_postgresql() {
    let (_database, models) = postgres().await;
    let projected = given().when_projected::<PgConnection, _>(Lines, models).await.unwrap();
    assert_eq!(projected.look(rows).await.unwrap(), lines());
    // Whoever looks gives back what he holds.
    assert_eq!(projected.look(rows).await.unwrap(), lines());
    projected.and_projected::<PgConnection, _>(Lines2).await.unwrap();
}

async fn names_the_event<S: Send + 'static>(models: impl ReadModelStore)
where
    Lines: Projection<S, Event = AccountEvent>,
{
    let poison = AccountEvent::Poisoned { cure: "of given events".to_owned() };
    let given = given().and_given([
        ("account-2", poison),
        ("account-2", deposited(1)),
        ("account-1", deposited(1)),
    ]);
    let failed = given.when_projected::<S, _>(Lines, models).await.unwrap_err();
    let GivenError::Event(event) = &failed else { panic!("{failed:?}") };
    assert_eq!((event.stream.as_str(), event.version.get()), ("account-2", 2));
    assert_eq!((event.position.get(), &*event.name), (4, "account.poisoned"));
    assert!(failed.to_string().contains("poison"), "{failed}");
    assert!(failed.to_string().contains("given event 4"), "{failed}");
}

#[tokio::test]
async fn a_test_that_fails_names_the_event() {
    names_the_event::<MemoryTables>(MemoryReadModels::new()).await;
    let (_database, models) = postgres().await;
    names_the_event::<PgConnection>(models).await;
}

/// A row without a key of its own, as in a table in PostgreSQL, is gone and another one new.
async fn differ<S: Send + 'static>(models: impl ReadModelStore, differences: u64)
where
    Lines: Projection<S, Event = AccountEvent>,
    Lines2: Projection<S, Event = AccountEvent>,
{
    let projected = given().when_projected::<S, _>(Lines, models).await.unwrap();
    let projected = projected.and_projected::<S, _>(Lines2).await.unwrap();
    let comparison = projected.compare("lines", [1, 2]).await.unwrap();
    assert_eq!((comparison.differences, comparison.expected), (differences, 0), "{comparison}");
    assert!(!comparison.is_as_expected());
    let expected = projected.compare("lines", [1, 2]).expecting(|difference| {
        let has = |row: &Option<String>, cents| row.as_deref().is_none_or(|r| r.contains(cents));
        has(&difference.before, '5') && has(&difference.after, '6')
    });
    let expected = expected.await.unwrap();
    assert!(expected.is_as_expected(), "{expected}");
}

#[tokio::test]
async fn two_versions_of_a_projection_are_compared_over_the_same_events() {
    differ::<MemoryTables>(MemoryReadModels::new(), 1).await;
    let (_database, models) = postgres().await;
    differ::<PgConnection>(models, 2).await;
}

#[tokio::test]
async fn a_store_that_holds_something_else_is_refused() {
    let models = MemoryReadModels::new();
    given().when_projected::<MemoryTables, _>(Lines, models.clone()).await.unwrap();
    let refused = given().when_projected::<MemoryTables, _>(Lines, models).await.unwrap_err();
    let is_start = matches!(refused, GivenError::Run(RunError::Start(StartError::Declare(_))));
    assert!(is_start, "{refused:?}");
}

/// A history of a log with several partitions, and events that nobody here knows.
async fn history() -> (MemoryStore, String) {
    let store = MemoryStore::builder().partitions(4).build();
    let log = store.clone().erased();
    append(&log, &account(1), &[deposited(50)]).await;
    append(&log, &"other-1".parse().unwrap(), &[OtherEvent::Happened]).await;
    append(&log, &account(2), &[deposited(5)]).await;
    append(&log, &account(1), &[sent("2", 20)]).await;
    let history = export_text(&store, Scope::Log).await.unwrap();
    (store, history)
}

#[tokio::test]
async fn a_history_is_given_to_views_and_projections() {
    let (store, history) = history().await;
    let given = given_history::<AccountEvent>(&history).await.unwrap();
    let replayed = annals_projections::replay::<Balance>(&store).await.unwrap();
    assert_eq!(given.documents::<Balance>(), replayed);
    let models = MemoryReadModels::new();
    given.when_projected::<MemoryTables, _>(Lines, models.clone()).await.unwrap();
    let kept = models.table::<(String, u64), i64>(&Which::Current("lines".into()), "lines");
    assert_eq!(kept.unwrap(), lines());
    // It goes on where the history ends.
    let given = given.and_given([("account-1", deposited(1))]);
    let balance = &given.documents::<Balance>();
    assert_eq!(balance.get("1").unwrap().versions, [1, 2, 3]);
    let models = MemoryReadModels::new();
    given.when_projected::<MemoryTables, _>(Lines, models.clone()).await.unwrap();
    let kept = models.table::<(String, u64), i64>(&Which::Current("lines".into()), "lines");
    assert_eq!(kept.unwrap().len(), 4);
}

#[tokio::test]
async fn a_history_that_is_damaged_or_does_not_decode_is_refused() {
    let (store, history) = history().await;
    let cut = &history[..history.len() / 2];
    let refused = given_history::<AccountEvent>(cut).await.unwrap_err();
    assert!(matches!(refused, GivenError::History(_)), "{refused:?}");
    let bad = NewEvent::new("account.deposited", Payload::json("{\"cents\":true}").unwrap());
    let bad = Append::to(account(1), ExpectedVersion::Any, vec![bad]);
    store.append(bad).await.unwrap();
    let history = export_text(&store, Scope::Log).await.unwrap();
    let refused = given_history::<AccountEvent>(history).await.unwrap_err();
    let GivenError::Decode(error) = &refused else { panic!("{refused:?}") };
    assert_eq!(error.event().version.get(), 3);
}
