//! An address that leads to another log.

use annals::store::{Append, StreamQuery};
use annals::{AppendError, EventStore, ExpectedVersion, Partition, ReadError, StoreError};
use annals_postgres::PostgresStore;
use annals_postgres::testing::Database;
use futures::TryStreamExt;

use crate::support::{append, count, event, execute, stream};

fn is_told(error: &StoreError) {
    assert!(!error.is_transient() && error.to_string().contains("another log"), "{error}");
}

#[tokio::test]
async fn nothing_is_written_into_another_log_and_nothing_is_read_from_it() {
    let database = Database::create().await.unwrap();
    let url = database.url();
    PostgresStore::migrate(url).await.unwrap();
    let store = PostgresStore::connect(url).await.unwrap();
    append(&store).await;
    let read = StreamQuery::forwards(stream());
    store.read(read.clone()).try_collect::<Vec<_>>().await.unwrap();

    // The same as if the address led elsewhere, for connections that are opened now.
    execute(url, r#"UPDATE "annals".log SET id = gen_random_uuid()"#).await;
    let others = "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity \
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    count(url, others).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;

    let more = Append::to(stream(), ExpectedVersion::Any, vec![event()]);
    let refused = store.append(more).await.unwrap_err();
    let AppendError::Store(error) = refused else { panic!("{refused:?}") };
    is_told(&error);
    assert_eq!(count(url, r#"SELECT count(*) FROM "annals".events"#).await, 1);

    let refused = store.read(read).try_collect::<Vec<_>>().await.unwrap_err();
    let ReadError::Store(error) = refused else { panic!("{refused:?}") };
    is_told(&error);
    let refused = store.log_head(Partition::FIRST).await.unwrap_err();
    let ReadError::Store(error) = refused else { panic!("{refused:?}") };
    is_told(&error);
}
