//! The application is killed while it appends.

use std::process::Stdio;

use annals::store::Append;
use annals::{EventStore, ExpectedVersion};
use annals_postgres::PostgresStore;
use futures::future::join_all;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::random::Random;
use crate::tools::{empty_log, events, of_log, of_stream, stream};

/// Tells this program that it is the application, and where its database is.
const TOLD: &str = "ANNALS_CRASH_URL";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn appends_until_it_is_killed() {
    let Ok(url) = std::env::var(TOLD) else { return };
    let store = PostgresStore::connect(url).await.unwrap();
    println!();
    let writers = (0..8).map(|n| {
        let store = store.clone();
        tokio::spawn(async move {
            loop {
                let events = events(2);
                let ids = events.iter().map(|event| event.id.to_string()).collect::<Vec<_>>();
                let stream = stream(&(n % 3).to_string());
                store.append(Append::to(stream, ExpectedVersion::Any, events)).await.unwrap();
                println!("acknowledged {} {}", ids[0], ids[1]);
            }
        })
    });
    join_all(writers).await;
}

#[tokio::test]
async fn what_was_acknowledged_survives_the_end_of_the_application() {
    let database = empty_log().await;
    let mut random = Random::new(0);
    let mut acknowledged: Vec<String> = Vec::new();
    for _ in 0..5 {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "application::appends_until_it_is_killed", "--nocapture"]);
        command.env(TOLD, database.url()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut application = command.spawn().unwrap();
        let mut lines = BufReader::new(application.stdout.take().unwrap()).lines();
        let enough = acknowledged.len() + 40 + random.below(100);
        while let Some(line) = lines.next_line().await.unwrap() {
            let mut words = line.split(' ');
            // Its last line may have been cut off.
            if words.next() == Some("acknowledged") {
                acknowledged.extend(words.filter(|id| id.len() == 36).map(str::to_owned));
            }
            if acknowledged.len() >= enough {
                application.start_kill().unwrap();
            }
        }
        assert!(!application.wait().await.unwrap().success(), "it was killed");
    }
    let store = PostgresStore::connect(database.url()).await.unwrap();
    let log: Vec<_> = of_log(&store).await.iter().map(|event| event.id.to_string()).collect();
    let stands: std::collections::HashSet<_> = log.iter().collect();
    assert_eq!(stands.len(), log.len(), "each once");
    assert!(log.len().is_multiple_of(2), "each append as a whole");
    for id in &acknowledged {
        assert!(stands.contains(id), "an acknowledged event is not there");
    }
    for n in 0..3 {
        of_stream(&store, &stream(&n.to_string())).await;
    }
}
