//! Settings of the server under which an append would lose or reorder events.

use ExpectedVersion::Any;
use annals::store::Append;
use annals::{AppendError, ExpectedVersion};
use annals_postgres::testing::{Database, Server};
use annals_postgres::{ConnectError, PostgresStore};

use crate::tools::{append, connect, empty_log, events, execute, of_stream, open, stream};

async fn set(database: &Database, setting: &str) {
    let statement = format!("ALTER DATABASE \"{}\" SET {setting}", database.name());
    execute(database.url(), &statement).await;
}

#[tokio::test]
async fn another_default_isolation_does_no_harm() {
    for isolation in ["repeatable read", "serializable"] {
        let database = empty_log().await;
        set(&database, &format!("default_transaction_isolation = '{isolation}'")).await;
        let store = connect(database.url()).await;
        append(&store, Append::to(stream("one"), Any, events(1))).await.unwrap();

        // Also where only the role says so.
        let role = format!("r{}", annals::EventId::new().as_uuid().simple());
        let make = format!(
            "CREATE ROLE {role} SUPERUSER LOGIN;
             ALTER ROLE {role} SET default_transaction_isolation = '{isolation}'"
        );
        execute(database.url(), &make).await;
        let at = database.url().find('@').unwrap();
        let url = format!("postgres://{role}{}", &database.url()[at..]);
        let by_role = PostgresStore::builder(&url).connect().await;
        let done = match by_role {
            Ok(store) => append(&store, Append::to(stream("one"), Any, events(1))).await.is_ok(),
            // A server that asks the new role for a password has nothing to show here.
            Err(ConnectError::Authentication { .. }) => true,
            Err(error) => panic!("{error:?}"),
        };
        execute(database.url(), &format!("DROP ROLE {role}")).await;
        assert!(done, "{isolation}");
    }
}

#[tokio::test]
async fn asynchronous_commits_are_refused_when_the_store_is_opened() {
    let database = empty_log().await;
    set(&database, "synchronous_commit = off").await;
    let refused = PostgresStore::connect(database.url()).await;
    assert!(matches!(refused, Err(ConnectError::AsynchronousCommit)), "{refused:?}");
    let allowed = PostgresStore::builder(database.url()).allow_asynchronous_commit();
    let store = open(allowed).await;
    append(&store, Append::to(stream("one"), Any, events(1))).await.unwrap();
}

/// The setting changes under an open store, also for its connections.
#[tokio::test]
async fn asynchronous_commits_are_refused_when_they_come_later() {
    let server = Server::start().await.unwrap();
    PostgresStore::migrate(server.url()).await.unwrap();
    let store = connect(&server.url()).await;
    let allowed = PostgresStore::builder(server.url()).allow_asynchronous_commit();
    let allowed = open(allowed).await;
    let one = || Append::to(stream("one"), Any, events(1));
    let change = async |value: &str| {
        execute(&server.url(), &format!("ALTER SYSTEM SET synchronous_commit = {value}")).await;
        execute(&server.url(), "SELECT pg_reload_conf()").await;
        let changed = async || {
            let shown =
                format!("SELECT (current_setting('synchronous_commit') = '{value}')::int::int8");
            crate::tools::number(&server.url(), &shown).await == 1
        };
        crate::tools::eventually("the new setting", changed).await;
        // Sessions that are open take it over between two statements.
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    };
    change("off").await;
    let answer = append(&store, one()).await;
    let Err(AppendError::Store(error)) = answer else { panic!("{answer:?}") };
    assert!(error.to_string().contains("synchronous_commit"), "{error}");
    append(&allowed, one()).await.unwrap();
    assert_eq!(of_stream(&store, &stream("one")).await.len(), 1);
    change("on").await;
    append(&store, one()).await.unwrap();
}
