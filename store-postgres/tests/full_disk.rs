//! A full disk takes nothing that was acknowledged, and is over when there is room.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]
#![cfg(target_os = "linux")]

#[path = "helpers/log.rs"]
mod log;

use std::path::{Path, PathBuf};
use std::process::Command;

use annals::store::{Append, LogQuery};
use annals::{AppendError, EventId, EventStore, ExpectedVersion, Partition};
use annals_postgres::PostgresStore;
use annals_postgres::testing::Server;
use futures::TryStreamExt;
use log::{append, execute, noise, stream};

/// A little disk of its own. Where the tests may not mount one, the server's processes
/// are told that no file grows further, which they see as a full disk as well.
enum Disk {
    Mounted(PathBuf),
    Limited { parent: String },
}

impl Disk {
    async fn make(server: &Server) -> Self {
        let dir = server.scratch_dir().join("disk");
        let made = server.bin("mkdir").arg(&dir).status().await;
        assert!(made.unwrap().success());
        let options = "size=24m,mode=0777";
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "none"]).arg(&dir);
        if !mount.output().is_ok_and(|output| output.status.success()) {
            eprintln!("no disk can be mounted here: the size of files is limited instead");
            let file = std::fs::read_to_string(server.data_dir().join("postmaster.pid")).unwrap();
            return Self::Limited { parent: file.lines().next().unwrap().to_owned() };
        }
        // A tablespace is a folder of the server's user.
        let folder = server.bin("mkdir").args(["-m", "700"]).arg(dir.join("space")).status().await;
        assert!(folder.unwrap().success());
        let space = dir.join("space");
        let make = format!("CREATE TABLESPACE small LOCATION '{}'", space.display());
        execute(&server.url(), &make).await;
        execute(&server.url(), "ALTER TABLE annals.events_0 SET TABLESPACE small").await;
        Self::Mounted(dir)
    }

    /// Lets the disk fill up; a disk that is small does so by itself.
    async fn fill(&self, server: &Server) {
        if let Self::Limited { parent } = self {
            // The files of the log of transactions have 16 MiB.
            limit(server, parent, "17000000:").await;
        }
    }

    /// Makes room, as an operator does.
    async fn free(&self, server: &Server) {
        match self {
            Self::Mounted(dir) => mount(&["-o", "remount,size=256m"], dir),
            Self::Limited { parent } => limit(server, parent, "unlimited:").await,
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if let Self::Mounted(dir) = self {
            // Lazily: the server may still have files open.
            Command::new("umount").arg("--lazy").arg(dir).status().ok();
        }
    }
}

fn mount(words: &[&str], dir: &Path) {
    assert!(Command::new("mount").args(words).arg(dir).status().unwrap().success());
}

/// Sets how large the files of a process and of its children may become.
async fn limit(server: &Server, parent: &str, size: &str) {
    let children = Command::new("pgrep").args(["-P", parent]).output().unwrap().stdout;
    let children = String::from_utf8(children).unwrap();
    for process in std::iter::once(parent).chain(children.lines()) {
        let limit = format!("--fsize={size}");
        // As their own user, who may do it without being root.
        server.bin("prlimit").args(["--pid", process, &limit]).status().await.unwrap();
    }
}

/// Appends until it is refused; returns what was acknowledged, and the refusal.
async fn append_until_full(store: &PostgresStore) -> (Vec<EventId>, AppendError) {
    let mut acknowledged = Vec::new();
    for _ in 0..200 {
        let event = noise(500_000);
        let id = event.id;
        let append = Append::to(stream(1), ExpectedVersion::Any, vec![event]);
        match store.append(append).await {
            Ok(_) => acknowledged.push(id),
            Err(error) => return (acknowledged, error),
        }
    }
    panic!("the disk is never full");
}

#[tokio::test]
async fn a_full_disk_takes_nothing_that_was_acknowledged() {
    let server = Server::builder().fsync(true).start().await.unwrap();
    PostgresStore::migrate(server.url()).await.unwrap();
    let disk = Disk::make(&server).await;
    let store = PostgresStore::connect(server.url()).await.unwrap();
    disk.fill(&server).await;
    let (acknowledged, error) = append_until_full(&store).await;
    assert!(acknowledged.len() > 10, "{error:?}");
    let AppendError::Store(error) = error else { panic!("{error:?}") };
    assert!(!error.is_transient(), "it does not pass by itself: {error}");
    if matches!(disk, Disk::Mounted(_)) {
        assert!(error.to_string().contains("free space on the disk"), "{error}");
    }
    // Once more, and it is refused as well; nobody hangs.
    let append_again = Append::to(stream(1), ExpectedVersion::Any, vec![noise(900_000)]);
    store.append(append_again).await.unwrap_err();

    let held = async |store: &PostgresStore| -> Vec<EventId> {
        let events = store.read_all(LogQuery::partition(Partition::FIRST));
        events.map_ok(|event| event.id).try_collect().await.unwrap()
    };
    assert_eq!(held(&store).await, acknowledged);
    disk.free(&server).await;
    let appended = store.append(append(2)).await.unwrap();
    assert_eq!(appended.writes[0].version, annals::Version::FIRST);
    server.kill().await.unwrap();
    server.restart().await.unwrap();
    let store = PostgresStore::connect(server.url()).await.unwrap();
    let held = held(&store).await;
    assert_eq!(held.split_last().unwrap().1, acknowledged);
}
