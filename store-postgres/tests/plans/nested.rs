//! The statements within the append functions, as the server's log tells of them.

use annals::store::Append;
use annals::{EventStore, ExpectedVersion, IdempotencyKey, StreamId, Version};
use annals_postgres::PostgresStore;
use annals_postgres::testing::Server;
use serde_json::{Deserializer, Value};

use crate::log::event;
use crate::plan::Plan;

/// More rows than one of the batches has.
const BATCH: f64 = 300.0;

/// A server that can tell the plans of statements within functions.
pub(crate) async fn server() -> Server {
    let builder = Server::builder().setting("session_preload_libraries", "auto_explain");
    let builder = builder.setting("auto_explain.log_nested_statements", "on");
    let builder = builder.setting("auto_explain.log_analyze", "on");
    let builder = builder.setting("auto_explain.log_format", "json");
    builder.setting("max_wal_size", "4GB").start().await.unwrap()
}

/// Appends in every way, and looks at how each statement of the function was carried out.
pub(crate) async fn statements_of_appends_are_by_index(server: &Server, partitions: u16) {
    let url = format!("{}?options[auto_explain.log_min_duration]=0", server.url());
    let store = PostgresStore::builder(url).partitions(partitions).connect().await.unwrap();
    let begin = std::fs::metadata(server.log_file()).unwrap().len();
    let stream = |key: &str| StreamId::new("account", key).unwrap();
    let key = || IdempotencyKey::new("nested").unwrap();
    let fresh = Append::to(stream("new"), Version::NONE, vec![event(), event()]);
    store.append(fresh.clone()).await.unwrap();
    // A repeat, a conflict, a known key, an old stream, and several at once.
    store.append(fresh).await.unwrap();
    let stale = Append::to(stream("new"), Version::NONE, vec![event()]);
    store.append(stale).await.unwrap_err();
    store.append(Append::to(stream("new"), Version::new(2), vec![event()])).await.unwrap();
    for _ in 0..2 {
        let keyed = Append::to(stream("7"), ExpectedVersion::Any, vec![event()]);
        store.append(keyed.with_key(key())).await.unwrap();
    }
    let several = (0..50).map(|nth| {
        let append = Append::to(stream(&format!("n{nth}")), Version::NONE, vec![event()]);
        store.append(append.and(stream(&format!("{nth}")), ExpectedVersion::Exists, vec![event()]))
    });
    // Streams are not where their hash would put them, so some do not exist.
    futures::future::join_all(several).await;

    // Each was told of before it was answered.
    let log = std::fs::read_to_string(server.log_file()).unwrap();
    let log = &log[usize::try_from(begin).unwrap()..];
    let mut of_tables = 0;
    for told in log.split("plan:").skip(1) {
        let told: Value = Deserializer::from_str(told).into_iter().next().unwrap().unwrap();
        let text = told["Query Text"].as_str().unwrap().to_owned();
        if text.contains(".events AS") || text.contains(".keys AS f") {
            of_tables += 1;
            // Rows of the batch itself may be sorted and left out.
            Plan(told["Plan"].clone()).is_by_index(&text, BATCH, BATCH);
        }
    }
    assert!(of_tables > 10, "only {of_tables} statements were told of");
}
