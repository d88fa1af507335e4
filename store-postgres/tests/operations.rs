//! What the page for operators says can be done: its shell blocks are run in order.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

#[path = "helpers/log.rs"]
mod log;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use annals::store::LogQuery;
use annals::{EventId, EventStore, Partition};
use annals_postgres::testing::Server;
use annals_postgres::{ConnectError, PostgresStore};
use futures::TryStreamExt;
use log::{append, execute, number};

const PAGE: &str = include_str!("../docs/operations.md");

/// The shell blocks of the page that are still to be run.
struct Page {
    blocks: std::vec::IntoIter<&'static str>,
    backup: PathBuf,
    archive: PathBuf,
}

impl Page {
    fn open(server: &Server) -> Self {
        let blocks = PAGE.split("\n```sh\n").skip(1);
        let blocks: Vec<_> = blocks.map(|rest| rest.split("\n```").next().unwrap()).collect();
        let room = server.scratch_dir();
        let (backup, archive) = (room.join("backup"), room.join("archive"));
        Self { blocks: blocks.into_iter(), backup, archive }
    }

    /// Runs the next block, which must be the one that is meant.
    async fn run(&mut self, server: &Server, meant: &str) -> String {
        let block = self.blocks.next().expect("the page has another block");
        assert!(block.contains(meant), "the page comes to {block}, not to {meant}");
        let mut shell = server.bin("bash");
        shell.env("BACKUP", &self.backup).env("ARCHIVE", &self.archive);
        shell.env("PATH", path(server));
        let ran = shell.args(["-euo", "pipefail", "-c", block]).output().await.unwrap();
        let said = String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()).into_owned();
        assert!(ran.status.success(), "{block}\n{said}");
        said
    }
}

/// The search path, with the programs of the server's own version before all others.
fn path(server: &Server) -> std::ffi::OsString {
    let dump = server.bin("pg_dump");
    // As another user it is the last word behind the program that becomes that one.
    let dump = dump.as_std();
    let program = dump.get_args().last().unwrap_or(dump.get_program());
    let mut path = Path::new(program).parent().unwrap().as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap());
    path
}

/// Every event of the log.
async fn events(url: &str) -> Vec<EventId> {
    let store = PostgresStore::connect(url).await.unwrap();
    let events = store.read_all(LogQuery::partition(Partition::FIRST));
    events.map_ok(|event| event.id).try_collect().await.unwrap()
}

async fn archiving() -> Server {
    let builder = Server::builder().setting("archive_mode", "on");
    // The server's working directory is its data directory.
    let server = builder.setting("archive_command", "cp %p ../room/archive/%f").start().await;
    let server = server.unwrap();
    let made = server.bin("mkdir").args(["backup", "archive"]).status().await;
    assert!(made.unwrap().success());
    server
}

#[tokio::test]
async fn the_steps_of_the_page_do_what_it_says() {
    let server = archiving().await;
    execute(&server.url(), "CREATE DATABASE shop").await;
    let (url, restored) = (server.url_of("shop"), server.url_of("shop_restored"));
    PostgresStore::migrate(&*url).await.unwrap();
    let store = PostgresStore::connect(&*url).await.unwrap();
    store.append(append(1)).await.unwrap();
    let head = store.log_head(Partition::FIRST).await.unwrap();
    let mut page = Page::open(&server);

    page.run(&server, "pg_dump").await;
    page.run(&server, "pg_restore").await;
    assert_eq!(events(&restored).await, events(&url).await);
    let again = PostgresStore::connect(&*restored).await.unwrap();
    // The log is the same one: who has read the first goes on in the second.
    again.append(append(1)).await.unwrap();
    let query = LogQuery::resume(head);
    assert_eq!(again.read_all(query).try_collect::<Vec<_>>().await.unwrap().len(), 1);

    page.run(&server, "pg_basebackup").await;
    store.append(append(2)).await.unwrap();
    execute(&server.url(), "SELECT pg_switch_wal()").await;
    let archived = "SELECT count(*) FROM pg_stat_archiver WHERE last_archived_wal >= \
                    pg_walfile_name(pg_current_wal_lsn() - 16777216)";
    let began = Instant::now();
    while number(&server.url(), archived).await == 0 {
        assert!(began.elapsed() < Duration::from_secs(20), "nothing is archived");
    }
    page.run(&server, "recovery.signal").await;
    let other = Server::builder().data_from(page.backup.join("base")).start().await.unwrap();
    let began = Instant::now();
    let recovery = "SELECT pg_is_in_recovery()::int::int8";
    while number(&other.url(), recovery).await == 1 {
        assert!(began.elapsed() < Duration::from_secs(30), "the restore does not end");
    }
    assert_eq!(events(&other.url_of("shop")).await, events(&url).await);
    let told = page.run(&server, "max(position)").await;
    assert!(told.contains("2 |"), "{told}");

    store.append(append(3)).await.unwrap();
    execute(&url, "SELECT setval('annals.positions_0', 1)").await;
    let behind = PostgresStore::connect(&*url).await.unwrap_err();
    assert!(matches!(behind, ConnectError::SequenceBehind { .. }), "{behind:?}");
    page.run(&server, "setval").await;
    assert_eq!(number(&url, "SELECT last_value FROM annals.positions_0").await, 3);
    store.append(append(3)).await.unwrap();

    page.run(&server, "autovacuum_vacuum_insert_threshold").await;
    page.run(&server, "vacuumdb").await;
    assert!(page.run(&server, "pg_total_relation_size").await.contains("events_0"));
    assert!(page.blocks.next().is_none(), "the page has a block that is not tested");
}
