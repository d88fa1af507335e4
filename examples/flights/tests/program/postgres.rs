//! The same job on PostgreSQL.

use annals_postgres::testing::Database;

use crate::support::{File, flights};

fn three_days() -> File {
    File::of_january(|row| {
        ["1,", "2,", "3,"].iter().any(|day| row.starts_with(&format!("2013,1,{day}")))
    })
}

#[test]
fn a_server_of_its_own_gives_the_same_answer_and_is_verified() {
    let file = three_days();
    let ended = file.flights(&["--store", "postgres", "--verify", "--json"]);
    assert_eq!(ended.json(), file.flights(&["--json"]).json());
    ended.said("2,699 rows (0 bad)");
    ended.said("(0 refused)");
    ended.said("verified: ");
}

#[tokio::test]
async fn a_second_run_on_a_database_answers_from_the_log_and_adds_nothing() {
    let database = Database::create().await.unwrap();
    let file = three_days();
    let run = |more: &[&str]| {
        let mut args = vec!["--store", database.url()];
        args.extend(more);
        file.flights(&args)
    };
    let first = run(&["--json"]);
    assert!(!first.stderr.contains("nothing was added"), "{}", first.stderr);
    let second = run(&["--json", "--verify"]);
    assert_eq!(second.json(), first.json());
    second.said("the log in schema flights holds ");
    second.said("nothing was added");
    second.said("verified: ");

    // Another schema is another log.
    let other = run(&["--json", "--schema", "again"]);
    assert_eq!(other.json(), first.json());
    assert!(!other.stderr.contains("nothing was added"), "{}", other.stderr);

    // A log of another file is found out.
    let one = File::of_january(|row| row.contains(",EV,4308,"));
    let differs = one.flights(&["--store", database.url(), "--verify"]);
    differs.failed_with("the log and the file differ for ");
    differs.said("the log was made by an earlier run");
}

#[test]
fn a_store_that_cannot_be_meant_is_refused_without_repeating_it() {
    let ended = flights(&["--store", "postgre://me:secret@localhost/airport"]);
    ended.failed_with("--store is `memory`, `postgres`, or the URL of a database");
    assert!(!ended.stderr.contains("secret"), "{}", ended.stderr);

    let ended = flights(&["--store", "postgres://me:secret@localhost:port/airport"]);
    ended.failed_with("error: the ");
    assert!(!ended.stderr.contains("secret"), "{}", ended.stderr);

    flights(&["--store", "postgres://localhost/airport", "--schema", ""]).failed_with("schema");
}

#[test]
fn an_absent_server_is_named() {
    // Nobody listens on port 1.
    let ended = flights(&["--store", "postgres://me@127.0.0.1:1/airport"]);
    ended.failed_with("the database server at 127.0.0.1:1 does not answer");
}
