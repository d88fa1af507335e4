//! Many that start at once.

use std::process::{Command, Stdio};

use annals_postgres::PostgresStore;
use annals_postgres::testing::Database;

use crate::support::text;

const MADE: &str = "SELECT (SELECT count(*) FROM annals.log) || ' log, ' ||
    (SELECT string_agg(name, ' ' ORDER BY version) FROM annals.migrations)";

/// Names the database to those that were started for it.
const URL: &str = "ANNALS_TEST_STARTER_URL";

#[tokio::test]
async fn of_ten_tasks_that_start_at_once_each_finds_one_log() {
    use annals::EventStore;
    let database = Database::create().await.unwrap();
    let starters: Vec<_> = (0..10)
        .map(|_| {
            let url = database.url().to_owned();
            tokio::spawn(async move {
                PostgresStore::migrate(&*url).await.unwrap();
                PostgresStore::connect(&*url).await.unwrap().log().id
            })
        })
        .collect();
    let mut ids = Vec::new();
    for starter in starters {
        ids.push(starter.await.unwrap());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(text(database.url(), MADE).await, "1 log, log staged");
}

#[tokio::test]
async fn of_ten_processes_that_start_at_once_each_finds_one_log() {
    let database = Database::create().await.unwrap();
    let start = |_| {
        let mut starter = Command::new(std::env::current_exe().unwrap());
        starter.args(["--exact", "starters::a_starter", "--ignored", "--nocapture"]);
        starter.env(URL, database.url()).stdout(Stdio::piped()).spawn().unwrap()
    };
    let starters: Vec<_> = (0..10).map(start).collect();
    let mut ids = Vec::new();
    for starter in starters {
        let output = starter.wait_with_output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{said}");
        let id = said.lines().find_map(|line| line.split_once("log ")).unwrap().1.to_owned();
        ids.push(id);
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
    assert_eq!(text(database.url(), MADE).await, "1 log, log staged");
}

/// One of the ten processes.
#[tokio::test]
#[ignore = "is started by the test above"]
async fn a_starter() {
    use annals::EventStore;
    let Ok(url) = std::env::var(URL) else { return };
    PostgresStore::migrate(&*url).await.unwrap();
    println!("log {}", PostgresStore::connect(&*url).await.unwrap().log().id);
}
