//! `annals export` and `annals import`.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use annals::EventStore;
use annals::Partition;
use annals_postgres::PostgresStore;
use annals_postgres::testing::Database;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::support::{Ended, World, command, interrupt, run};

/// A log of five events, and a folder.
async fn log() -> (World, TempDir) {
    let world = World::new().await;
    for key in ["1", "2", "1", "3", "1"] {
        world.deposit(key, 5).await;
    }
    (world, TempDir::new().unwrap())
}

async fn export(world: &World, folder: &TempDir) -> PathBuf {
    let file = folder.path().join("history.ndjson");
    let told = world.annals(&["export", "--out", file.to_str().unwrap()]).await.code(0);
    told.says("5 events");
    file
}

async fn import(url: &str, args: &[&str]) -> Ended {
    let mut command = command(["import"]);
    command.args(args).env("ANNALS_URL", url);
    run(command).await
}

#[tokio::test]
async fn a_log_goes_into_another_database_and_is_the_same() {
    let (world, folder) = log().await;
    let file = export(&world, &folder).await;
    let file = file.to_str().unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");

    let other = Database::create().await.unwrap();
    import(other.url(), &["--in", file]).await.code(3).tells("or by `annals import --create`");
    let told = import(other.url(), &["--in", file, "--create", "2", "--json"]).await.code(0);
    let source = world.log.log().id.to_string();
    let imported = json!({
        "source": source, "events": 5, "written": 5, "already_there": 0, "streams": 3
    });
    assert_eq!(told.json(), imported);
    // Again it finds them all.
    let again = import(other.url(), &["--in", file, "--create"]).await.code(0);
    again.says("5 events of 3 streams: 0 written, 5 were there");

    let copy = PostgresStore::connect(other.url()).await.unwrap();
    assert_eq!(copy.log().partitions.count(), 2);
    let events = |text: &str| {
        let event = |line: &str| -> Value {
            let mut event: Value = serde_json::from_str(line).unwrap();
            let fields = event.as_object_mut().unwrap();
            // These are given anew.
            for anew in ["partition", "position", "imported"] {
                fields.remove(anew);
            }
            event
        };
        let lines = text.lines().filter(|line| !line.contains("\"annals\"")).map(event);
        let mut events: Vec<_> = lines.collect();
        events.sort_by_key(|event| event["id"].as_str().unwrap().to_owned());
        events
    };
    let told = run({
        let mut command = command(["export", "--json"]);
        command.env("ANNALS_URL", other.url());
        command
    });
    let told = told.await.code(0);
    assert_eq!(events(&told.stdout), events(&fs::read_to_string(file).unwrap()));
    let summary: Value = serde_json::from_str(&told.stderr).unwrap();
    assert_eq!((&summary["events"], &summary["file"]), (&json!(5), &json!(null)));
}

#[tokio::test]
async fn a_log_goes_through_a_pipe() {
    let (world, folder) = log().await;
    let file = export(&world, &folder).await;
    let other = World::new().await;
    let mut command = other.command(&["import"]);
    command.stdin(File::open(file).unwrap());
    run(command).await.code(0).says("5 written");
}

#[tokio::test]
async fn what_is_damaged_or_foreign_is_refused() {
    let (world, folder) = log().await;
    let file = export(&world, &folder).await;
    let text = fs::read_to_string(&file).unwrap();
    let cut = text.rsplit_once("{\"annals\":\"end\"").unwrap().0;
    let other = World::new().await;
    let file = file.to_str().unwrap();

    fs::write(file, cut).unwrap();
    let told = other.annals(&["import", "--in", file]).await.code(1);
    let told = told.tells("error: the history was not imported\n");
    told.tells("  because: the history is cut within or after line 6");
    let head = other.log.log_head(Partition::FIRST).await.unwrap();
    assert_eq!(head.position().get(), 0, "nothing was written");

    fs::write(file, text).unwrap();
    other.deposit("1", 5).await;
    let told = other.annals(&["import", "--in", file, "--json"]).await.code(1).json();
    assert!(told["causes"][0].as_str().unwrap().contains("import into an empty log"), "{told}");

    let absent = folder.path().join("absent");
    let told = other.annals(&["import", "--in", absent.to_str().unwrap()]).await.code(3);
    told.tells("absent cannot be read").tells("  because: No such file");
    let nowhere = folder.path().join("no/folder");
    let told = other.annals(&["export", "--out", nowhere.to_str().unwrap()]).await.code(3);
    told.tells("cannot be created");
    other.annals(&["import", "--create", "0"]).await.code(3).tells("1 to 1024 partitions");
}

#[tokio::test]
async fn an_import_that_waits_can_be_interrupted() {
    let world = World::new().await;
    let mut command = world.command(&["import", "--json"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let before = world.sessions().await;
    let child = command.spawn().unwrap();
    while world.sessions().await <= before {
        sleep(Duration::from_millis(20)).await;
    }
    // Until it has looked at the log.
    sleep(Duration::from_secs(1)).await;
    interrupt(&child);
    let waited = tokio::task::spawn_blocking(move || {
        // Its stdin stays open until it has ended.
        let mut child = child;
        let stdin = child.stdin.take();
        let output = child.wait_with_output().unwrap();
        drop(stdin);
        output
    });
    let ended = Ended::from(waited.await.unwrap()).code(130).tells("goes on where it was");
    assert_eq!(ended.json()["error"], "interrupted");
}
