//! The server is killed again and again while writers append.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use annals::store::{Append, Appended};
use annals::{AppendError, EventId, EventStore, ExpectedVersion, StreamId, Version};
use annals_postgres::PostgresStore;
use annals_postgres::testing::Server;
use futures::future::join_all;

use crate::random::Random;
use crate::tools::{events, key, of_log, of_stream, stream};

const CRASHES: usize = 20;
const WRITERS: usize = 8;

/// What a writer was told.
#[derive(Default)]
struct Told {
    acknowledged: Vec<(EventId, Appended)>,
    unknown: Vec<EventId>,
    repeated: usize,
}

struct Writer {
    store: PostgresStore,
    own: StreamId,
    version: Version,
    random: Random,
    told: Told,
}

impl Writer {
    /// Appends until it is told to stop, one append in doubt at the most.
    async fn run(mut self, stop: Arc<AtomicBool>, done: Arc<AtomicUsize>) -> Told {
        while !stop.load(Ordering::Acquire) {
            let events = events(1 + self.random.below(3));
            let last = events.last().unwrap().id;
            match self.random.below(4) {
                0 => {
                    let key = key(&last.to_string());
                    let append = Append::to(stream("keyed"), ExpectedVersion::Any, events);
                    self.repeat(last, append.with_key(key)).await;
                }
                1 => self.once(last, Append::to(stream("any"), ExpectedVersion::Any, events)).await,
                _ => {
                    let append = Append::to(self.own.clone(), self.version, events);
                    self.version = self.repeat(last, append).await;
                }
            }
            done.fetch_add(1, Ordering::AcqRel);
        }
        self.told
    }

    /// Appends until there is an outcome: whatever the doubt is, this resolves it.
    async fn repeat(&mut self, last: EventId, append: Append) -> Version {
        loop {
            match self.store.append(append.clone()).await {
                Ok(done) => {
                    let version = done.writes[0].version;
                    self.told.repeated += usize::from(done.repeated);
                    self.told.acknowledged.push((last, done));
                    return version;
                }
                Err(AppendError::Unknown(_) | AppendError::DeadlineExceeded) => {}
                Err(AppendError::Store(error)) if error.is_transient() => {}
                Err(error) => panic!("nobody else appends to it: {error:?}"),
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn once(&mut self, last: EventId, append: Append) {
        match self.store.append(append).await {
            Ok(done) => self.told.acknowledged.push((last, done)),
            Err(AppendError::Unknown(_)) => self.told.unknown.push(last),
            Err(AppendError::DeadlineExceeded) => {}
            Err(AppendError::Store(error)) if error.is_transient() => {}
            Err(error) => panic!("{error:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_every_crash_of_the_server() {
    let server = Server::builder().fsync(true).start().await.unwrap();
    PostgresStore::migrate(server.url()).await.unwrap();
    // Two of them, so that each waits for the other's order.
    let mut stores = Vec::new();
    for _ in 0..2 {
        stores.push(PostgresStore::connect(server.url()).await.unwrap());
    }
    let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let writers: Vec<_> = (0..WRITERS)
        .map(|n| {
            let own = stream(&format!("own-{n}"));
            let (store, random) = (stores[n % 2].clone(), Random::new(n));
            let writer =
                Writer { store, own, version: Version::NONE, random, told: Told::default() };
            tokio::spawn(writer.run(stop.clone(), done.clone()))
        })
        .collect();
    let mut random = Random::new(WRITERS);
    for _ in 0..CRASHES {
        // Under load, and at any moment of it.
        let before = done.load(Ordering::Acquire);
        let enough = || done.load(Ordering::Acquire) >= before + 20;
        // One that has ended has panicked, which is told below.
        while !enough() && !writers.iter().any(tokio::task::JoinHandle::is_finished) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(random.millis(40)).await;
        server.kill().await.unwrap();
        server.restart().await.unwrap();
    }
    stop.store(true, Ordering::Release);
    let told = join_all(writers).await.into_iter().map(Result::unwrap).collect();
    compare(&PostgresStore::connect(server.url()).await.unwrap(), told).await;
}

/// Everything that was acknowledged stands where it was said, once, and nothing else
/// but what was said to be unknown.
async fn compare(store: &PostgresStore, told: Vec<Told>) {
    let log = of_log(store).await;
    let mut places = HashMap::new();
    for event in &log {
        let twice = places.insert(event.id, (event.stream.clone(), event.version, event.position));
        assert!(twice.is_none(), "an event stands in the log twice");
    }
    let rises = log.windows(2).all(|two| two[0].position < two[1].position);
    assert!(rises, "positions rise");
    let streams = (0..WRITERS).map(|n| format!("own-{n}")).chain(["keyed".into(), "any".into()]);
    for name in streams {
        // This looks whether the versions are without holes.
        of_stream(store, &stream(&name)).await;
    }
    let (mut acknowledged, mut events, mut repeated, mut unknown) = (0, 0, 0, 0);
    for told in told {
        for (last, done) in &told.acknowledged {
            let written = &done.writes[0];
            let place = (written.stream.clone(), written.version, written.position);
            assert_eq!(places.get(last), Some(&place), "an acknowledged event is not there");
            events += written.events;
        }
        acknowledged += told.acknowledged.len();
        repeated += told.repeated;
        unknown += told.unknown.len();
    }
    println!("{acknowledged} appends, {repeated} resolved as repeats, {unknown} unknown");
    let most = events + unknown as u64 * 3;
    assert!((events..=most).contains(&(log.len() as u64)), "{events} events were acknowledged");
}
