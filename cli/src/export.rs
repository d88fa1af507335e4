//! `annals export`: the log as text.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use annals::EventStore;
use annals::history::{self, Scope};
use annals_postgres::PostgresStore;
use futures::{TryStreamExt, pin_mut};
use serde::Serialize;

use crate::args::{self, Place};
use crate::connect;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::output::{self, Output, count};
use crate::progress::{Progress, Unit};

/// How many bytes are written at once.
const BUFFER: usize = 1 << 20;

/// An export as machines read it. The README promises these names.
#[derive(Serialize)]
struct Answer<'a> {
    log: String,
    events: u64,
    bytes: u64,
    /// None where it went to stdout.
    file: Option<&'a Path>,
}

pub(crate) async fn run(
    args: &args::Export,
    place: &Place,
    output: Output,
    interrupt: &Interrupt,
) -> Result<Exit, Failure> {
    let log = interrupt.unless(connect::log_to_read(place)).await?;
    let id = log.log().id.to_string();
    if args.out == Path::new("-") {
        let stdout = BufWriter::with_capacity(BUFFER, io::stdout().lock());
        let written = export(&log, stdout, Failure::Output);
        let (_, events, bytes) = interrupt.unless(written).await?;
        // Stdout holds the history, and nothing else.
        let answer = Answer { log: id, events, bytes, file: None };
        match output.json {
            true => eprint!("{}", output::json_line(&answer)?),
            false => eprintln!("{}", size(events, bytes)),
        }
        return Ok(Exit::Good);
    }
    let unfinished = Unfinished::create(&args.out)?;
    let failed = |source| unfinished.failed("written", source);
    let file = unfinished.file.try_clone().map_err(failed)?;
    let written = export(&log, BufWriter::with_capacity(BUFFER, file), failed);
    let (_, events, bytes) = interrupt.unless(written).await?;
    unfinished.finish(&args.out)?;
    let answer = Answer { log: id, events, bytes, file: Some(&args.out) };
    output.answer(&answer, || format!("{}, in {}\n", size(events, bytes), args.out.display()))?;
    Ok(Exit::Good)
}

fn size(events: u64, bytes: u64) -> String {
    format!("{} events, {} bytes", count(events), count(bytes))
}

/// Writes the history; returns how many events and bytes it has.
async fn export<W: Write>(
    log: &PostgresStore,
    mut to: W,
    failed: impl Fn(io::Error) -> Failure,
) -> Result<(W, u64, u64), Failure> {
    let mut positions = 0;
    for partition in log.log().partitions.iter() {
        positions += log.log_head(partition).await?.position().get();
    }
    let mut progress = Progress::new("exporting", Some(positions), Unit::Events);
    let (mut lines, mut bytes) = (0_u64, 0);
    let history = history::export(log, Scope::Log);
    pin_mut!(history);
    while let Some(line) = history.try_next().await? {
        writeln!(to, "{line}").map_err(&failed)?;
        lines += 1;
        bytes += line.len() as u64 + 1;
        progress.advance(1);
    }
    to.flush().map_err(failed)?;
    // But for the header and the end.
    Ok((to, lines.saturating_sub(2), bytes))
}

/// A file beside the one that is wanted, which it becomes when it is whole. It is removed
/// where that does not come about.
struct Unfinished {
    file: File,
    path: PathBuf,
}

impl Unfinished {
    fn create(wanted: &Path) -> Result<Self, Failure> {
        let mut path = wanted.as_os_str().to_owned();
        path.push(".unfinished");
        let path = PathBuf::from(path);
        match File::create(&path) {
            Ok(file) => Ok(Self { file, path }),
            Err(source) => Err(Failure::File { path, what: "created", source }),
        }
    }

    fn failed(&self, what: &'static str, source: io::Error) -> Failure {
        Failure::File { path: self.path.clone(), what, source }
    }

    /// Makes it durable, and gives it its name.
    fn finish(self, wanted: &Path) -> Result<(), Failure> {
        self.file.sync_all().map_err(|source| self.failed("written", source))?;
        fs::rename(&self.path, wanted).map_err(|source| self.failed("renamed", source))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // It is gone where it has got its name.
        drop(fs::remove_file(&self.path));
    }
}
