//! `annals import`: a log from text.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use annals::history::{self, Imported};
use annals_postgres::PostgresStore;
use futures::{Stream, StreamExt};
use serde::Serialize;

use crate::args::{self, Place};
use crate::connect;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::lines::lines;
use crate::output::{Output, count};
use crate::progress::{Progress, Unit};

/// How long an import that ends early waits for the batch that is being written.
const LAST_BATCH: Duration = Duration::from_secs(30);

/// An import as machines read it. The README promises these names.
#[derive(Serialize)]
struct Answer {
    source: String,
    events: u64,
    written: u64,
    already_there: u64,
    streams: u64,
}

pub(crate) async fn run(
    args: &args::Import,
    place: &Place,
    output: Output,
    interrupt: &Interrupt,
) -> Result<Exit, Failure> {
    if let Some(partitions) = args.create {
        let mut log = connect::builder(place)?;
        if let Some(partitions) = partitions {
            log = log.partitions(partitions.count());
        }
        interrupt.unless(async { Ok(log.migrate().await?) }).await?;
    }
    let log = interrupt.unless(connect::log(place)).await?;
    let import = async {
        match args.from == Path::new("-") {
            true => from_stdin(&log).await,
            false => from_file(&log, &args.from).await,
        }
    };
    let imported = interrupt.unless(import).await;
    if imported.is_err() {
        log.close(LAST_BATCH).await;
    }
    if matches!(imported, Err(Failure::Interrupted)) {
        eprintln!("import the same history again: it goes on where it was");
    }
    let Imported { source, events, written, already_there, streams, .. } = imported?;
    let source = source.to_string();
    let answer = Answer { source, events, written, already_there, streams };
    output.answer(&answer, || {
        let [events, streams] = [events, streams].map(count);
        let [written, there] = [written, already_there].map(count);
        format!("{events} events of {streams} streams: {written} written, {there} were there\n")
    })?;
    Ok(Exit::Good)
}

/// What can be read only once is written as it comes.
async fn from_stdin(log: &PostgresStore) -> Result<Imported, Failure> {
    let progress = Progress::new("importing", None, Unit::Bytes);
    let progress = Arc::new(Mutex::new(progress));
    let lines = counted(lines(BufReader::new(io::stdin())), progress);
    Ok(history::import_streaming(log, lines).await?)
}

/// A file is read twice: first to check all of it.
async fn from_file(log: &PostgresStore, path: &Path) -> Result<Imported, Failure> {
    let file = || File::open(path);
    let bytes = file().and_then(|file| Ok(file.metadata()?.len()));
    let failed = |source| Failure::File { path: path.to_owned(), what: "read", source };
    let bytes = bytes.map_err(failed)?;
    let progress = Progress::new("checking and importing", Some(2 * bytes), Unit::Bytes);
    let progress = Arc::new(Mutex::new(progress));
    let open = || Ok(counted(lines(BufReader::with_capacity(1 << 20, file()?)), progress.clone()));
    Ok(history::import(log, open).await?)
}

/// The lines, counted by their bytes. The lock is never waited for: one stream is read at a
/// time.
fn counted(
    lines: impl Stream<Item = io::Result<String>> + Send,
    progress: Arc<Mutex<Progress>>,
) -> impl Stream<Item = io::Result<String>> + Send {
    lines.inspect(move |line| {
        if let Ok(line) = line {
            let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
            progress.advance(line.len() as u64 + 1);
        }
    })
}
