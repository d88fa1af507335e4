//! One process that writes.

use std::io::Write;
use std::time::{Duration, Instant};

use annals::store::{Append, NewEvent};
use annals::{Codec, EventStore, ExpectedVersion, StreamId};
use annals_postgres::PostgresStore;
use cpu_time::ProcessTime;
use serde::{Deserialize, Serialize};

use super::WARM_UP;
use crate::Failure;
use crate::account::deposited;

const TASKS: u64 = 64;
/// The streams of one task, which it goes round.
const STREAMS: u64 = 1_000;

#[derive(Debug, clap::Args)]
pub(crate) struct WriterArgs {
    #[arg(long)]
    url: String,
    #[arg(long)]
    schema: String,
    /// Connections that append.
    #[arg(long)]
    writers: u16,
    /// A number that tells the streams of this process from those of others.
    #[arg(long)]
    process: u16,
}

/// What one process has done.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Wrote {
    /// How long each append took, in microseconds.
    pub(crate) latencies: Vec<u32>,
    pub(crate) cpu_seconds: f64,
}

/// Says that it is ready, waits for a line, and writes; returns what it did, as JSON.
pub(crate) async fn write(args: &WriterArgs, time: Duration) -> Result<String, Failure> {
    let store = PostgresStore::builder(&args.url).schema(&args.schema).writers(args.writers);
    let store = store.connect().await?;
    let mut output = std::io::stdout();
    writeln!(output, "ready")?;
    output.flush()?;
    std::io::stdin().read_line(&mut String::new())?;

    let from = Instant::now() + WARM_UP;
    let write = |task| {
        let name = format!("{}-{task}", args.process);
        tokio::spawn(append(store.clone(), name, from, from + time))
    };
    let tasks: Vec<_> = (0..TASKS).map(write).collect();
    tokio::time::sleep_until(from.into()).await;
    let cpu = ProcessTime::now();
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await??);
    }
    let wrote = Wrote { latencies, cpu_seconds: cpu.elapsed().as_secs_f64() };
    Ok(serde_json::to_string(&wrote)?)
}

/// One event after the other, each to the next of the task's streams.
async fn append(
    store: PostgresStore,
    task: String,
    from: Instant,
    until: Instant,
) -> Result<Vec<u32>, Failure> {
    let event = NewEvent::encode(Codec::Json, &deposited(1))?;
    let mut latencies = Vec::new();
    for nth in 0u64.. {
        let began = Instant::now();
        if began >= until {
            break;
        }
        let stream = StreamId::new("account", format_args!("{task}-{}", nth % STREAMS))?;
        let event = event.clone().with_id(annals::EventId::new());
        store.append(Append::to(stream, ExpectedVersion::Any, vec![event])).await?;
        let took = u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX);
        if began >= from && Instant::now() <= until {
            latencies.push(took);
        }
    }
    Ok(latencies)
}
