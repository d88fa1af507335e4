//! Runs the program, and looks at what it prints and how it ends.

#![expect(clippy::unwrap_used, reason = "in tests an unwrap is an assertion")]

use std::process::Command;

use annals_postgres::testing::Database;

/// What the program printed on stdout and stderr, and its exit code.
fn ledger(args: &[&str]) -> (String, String, Option<i32>) {
    let output = Command::new(env!("CARGO_BIN_EXE_ledger")).args(args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code())
}

/// Runs it, and looks whether all is as it must be.
#[track_caller]
fn runs(args: &[&str]) {
    let (told, error, code) = ledger(args);
    assert_eq!(code, Some(0), "{told}\n{error}");
    let lines: Vec<_> = told.lines().map(str::trim).collect();
    let switches = lines.iter().filter(|line| line.starts_with("switched to version ")).count();
    assert_eq!(switches, 3, "there, back, and there again: {told}");
    for line in [
        "compared: 100 differences, of which 100 were expected",
        "version 1 is discarded",
        "ok     deposits of 100,042.00, balances of 100,042.00",
        "ok     the documents of `balances` are those of a fresh replay",
        "ok     the statement lines are those of a fresh replay",
    ] {
        assert!(lines.contains(&line), "`{line}` is not in\n{told}");
    }
    assert_eq!(told.matches("  ok ").count(), 6, "{told}");
    assert!(!told.contains("FAILED"), "{told}");
}

#[test]
fn on_memory_with_one_worker() {
    runs(&["--transfers", "1000", "--workers", "1"]);
}

#[test]
fn on_memory_with_three_workers() {
    runs(&["--transfers", "1000", "--workers", "3"]);
}

#[test]
fn nearly_without_a_history() {
    runs(&["--transfers", "0"]);
}

#[tokio::test]
async fn on_postgresql_with_one_worker() {
    let database = Database::create().await.unwrap();
    let at = ["--store", "postgres", "--url", database.url()];
    runs(&[&at[..], &["--transfers", "300", "--workers", "1"]].concat());

    // A ledger is begun once.
    let (_, error, code) = ledger(&at);
    assert_eq!(code, Some(1), "{error}");
    assert!(error.contains("give an empty database"), "{error}");
}

#[tokio::test]
async fn on_postgresql_with_three_workers() {
    let database = Database::create().await.unwrap();
    let at = ["--store", "postgres", "--url", database.url()];
    runs(&[&at[..], &["--transfers", "300", "--workers", "3"]].concat());
}

#[test]
fn a_server_for_the_run_will_do() {
    runs(&["--store", "postgres", "--transfers", "100"]);
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let (_, error, code) = ledger(&["--url", "postgres://me:secret@localhost/bank"]);
    assert_eq!(code, Some(1), "{error}");
    assert!(
        error.contains("--url is for --store postgres") && !error.contains("secret"),
        "{error}"
    );
    assert_eq!(ledger(&["--workers", "0"]).2, Some(2));
}
