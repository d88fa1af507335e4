//! Whether timers cost more, the more of them are pending, and how late they fire.

use std::time::Duration;

use annals::store::StreamQuery;
use annals::{EventStore, Repository, StreamId};
use annals_processes::step::{ProcessEvent, Taken};
use annals_processes::{ProcessOptions, Processes, RunningProcesses};
use futures::{StreamExt, TryStreamExt, stream};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor};

use super::domain::{Nobody, Wait, WaitEvent, Waiting};
use super::{Place, measure};
use crate::Failure;
use crate::postgres::{BenchServer, Row};

/// How many timers are set and fire.
const MEASURED: u64 = 4_000;

/// How many are looked at for how late they fire, one after the other.
const IDLE: u64 = 20;

pub(super) async fn run(server: &BenchServer, pending: u64) -> Result<Vec<Row>, Failure> {
    let (few, _) = beside(server, "few", 1_000.min(pending)).await?;
    let (mut many, late) = beside(server, "many", pending).await?;
    many.baseline = Some(few.annals);
    many.ratio = Some(many.annals / few.annals);
    many.baseline_cpu_us = (few.cpu_us_client, few.cpu_us_server);
    Ok(vec![many, late])
}

/// Sets timers that fire soon, beside so many that do not.
async fn beside(
    server: &BenchServer,
    schema: &'static str,
    pending: u64,
) -> Result<(Row, Row), Failure> {
    let place = Place::new(server, schema).await?;
    eprintln!("filling a log with {pending} timers that are pending");
    fill(&place, pending).await?;
    let log = place.log().await?;
    let waits = Repository::<Wait>::new(log.clone());
    let options = ProcessOptions::new().from_beginning();
    let processes = Processes::new(log.clone(), place.models().await?);
    let processes = processes.process_with::<Waiting>(Nobody, options);
    let worker = processes.start().await?;
    worker.caught_up().await?;
    PgConnection::connect(&place.url).await?.execute("VACUUM ANALYZE").await?;
    let row = measure(server, "timers", async {
        let all = stream::iter(0..MEASURED).map(Ok::<_, Failure>);
        all.try_for_each_concurrent(256, async |n| {
            let requested = WaitEvent::Requested { millis: 500 };
            waits.update(&format!("soon-{n}"), |_: &_| requested.clone()).await?;
            Ok(())
        })
        .await?;
        for n in 0..MEASURED {
            over(&log, &format!("soon-{n}")).await?;
        }
        Ok(2 * MEASURED)
    })
    .await?;
    let late = lateness(&log, &waits, worker).await?;
    Ok((row, late))
}

/// Timers that wait for a month, by statements of the owner, past the append function.
async fn fill(place: &Place, pending: u64) -> Result<(), Failure> {
    let schema = place.schema;
    let mut owner = PgConnection::connect(&place.url).await?;
    let statement = format!(
        r#"INSERT INTO "{schema}".events (position, version, recorded_at, id, schema_version,
               partition, imported, stream, name, json)
           SELECT p, 1, now(), gen_random_uuid(), 1, 0, false,
               'annals.process.waiting-later-' || p, 'annals.process.stepped',
               json_build_object(
                   'input', json_build_object('event', json_build_object(
                       'id', gen_random_uuid(), 'stream', 'wait-later-' || p, 'version', 1,
                       'partition', 0, 'position', 0)),
                   'opened', json_build_array(json_build_object(
                       'number', 0, 'key', 0, 'kind', '~timer',
                       'due', to_char(now() AT TIME ZONE 'UTC' + interval '30 days'
                           + p * interval '1 ms', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                       'what', json_build_object('timer', json_build_object('timer', null)))))
           FROM generate_series(1, {pending}::bigint) AS p"#
    );
    owner.execute(AssertSqlSafe(statement)).await?;
    let end = format!(r#"SELECT setval('"{schema}".positions_0', {pending})"#);
    owner.execute(AssertSqlSafe(end)).await?;
    owner.execute("VACUUM ANALYZE").await?;
    Ok(())
}

/// Waits until the timer of an instance has fired, and says by how many milliseconds late it
/// was.
async fn over(log: &impl EventStore, key: &str) -> Result<f64, Failure> {
    let stream = StreamId::new("annals.process.waiting", key)?;
    loop {
        let read = log.read(StreamQuery::forwards(stream.clone()));
        let mut due = None;
        for raw in read.try_collect::<Vec<_>>().await? {
            let at = raw.recorded_at;
            if raw.name != "annals.process.stepped" {
                continue;
            }
            let ProcessEvent::Stepped(step) = raw.decode::<ProcessEvent>()?.event else { continue };
            due = step.opened.first().map(|task| task.due).or(due);
            if let (Taken::Timer { .. }, Some(due)) = (&step.input, due) {
                return Ok((at - due).as_seconds_f64() * 1e3);
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// How late timers fire on an idle system: the worst of some.
async fn lateness(
    log: &impl EventStore,
    waits: &Repository<Wait>,
    worker: RunningProcesses,
) -> Result<Row, Failure> {
    let mut worst = 0.0_f64;
    for n in 0..IDLE {
        let key = format!("idle-{n}");
        let requested = WaitEvent::Requested { millis: 300 + 37 * n };
        waits.update(&key, |_: &_| requested.clone()).await?;
        worst = worst.max(over(log, &key).await?);
    }
    worker.stop().await?;
    Ok(Row::alone("timer_late_worst", worst, "ms"))
}
