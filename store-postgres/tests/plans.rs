//! Every statement stays quick in a log of a million events: it is planned without
//! knowing its arguments, and reads by index what it hands on, and nothing else.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

#[path = "plans/big.rs"]
mod big;
#[path = "helpers/log.rs"]
mod log;
#[path = "plans/nested.rs"]
mod nested;
#[path = "plans/plan.rs"]
mod plan;

use annals_postgres::testing::{Database, Server};
use big::RARE_NAME;
use plan::Plan;

macro_rules! sql {
    ($name:literal) => {
        include_str!(concat!("../sql/", $name, ".sql"))
    };
}

/// How many events a page has at most.
const PAGE: &str = "1000";

/// Each statement that reads: its name and text, its arguments for a partition, how many
/// rows of the tables it may read, and how many of them in vain.
fn reads(partition: u16, end: i64) -> Vec<(&'static str, &'static str, String, f64, f64)> {
    let p = partition;
    let (middle, window) = (end / 2, end / 2 + 20_000);
    let none = "'{}', '{}'";
    vec![
        ("begin_read", sql!("begin_read"), format!("{p}, {middle}"), 2.0, 0.0),
        ("log_head", sql!("log_head"), format!("{p}"), 2.0, 0.0),
        ("log_ends", sql!("log_ends"), format!("'{{{p}}}'"), 1.0, 0.0),
        ("stream_head", sql!("stream_head"), format!("{p}, 'account-7'"), 1.0, 0.0),
        ("read_stream", sql!("read_stream"), format!("{p}, 'account-7', 1, {PAGE}"), 10.0, 0.0),
        (
            "read_stream_backwards",
            sql!("read_stream_backwards"),
            format!("{p}, 'account-7', 9000000, {PAGE}"),
            10.0,
            0.0,
        ),
        (
            "read_streams",
            sql!("read_streams"),
            format!("'{{{p},{p}}}', '{{account-7,account-8}}', '{{1,2}}', 100"),
            20.0,
            0.0,
        ),
        ("read_log", sql!("read_log"), format!("{p}, {middle}, {end}, {PAGE}"), 1_001.0, 0.0),
        (
            "read_log_filtered, all",
            sql!("read_log_filtered"),
            format!("{p}, {middle}, {window}, {PAGE}, {middle}, {none}"),
            1_010.0,
            0.0,
        ),
        (
            "read_log_filtered, a category that is everywhere",
            sql!("read_log_filtered"),
            format!("{p}, {middle}, {window}, {PAGE}, {middle}, '{{account}}', '{{}}'"),
            1_010.0,
            2.0,
        ),
        // What does not pass is looked at, and no further than the window.
        (
            "read_log_filtered, a rare category",
            sql!("read_log_filtered"),
            format!("{p}, {middle}, {window}, {PAGE}, {middle}, '{{audit}}', '{{}}'"),
            20_010.0,
            20_000.0,
        ),
        (
            "read_log_filtered, a rare name",
            sql!("read_log_filtered"),
            format!("{p}, {middle}, {window}, {PAGE}, {middle}, '{{}}', '{{{RARE_NAME}}}'"),
            20_010.0,
            20_000.0,
        ),
        ("outcome", sql!("outcome"), "'account-7', 'key-7'".to_owned(), 1.0, 0.0),
        ("load_snapshot", sql!("load_snapshot"), "'account-7'".to_owned(), 1.0, 0.0),
        (
            "delete_snapshot",
            sql!("delete_snapshot"),
            "'account-7', 2, '00000000-0000-0000-0000-000000000000'".to_owned(),
            1.0,
            1.0,
        ),
        // The one row in vain is the answer: the sequence is not behind.
        ("sequences_behind", sql!("sequences_behind"), format!("'{{{p}}}'"), 2.0, 1.0),
    ]
}

async fn every_read_is_by_index(url: &str, partitions: u16, events: i64) {
    let end = events / i64::from(partitions);
    let partition = partitions - 1;
    for (name, sql, arguments, most, in_vain) in reads(partition, end) {
        let plan = Plan::of(url, sql, &arguments).await;
        plan.is_by_index(name, in_vain, 0.0);
        let rows = plan.rows_read();
        assert!(rows <= most, "{name} reads {rows} rows: {:#}", plan.0);
        let tables = plan.tables();
        let own = format!("events_{partition}");
        assert!(tables.iter().all(|table| *table == own), "{name} touches {tables:?}");
    }
}

#[tokio::test]
async fn statements_read_by_index_in_one_partition_and_within_the_append_function() {
    let server = nested::server().await;
    big::make(&server.url(), 1, 1_000_000).await;
    every_read_is_by_index(&server.url(), 1, 1_000_000).await;
    nested::statements_of_appends_are_by_index(&server, 1).await;
    an_optional_index_serves_a_rare_category(&server).await;
}

#[tokio::test]
async fn statements_touch_one_of_eight_partitions() {
    let server = nested::server().await;
    big::make(&server.url(), 8, 200_000).await;
    every_read_is_by_index(&server.url(), 8, 200_000).await;
    nested::statements_of_appends_are_by_index(&server, 8).await;
}

#[test]
fn every_file_of_sql_is_looked_at() {
    let known: Vec<_> = reads(0, 1).into_iter().map(|(name, ..)| name).collect();
    // Appends are looked at from within; these read one row of tables with one row, write
    // one row by its key, or touch no table.
    let others = [
        "append",
        "append_one",
        "describe_log",
        "describe_server",
        "save_snapshot",
        "roles",
        "stage",
        "before_commit",
        "commit",
        "notify",
        "identity",
    ];
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/sql");
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap().path();
        // Those of read models are looked at beside this file.
        if file.is_dir() {
            continue;
        }
        let name = file.file_stem().unwrap().to_str().unwrap();
        let looked_at = known.iter().any(|known| known.split(',').next() == Some(name));
        assert!(looked_at || others.contains(&name), "add the plan of {name} to the tests");
    }
}

/// The page for operators gives it to those who need it.
async fn an_optional_index_serves_a_rare_category(server: &Server) {
    let page = include_str!("../docs/operations.md");
    let index = page.lines().find(|line| line.starts_with("CREATE INDEX")).unwrap();
    log::execute(&server.url(), index).await;
    log::execute(&server.url(), "ANALYZE annals.events_0").await;
    // Not planned once for all: a filter by categories and one by names alone are one
    // statement, and only with the arguments at hand it shows that the index will do.
    let arguments = format!("0, 500000, 520000, {PAGE}, 500000, '{{audit}}', '{{}}'");
    let without = Plan::of(&server.url(), sql!("read_log_filtered"), &arguments).await;
    let plan = Plan::known(&server.url(), sql!("read_log_filtered"), &arguments).await;
    assert!(plan.uses("events_0_by_category"), "{:#}", plan.0);
    let rows = plan.rows_read();
    assert!(rows < 40.0, "it reads {rows} rows: {:#}", plan.0);
    let time = |plan: &Plan| plan.0["Actual Total Time"].as_f64().unwrap();
    eprintln!("a window: {} ms, by the index {} ms", time(&without), time(&plan));
}

#[tokio::test]
async fn a_log_without_events_is_read_as_well() {
    let database = Database::create().await.unwrap();
    annals_postgres::PostgresStore::migrate(database.url()).await.unwrap();
    for (_, sql, arguments, ..) in reads(0, 10) {
        Plan::of(database.url(), sql, &arguments).await;
    }
}
