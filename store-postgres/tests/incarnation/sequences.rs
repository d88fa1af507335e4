//! A sequence that stands behind its events would hand out positions that readers have
//! passed.

use annals::store::Append;
use annals::{AppendError, EventStore, ExpectedVersion, Partition};
use annals_postgres::testing::Database;
use annals_postgres::{ConnectError, PostgresStore};

use crate::support::{append, append_many, event, execute, stream};

#[tokio::test]
async fn a_sequence_that_was_set_back_is_refused_when_a_store_is_opened_and_by_open_ones() {
    let database = Database::create().await.unwrap();
    let url = database.url();
    PostgresStore::migrate(url).await.unwrap();
    let store = PostgresStore::connect(url).await.unwrap();
    append_many(&store, 3).await;
    execute(url, r#"SELECT setval('"annals".positions_0', 2)"#).await;

    let opened = PostgresStore::connect(url).await.unwrap_err();
    let ConnectError::SequenceBehind { partition } = opened else { panic!("{opened:?}") };
    assert_eq!(partition, Partition::FIRST);

    let more = Append::to(stream(), ExpectedVersion::Any, vec![event()]);
    let refused = store.append(more).await.unwrap_err();
    let AppendError::Store(error) = refused else { panic!("{refused:?}") };
    assert!(!error.is_transient());
    let text = error.to_string();
    assert!(text.contains("AN003") && text.contains("set the sequence"), "{text}");

    // Mended, both go on.
    execute(url, r#"SELECT setval('"annals".positions_0', 3)"#).await;
    append(&store).await;
    PostgresStore::connect(url).await.unwrap();
}
