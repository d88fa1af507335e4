//! Whoever may call the append function can append, and nothing else: arrays that do not
//! fit each other are refused, and nothing is written.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "these are tests")]

use annals_postgres::PostgresStore;
use annals_postgres::testing::Database;
use sqlx::{Connection, PgConnection, Row};

/// Two events for one stream and one for another, as a correct client sends them.
const WRITES: &[(&str, &str)] = &[
    ("w_append", "'{1,2}'"),
    ("w_stream", "'{account-1,account-2}'"),
    ("w_partition", "'{0,0}'"),
    ("w_slot", "'{1,2}'"),
    ("w_expected", "'{-1,-1}'"),
    ("w_behind", "'{NULL,NULL}'"),
    ("w_events", "'{2,1}'"),
    ("w_last", "array[md5('b')::uuid, md5('c')::uuid]"),
    ("w_ahead", "'{0,0}'"),
    ("w_before", "'{NULL,NULL}'"),
    ("w_up_to", "'{2,3}'"),
    ("k_append", "NULL"),
    ("k_stream", "NULL"),
    ("k_key", "NULL"),
    ("k_fingerprint", "NULL"),
    ("e_write", "'{1,1,2}'"),
    ("e_back", "'{1,0,0}'"),
    ("e_id", "array[md5('a')::uuid, md5('b')::uuid, md5('c')::uuid]"),
    ("e_name", "'{a,b,c}'"),
    ("e_schema_version", "'{1,1,1}'"),
    ("e_json", "'{1,2,3}'"),
    ("e_codec", "NULL"),
    ("e_bytes", "NULL"),
    ("e_metadata", "NULL"),
    ("e_occurred_at", "NULL"),
    ("e_recorded_at", "NULL"),
];

/// The call, with some of the arrays changed.
fn call(changes: &[(&str, &str)]) -> String {
    let known = |name: &&str| WRITES.iter().any(|(known, _)| known == name);
    assert!(changes.iter().all(|(name, _)| known(name)), "a parameter of that name");
    let changed = |name: &str| changes.iter().rev().find(|(changed, _)| *changed == name);
    let arrays = WRITES.iter().map(|(name, value)| {
        format!("{name} => {}", changed(name).map_or(*value, |(_, value)| *value))
    });
    let arrays: Vec<_> = arrays.collect();
    format!(
        "SELECT a.versions FROM annals.append(p_lock_timeout => '1s', p_durable => false, \
         p_imported => false, {}) AS a",
        arrays.join(", ")
    )
}

async fn versions(db: &mut PgConnection, changes: &[(&str, &str)]) -> Result<Vec<i64>, String> {
    let row = sqlx::raw_sql(sqlx::AssertSqlSafe(call(changes))).fetch_one(db).await;
    let code = |error: sqlx::Error| error.as_database_error().unwrap().code().unwrap().into_owned();
    row.map(|row| {
        let text: String = row.try_get_unchecked(0).unwrap();
        let numbers = text.trim_matches(['{', '}']).split(',').map(|n| n.parse().unwrap());
        numbers.collect()
    })
    .map_err(code)
}

async fn log(partitions: u16) -> (Database, PgConnection) {
    let database = Database::create().await.unwrap();
    PostgresStore::builder(database.url()).partitions(partitions).migrate().await.unwrap();
    let db = PgConnection::connect(database.url()).await.unwrap();
    (database, db)
}

async fn events(db: &mut PgConnection) -> i64 {
    let count = sqlx::query_scalar("SELECT count(*) FROM annals.events").fetch_one(db).await;
    count.unwrap()
}

#[tokio::test]
async fn arrays_that_fit_are_written() {
    let (_database, mut db) = log(2).await;
    assert_eq!(versions(&mut db, &[]).await, Ok(vec![2, 1]));
    assert_eq!(versions(&mut db, &[]).await, Ok(vec![4, 2]));
    assert_eq!(events(&mut db).await, 6);
}

#[tokio::test]
async fn arrays_that_do_not_fit_are_refused_and_write_nothing() {
    let (_database, mut db) = log(2).await;
    versions(&mut db, &[]).await.unwrap();
    let wrong: &[&[(&str, &str)]] = &[
        // A version or a position that leaves a hole, or lies in the past.
        &[("w_ahead", "'{41,0}'")],
        &[("w_ahead", "'{-1,0}'")],
        &[("w_up_to", "'{2,9}'")],
        &[("w_up_to", "'{12,13}'")],
        &[("w_up_to", "'{-1,0}'")],
        &[("w_up_to", "'{2,9223372036854775807}'")],
        &[("w_events", "'{1,1}'"), ("w_up_to", "'{1,2}'")],
        &[("w_events", "'{3,1}'"), ("w_up_to", "'{3,4}'")],
        &[("w_events", "'{3,0}'"), ("w_up_to", "'{3,3}'")],
        &[("w_events", "'{4,-1}'"), ("w_up_to", "'{4,3}'")],
        &[("w_events", "'{2,NULL}'")],
        &[("e_back", "'{0,0,0}'")],
        &[("e_back", "'{2,0,0}'")],
        &[("e_back", "'{1,-1,0}'")],
        &[("e_write", "'{1,1,1}'")],
        &[("e_write", "'{1,1,3}'")],
        &[("e_write", "'{1,NULL,2}'")],
        // Read by place they would be others than by number.
        &[("w_partition", "'[0:2]={1,0,0}'"), ("w_up_to", "'{2,1}'")],
        &[("w_stream", "'[0:2]={b,a,c}'")],
        &[("w_append", "'{1}'")],
        &[("w_append", "'{1,NULL}'")],
        &[("w_append", "'{{1,2}}'")],
        &[("w_append", "'{}'")],
        &[("w_append", "NULL")],
        &[("w_expected", "'{-1}'")],
        &[("w_behind", "'{NULL}'")],
        &[(
            "e_id",
            "array_prepend(md5('x')::uuid, array[md5('a')::uuid, md5('b')::uuid, md5('c')::uuid])",
        )],
        &[("e_name", "'[0:2]={a,b,c}'")],
        &[("e_json", "'{1,2}'")],
        &[("e_metadata", "'{NULL}'")],
        &[("k_append", "'{1}'"), ("k_stream", "'{account-1}'"), ("k_key", "'{k}'")],
        // What nobody could read.
        &[("e_json", "NULL")],
        &[("e_codec", "'{a,b,c}'")],
        &[("e_occurred_at", "'{-infinity,NULL,NULL}'")],
        &[("e_occurred_at", "'{\"20000-01-01\",NULL,NULL}'")],
        &[("e_schema_version", "'{-1,1,1}'")],
        &[("w_stream", "'{account,account-2}'")],
        // The same position for two writes, the same stream as if it were two.
        &[("w_up_to", "'{2,2}'")],
        &[("w_stream", "'{account-1,account-1}'")],
        &[("w_stream", "'{account-1,account-1}'"), ("w_partition", "'{0,1}'")],
        &[("w_expected", "'{7,-1}'"), ("w_slot", "'{1,1}'")],
        &[("w_expected", "'{7,-1}'"), ("w_slot", "'{2,1}'")],
        // A first outcome of something else.
        &[
            ("k_append", "'{1}'"),
            ("k_stream", "'{account-1}'"),
            ("k_key", "'{k}'"),
            ("k_fingerprint", "'{NULL}'"),
            ("w_last", "array[md5('x')::uuid, md5('c')::uuid]"),
        ],
    ];
    for changes in wrong {
        let refused = versions(&mut db, changes).await;
        let code = refused.expect_err(&format!("refused: {changes:?}"));
        assert!(
            ["AN006", "23505", "23502", "22003", "23514"].contains(&&*code),
            "{code} of {changes:?}"
        );
        assert_eq!(events(&mut db).await, 3, "{changes:?}");
        let end = "SELECT last_value FROM annals.positions_0";
        let end: i64 = sqlx::query_scalar(end).fetch_one(&mut db).await.unwrap();
        assert_eq!(end, 3, "the sequence was moved: {changes:?}");
    }
    // And nothing of it is in the way of what comes next.
    assert_eq!(versions(&mut db, &[]).await, Ok(vec![4, 2]));
}

#[tokio::test]
async fn a_time_of_recording_is_taken_from_imports_only() {
    let (_database, mut db) = log(1).await;
    let year_9000 = "array['9000-01-01'::timestamptz, '9000-01-01', '9000-01-01']";
    versions(&mut db, &[("e_recorded_at", year_9000)]).await.unwrap();
    let late = "SELECT count(*) FROM annals.events WHERE recorded_at > '3000-01-01'";
    let late: i64 = sqlx::query_scalar(late).fetch_one(&mut db).await.unwrap();
    assert_eq!(late, 0);
}

#[tokio::test]
async fn imported_times_do_not_fall_whatever_the_order_of_the_arrays() {
    let (_database, mut db) = log(1).await;
    versions(&mut db, &[]).await.unwrap();
    let years = |years: &str| format!("ARRAY{years}::timestamptz[]");
    // In the order of the positions, and whichever appends are written.
    let falling: &[(&[(&str, &str)], &str)] = &[
        (&[("e_back", "'{0,1,0}'")], "['9001-01-01','9002-01-01','9003-01-01']"),
        (&[("w_expected", "'{99,-1}'")], "['9001-01-01','9001-01-01','1980-01-01']"),
        (&[], "['9001-01-01','9002-01-01','infinity']"),
        (&[], "['9001-01-01','9002-01-01',NULL]"),
    ];
    for (changes, times) in falling {
        let times = years(times);
        let mut changes = changes.to_vec();
        changes.push(("e_recorded_at", &times));
        let call = call(&changes).replace("p_imported => false", "p_imported => true");
        // Refused within the function, or by the table.
        let _ = sqlx::raw_sql(sqlx::AssertSqlSafe(call)).execute(&mut db).await;
        assert_eq!(events(&mut db).await, 3, "{changes:?}");
    }
}
