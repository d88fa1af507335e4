//! The processes of writers: this program again, told so by its environment.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::process::Stdio;
use std::time::Duration;

use annals::store::{Append, NewEvent};
use annals::{AppendError, EventStore, ExpectedVersion, Payload, StreamId, Version};
use annals_postgres::PostgresStore;
use futures::future::join_all;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::random::Random;
use crate::tools::{key, stream};

/// What the environment of a process says: the URL, how many writers, how many events
/// each of them appends, and how many an append has at most.
const TOLD: &str = "ANNALS_FIRE_PROCESS";

/// What the processes of writers have said.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// Positions and ids that were acknowledged.
    pub(crate) acknowledged: Vec<(u64, u128)>,
    /// Ids of which it is not known whether they were written.
    pub(crate) unknown: Vec<u128>,
    pub(crate) conflicts: usize,
    pub(crate) transient: usize,
    pub(crate) wrong: Vec<String>,
}

/// Starts a process, and gathers what it says until it ends.
pub(crate) async fn run(told: String) -> Said {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "process::writes_as_it_is_told", "--nocapture"]);
    command.env(TOLD, told).stdout(Stdio::piped()).kill_on_drop(true);
    let mut process = command.spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut said = Said::default();
    while let Some(line) = lines.next_line().await.unwrap() {
        let words: Vec<_> = line.split(' ').collect();
        let ids =
            |from: usize| words[from..].iter().map(|id| u128::from_str_radix(id, 16).unwrap());
        match words[0] {
            "acknowledged" => {
                let last: u64 = words[1].parse().unwrap();
                let first = last + 3 - words.len() as u64;
                said.acknowledged.extend((first..).zip(ids(2)));
            }
            "unknown" => said.unknown.extend(ids(1)),
            "conflict" => said.conflicts += 1,
            "transient" => said.transient += 1,
            "wrong" => said.wrong.push(line),
            _ => {}
        }
    }
    if !process.wait().await.unwrap().success() {
        said.wrong.push("a process has failed".to_owned());
    }
    said
}

#[tokio::test]
async fn writes_as_it_is_told() {
    let Ok(told) = std::env::var(TOLD) else { return };
    let words: Vec<_> = told.split(' ').collect();
    let number = |nth: usize| words[nth].parse::<usize>().unwrap();
    let (process, writers, events, most) = (number(1), number(2), number(3), number(4));
    // Connections are killed from the beginning.
    let mut tries = 0;
    let store = loop {
        tries += 1;
        match PostgresStore::connect(words[0]).await {
            Ok(store) => break store,
            Err(error) => assert!(tries < 50, "{error}"),
        }
    };
    // The lines of the test's own framework end where these begin.
    println!();
    let writers = (0..writers).map(|n| Writer::new(&store, process * writers + n, most));
    join_all(writers.map(|writer| tokio::spawn(writer.run(events)))).await;
}

struct Writer {
    store: PostgresStore,
    random: Random,
    /// The stream that nobody else appends to.
    own: StreamId,
    known: HashMap<StreamId, Version>,
    most: usize,
}

impl Writer {
    fn new(store: &PostgresStore, number: usize, most: usize) -> Self {
        let own = stream(&format!("own-{number}"));
        let (random, known) = (Random::new(number), HashMap::new());
        Self { store: store.clone(), random, own, known, most }
    }

    async fn run(mut self, events: usize) {
        let mut written = 0;
        while written < events {
            let append = self.next();
            written += self.append(append).await;
        }
    }

    /// Sure of the version, wrong about it, or without an opinion.
    fn next(&mut self) -> Append {
        let count = 1 + self.random.below(self.most);
        let event = || NewEvent::new("account.used", Payload::json("{\"used\":1}").unwrap());
        let events: Vec<_> = (0..count).map(|_| event()).collect();
        let shared = stream(&format!("shared-{}", self.random.below(30)));
        let known = |stream| self.known.get(stream).copied().unwrap_or(Version::NONE);
        match self.random.below(5) {
            0 => Append::to(shared, ExpectedVersion::Any, events),
            1 => {
                let key = key(&events[0].id.to_string());
                Append::to(shared, ExpectedVersion::Any, events).with_key(key)
            }
            2 => Append::to(shared.clone(), known(&shared), events),
            _ => Append::to(self.own.clone(), known(&self.own), events),
        }
    }

    /// Appends until it is known what became of it; returns the number of events.
    async fn append(&mut self, append: Append) -> usize {
        let (stream, ids) = (append.writes[0].stream.clone(), ids(&append));
        let repeatable = append.key.is_some() || append.writes[0].expected.exact().is_some();
        loop {
            match self.store.append(append.clone()).await {
                Ok(done) => {
                    println!("acknowledged {}{ids}", done.writes[0].position.get());
                    self.known.insert(stream, done.writes[0].version);
                    return append.events();
                }
                Err(AppendError::Conflict(conflict)) => {
                    // Nobody else appends to it, and this one knows what it has done.
                    let what = if stream == self.own { "wrong" } else { "conflict" };
                    println!("{what} {conflict}");
                    self.known.insert(stream, conflict.actual);
                    return 0;
                }
                Err(AppendError::Unknown(_)) if repeatable => {}
                Err(AppendError::Unknown(_)) => {
                    println!("unknown{ids}");
                    return 0;
                }
                Err(AppendError::Store(error)) if error.is_transient() => println!("transient"),
                Err(error) => {
                    println!("wrong {error}: {error:?}");
                    return append.events();
                }
            }
            tokio::time::sleep(Duration::from_millis(1) + self.random.millis(5)).await;
        }
    }
}

fn ids(append: &Append) -> String {
    append.writes[0].events.iter().fold(String::new(), |mut ids, event| {
        write!(ids, " {:x}", event.id.as_uuid().as_u128()).unwrap();
        ids
    })
}
