//! Every statement about read models stays quick in a store with many of them: what is made
//! for each step, each query and each wait reads by index, and little.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]
#![allow(dead_code, reason = "other tests use the rest of the helpers")]

#[path = "helpers/models.rs"]
mod models;
#[path = "plans/plan.rs"]
mod plan;

use annals::ReadModelStore;
use models::{Log, Room, balances};
use plan::Plan;

/// 500 models of 8 partitions; 100,000 documents, blocks and dead letters.
const MANY: &str = "
    INSERT INTO read_models._models (name, version, state, shape, events, newest, revision, fingerprint, slices, log, partitions)
    SELECT 'model_' || n, 1, 'current', 'elsewhere', '{}', '{}', 1, n, 1, gen_random_uuid(), 8
    FROM generate_series(1, 500) AS n;
    INSERT INTO read_models._units (model, partition, slice, fingerprint, holder, lease_until)
    SELECT id, p, 0, fingerprint, 'a0000000-0000-0000-0000-000000000000', now() + interval '1 day'
    FROM read_models._models, generate_series(0, 7) AS p WHERE shape = 'elsewhere';
    INSERT INTO read_models._letters (position, version, event, model, slice, attempts, partition, stream, name, keys, wish)
    SELECT n, 1, gen_random_uuid(), 2 + n % 500, 0, 1, 0, 'a-' || n, 'e', ARRAY['key-' || n], CASE WHEN n % 1000 = 0 THEN 'retry' END
    FROM generate_series(1, 100000) AS n;
    INSERT INTO read_models._blocks
    SELECT n, 1, 1, 0, 0, 0, 0, 2 + n % 500, 0, 0 FROM generate_series(1, 100000) AS n;
    INSERT INTO read_models_balances_v1.balances SELECT 'key-' || n, '{}' FROM generate_series(1, 100000) AS n;
    ANALYZE read_models._models, read_models._units, read_models._letters, read_models._blocks, read_models_balances_v1.balances";

const HOLDER: &str = "'a0000000-0000-0000-0000-000000000000'";

macro_rules! sql {
    ($name:literal) => {
        ($name, include_str!(concat!("../sql/read_models/", $name, ".sql")))
    };
}

/// Statements with their arguments, and how many rows each may read.
fn reads() -> Vec<((&'static str, &'static str), String, f64)> {
    let unit = "'model_7', 1, 3::smallint, 0";
    vec![
        (sql!("begin_step"), format!("{unit}, {HOLDER}, 0, 'off'"), 2.0),
        (sql!("resume"), format!("{unit}, {HOLDER}, 0"), 2.0),
        (sql!("settle_doubt"), unit.to_owned(), 3.0),
        (sql!("unit"), unit.to_owned(), 2.0),
        // At most all units of the model.
        (sql!("reached"), "'model_7', '{3}', '{5}'".to_owned(), 9.0),
        (sql!("versions"), "'model_7'".to_owned(), 1.0),
        (sql!("blocks"), "8, 0::smallint, 0".to_owned(), 200.0),
        (sql!("places"), "'model_7', '{1,2}'".to_owned(), 9.0),
        (sql!("table/document_at_least"), "'key-7', 'model_7', '{3}', '{0}'".to_owned(), 11.0),
        (sql!("table/documents"), "'{key-7,key-8}'".to_owned(), 2.0),
        (sql!("table/documents_locked"), "'{key-7,key-8}'".to_owned(), 4.0),
        (sql!("table/documents_first"), "10".to_owned(), 10.0),
        (sql!("table/documents_after"), "'key-7', 10".to_owned(), 10.0),
    ]
}

#[tokio::test]
async fn statements_of_steps_and_queries_read_by_index() {
    let room = Room::new().await;
    let store = room.open().await;
    store.declare(&balances(&Log::new(), 1)).await.unwrap();
    room.execute(MANY).await;
    let url = room.database.url();
    for ((name, sql), arguments, most) in reads() {
        let sql = sql.replace("\"version\".\"table\"", "read_models_balances_v1.balances");
        let plan = Plan::of(url, &sql, &arguments).await;
        let rows = plan.rows_read();
        assert!(rows <= most, "{name} reads {rows} rows: {:#}", plan.0);
    }
    // Dead letters by key are found by the index of the keys, planned with the arguments;
    // the few models are read whole.
    let arguments = |key: &str| {
        format!("NULL, NULL, NULL, NULL, {key}, NULL, false, NULL, NULL, NULL, NULL, NULL, 10")
    };
    let plan = Plan::known(url, sql!("letters").1, &arguments("'key-7'")).await;
    assert!(plan.uses("_letters_by_key") && plan.rows_read() <= 510.0, "{:#}", plan.0);
    // A page of all of them is not sorted as a whole.
    let of_one =
        "'model_7', NULL, 0::smallint, 0, NULL, NULL, false, NULL, NULL, NULL, NULL, NULL, 10";
    let plan = Plan::known(url, sql!("letters").1, of_one).await;
    assert!(plan.rows_read() <= 1_000.0, "{:#}", plan.0);
}
