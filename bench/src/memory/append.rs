//! Appends to the store itself: one event an append, from 64 tasks.

use std::time::Duration;

use annals::store::{Append, NewEvent};
use annals::{AppendError, Codec, EventId, EventStore, StreamId, Version};
use annals_memory::MemoryStore;

use crate::Failure;
use crate::account::deposited;
use crate::measure::{Figure, Stopwatch};

const WRITERS: u64 = 64;
const STREAMS: u64 = 1_000_000;

pub(crate) async fn run(time: Duration) -> Result<Vec<Figure>, Failure> {
    let store = MemoryStore::new();
    let first = append_for("append_64", &store, time).await?;
    // The same again on a log that has grown: the figures should be alike.
    let grown = append_for("append_64_grown", &store, time).await?;
    let eight = MemoryStore::builder().partitions(8).build();
    let partitions = append_for("append_64_8_partitions", &eight, time).await?;
    Ok(vec![first, grown, partitions])
}

/// Each writer has streams of its own, goes round them, and checks the versions
/// that it gets. Making the streams' names is not counted.
async fn append_for(
    workload: &'static str,
    store: &MemoryStore,
    time: Duration,
) -> Result<Figure, Failure> {
    let mut shares = Vec::new();
    for writer in 0..WRITERS {
        shares.push(share(store, writer).await?);
    }
    let watch = Stopwatch::start();
    let write = |share| tokio::spawn(write(store.clone(), share, time));
    let writers: Vec<_> = shares.into_iter().map(write).collect();
    let mut appended = 0;
    for writer in writers {
        appended += writer.await??;
    }
    Ok(watch.stop(workload, appended))
}

/// The streams of one writer, and their versions.
async fn share(store: &MemoryStore, writer: u64) -> Result<Vec<(StreamId, Version)>, Failure> {
    let mut share = Vec::new();
    for key in (writer..STREAMS).step_by(usize::try_from(WRITERS)?) {
        let stream = StreamId::new("account", key)?;
        let head = store.stream_head(&stream).await?;
        share.push((stream, head.map_or(Version::NONE, |head| head.version)));
    }
    Ok(share)
}

async fn write(
    store: MemoryStore,
    mut share: Vec<(StreamId, Version)>,
    time: Duration,
) -> Result<u64, AppendError> {
    let watch = Stopwatch::start();
    #[expect(clippy::expect_used, reason = "the event is a constant")]
    let event = NewEvent::encode(Codec::Json, &deposited(1)).expect("an event that encodes");
    let mut appended = 0;
    loop {
        for (stream, version) in &mut share {
            if appended % 64 == 0 && watch.passed() >= time {
                return Ok(appended);
            }
            let event = event.clone().with_id(EventId::new());
            let append = Append::to(stream.clone(), *version, vec![event]);
            let done = store.append(append).await?;
            *version = version.next();
            assert_eq!(done.writes[0].version, *version, "a version was skipped");
            appended += 1;
        }
    }
}
