//! What to expect of more processes and more partitions: no comparison, no goal.
//!
//! Each process is this program again, with a store and 64 tasks that append one event
//! at a time to streams of their own.
//!
//! The slower commit is `commit_delay`, which lets a commit rest for 2 ms before it
//! waits for the disk; with `commit_siblings = 0` it always does. As on a slow disk,
//! one such wait is under way at a time, and serves all who are waiting when it
//! begins. Unlike there it also serves those who come while it rests.

mod table;
mod writer;

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use annals_postgres::PostgresStore;

use super::Row;
use super::server::BenchServer;
use crate::Failure;
use table::Shape;
pub(crate) use writer::{WriterArgs, write};

/// How long the processes write before it counts.
const WARM_UP: Duration = Duration::from_millis(500);

pub(super) async fn run(time: Duration) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for (commit, settings) in
        [("", &[][..]), ("_2ms", &[("commit_delay", "2000"), ("commit_siblings", "0")][..])]
    {
        let server = BenchServer::with(settings).await?;
        for partitions in [1, 8] {
            let schema = format!("log_{partitions}");
            let log = PostgresStore::builder(server.url()).schema(&schema);
            log.partitions(partitions).migrate().await?;
            for processes in [1, 4, 16] {
                let shape = Shape { processes, partitions, commit };
                eprintln!("{}", shape.name());
                rows.extend(measure(&server, &schema, shape, time)?);
            }
        }
    }
    Ok(rows)
}

/// Lets all processes write at once. This blocks: the processes do the work.
fn measure(
    server: &BenchServer,
    schema: &str,
    shape: Shape,
    time: Duration,
) -> Result<[Row; 3], Failure> {
    let start = |process| start(server.url(), schema, shape.partitions, process, time);
    let mut writers = (0..shape.processes).map(start).collect::<Result<Vec<_>, _>>()?;
    for writer in &mut writers {
        writer.line()?;
    }
    // All are connected: now they begin.
    for writer in &mut writers {
        writer.begin()?;
    }
    std::thread::sleep(WARM_UP);
    let before = server.cpu();
    std::thread::sleep(time);
    let server_cpu = server.cpu().zip(before).map(|(after, before)| after - before);
    let mut all = Vec::new();
    for mut writer in writers {
        all.push(serde_json::from_str(&writer.line()?)?);
        writer.child.wait()?;
    }
    Ok(shape.rows(&all, server_cpu, time))
}

/// A process that writes.
struct Writer {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
}

fn start(
    url: &str,
    schema: &str,
    partitions: u16,
    process: u16,
    time: Duration,
) -> Result<Writer, Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["sizing-writer", "--url", url, "--schema", schema]);
    command.args(["--writers", &partitions.to_string(), "--process", &process.to_string()]);
    command.args(["--seconds", &time.as_secs_f64().to_string()]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let output = child.stdout.take().ok_or("the process has no output")?;
    Ok(Writer { child, output: BufReader::new(output) })
}

impl Writer {
    fn line(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            return Err("a process that writes has ended early; it says why above".into());
        }
        Ok(line)
    }

    fn begin(&mut self) -> Result<(), Failure> {
        let input = self.child.stdin.as_mut().ok_or("the process has no input")?;
        Ok(writeln!(input)?)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // One that has ended cannot be killed, which is as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
