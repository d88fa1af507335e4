//! Appends to the store itself: one event an append, from 64 tasks.

use std::error::Error;
use std::time::Duration;

use annals::store::{Append, NewEvent};
use annals::{AppendError, Codec, EventStore, ExpectedVersion, StreamId, Version};
use annals_memory::MemoryStore;

use crate::account::deposited;
use crate::measure::{Figure, Stopwatch};

const WRITERS: u64 = 64;
const STREAMS: u64 = 1_000_000;

pub(crate) async fn run(time: Duration) -> Result<Vec<Figure>, Box<dyn Error>> {
    let store = MemoryStore::new();
    let first = append_for("append_64", &store, time).await?;
    // The same again on a log that has grown: the figures should be alike.
    let grown = append_for("append_64_grown", &store, time).await?;
    let eight = MemoryStore::builder().partitions(8).build();
    let partitions = append_for("append_64_8_partitions", &eight, time).await?;
    Ok(vec![first, grown, partitions])
}

/// Each writer has streams of its own, goes round them, and checks the versions
/// that it gets.
async fn append_for(
    workload: &'static str,
    store: &MemoryStore,
    time: Duration,
) -> Result<Figure, Box<dyn Error>> {
    let watch = Stopwatch::start();
    let writers: Vec<_> =
        (0..WRITERS).map(|writer| tokio::spawn(write(store.clone(), writer, time))).collect();
    let mut appended = 0;
    for writer in writers {
        appended += writer.await??;
    }
    Ok(watch.stop(workload, appended))
}

async fn write(store: MemoryStore, writer: u64, time: Duration) -> Result<u64, AppendError> {
    let watch = Stopwatch::start();
    let payload = NewEvent::encode(Codec::Json, &deposited(1));
    let Ok(event) = payload else { return Ok(0) };
    let streams: Vec<_> =
        (0..STREAMS / WRITERS).map(|key| stream(key * WRITERS + writer)).collect();
    let mut versions = Vec::with_capacity(streams.len());
    for stream in &streams {
        versions
            .push(store.stream_head(stream).await.ok().flatten().map_or(0, |h| h.version.get()));
    }
    let mut appended = 0;
    'time: loop {
        for (stream, version) in streams.iter().zip(&mut versions) {
            if appended % 64 == 0 && watch.passed() >= time {
                break 'time;
            }
            let event = event.clone().with_id(annals::EventId::new());
            let expected = ExpectedVersion::Exactly(Version::new(*version));
            let done = store.append(Append::to(stream.clone(), expected, vec![event])).await?;
            *version += 1;
            assert_eq!(done.writes[0].version.get(), *version, "a version was skipped");
            appended += 1;
        }
    }
    Ok(appended)
}

fn stream(key: u64) -> StreamId {
    #[expect(clippy::expect_used, reason = "a number is a key")]
    StreamId::new("account", key).expect("a valid id")
}
