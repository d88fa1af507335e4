//! The main process of a server: its start, its ready state and its ends.

use std::fs::{self, OpenOptions};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::TestServerError;
use super::cluster::Cluster;
use super::processes::{await_end, family, signal};
use super::watchdog::Watchdog;

/// How long a server may take to start or to stop. A recovery may be long.
const LIMIT: Duration = Duration::from_secs(60);

/// How long a start on a given port is tried anew while traces of the server
/// before it go away.
const RETRY: Duration = Duration::from_secs(10);

/// How often a server is given another port when its own has been taken.
const PORTS: usize = 5;

const POLL: Duration = Duration::from_millis(10);

/// A running main process.
#[derive(Debug)]
pub(super) struct Postmaster {
    /// What was started: the main process, or the program that became its user.
    pub(super) child: Child,
    id: u32,
}

impl Postmaster {
    /// Starts on a port that is free now, and tells which.
    pub(super) fn start_anywhere(
        cluster: &Cluster,
        watchdog: &mut Watchdog,
    ) -> Result<(Self, u16), TestServerError> {
        let mut tried = 0;
        loop {
            let port = free_port()?;
            tried += 1;
            match Self::start(cluster, port, watchdog) {
                // Another process was faster than the server.
                Err(error) if tried < PORTS && port_taken(&error) => {}
                result => return result.map(|started| (started, port)),
            }
        }
    }

    /// Starts on a port where a server of the same data has been before.
    pub(super) fn start_again(
        cluster: &Cluster,
        port: u16,
        watchdog: &mut Watchdog,
    ) -> Result<Self, TestServerError> {
        let began = Instant::now();
        loop {
            match Self::start(cluster, port, watchdog) {
                Err(error) if began.elapsed() < RETRY && still_ending(&error) => {
                    std::thread::sleep(POLL * 10);
                }
                result => return result,
            }
        }
    }

    fn start(
        cluster: &Cluster,
        port: u16,
        watchdog: &mut Watchdog,
    ) -> Result<Self, TestServerError> {
        let what = || TestServerError::io("start postgres");
        let log = OpenOptions::new().append(true).create(true).open(&cluster.log);
        let log = log.map_err(what())?;
        let logged = log.metadata().map_err(what())?.len();
        let mut command = cluster.command("postgres");
        command.arg("-D").arg(&cluster.data).args(["-c", "listen_addresses=127.0.0.1", "-p"]);
        command.arg(port.to_string());
        // Without it a server on macOS may refuse; and its messages are English.
        command.env("LC_ALL", "C").process_group(0).stdin(Stdio::null());
        command.stdout(log.try_clone().map_err(what())?).stderr(log);
        let mut child = command.spawn().map_err(what())?;
        let ready = watchdog.watch(Some(child.id()));
        match ready.and_then(|()| await_ready(&mut child, cluster, logged)) {
            Ok(id) => Ok(Self { child, id }),
            Err(error) => {
                end(&mut child)?;
                watchdog.watch(None)?;
                Err(error)
            }
        }
    }

    /// The fast shutdown: ends sessions, writes everything, and waits for it.
    pub(super) fn stop(
        mut self,
        cluster: &Cluster,
        watchdog: &mut Watchdog,
    ) -> Result<(), TestServerError> {
        signal("INT", &[self.id])?;
        let began = Instant::now();
        while ended(&mut self.child)?.is_none() {
            if began.elapsed() > LIMIT {
                end(&mut self.child)?;
                let output = cluster.log_since(0);
                return Err(TestServerError::TimedOut { what: "the stop", limit: LIMIT, output });
            }
            std::thread::sleep(POLL);
        }
        watchdog.watch(None)
    }

    /// Kills every process of the server at once, as a crash would.
    pub(super) fn kill(mut self, watchdog: &mut Watchdog) -> Result<(), TestServerError> {
        // While it stands still it has no further children.
        signal("STOP", &[self.id])?;
        end(&mut self.child)?;
        watchdog.watch(None)
    }
}

/// Kills a process with all that descend from it, and waits for their end.
fn end(child: &mut Child) -> Result<(), TestServerError> {
    let all = family(child.id())?;
    signal("KILL", &all)?;
    child.wait().map_err(TestServerError::io("wait for the end of postgres"))?;
    if await_end(&all, LIMIT)? {
        return Ok(());
    }
    let what = "the end of killed processes";
    Err(TestServerError::TimedOut { what, limit: LIMIT, output: String::new() })
}

/// Waits until connections are accepted. Returns the id of the main process.
fn await_ready(child: &mut Child, cluster: &Cluster, logged: u64) -> Result<u32, TestServerError> {
    let began = Instant::now();
    loop {
        if ended(child)?.is_some() {
            let output = cluster.log_since(logged);
            return Err(TestServerError::Failed { program: "postgres".to_owned(), output });
        }
        if let Some(id) = ready(cluster)
            && (id == child.id() || family(child.id())?.contains(&id))
        {
            return Ok(id);
        }
        if began.elapsed() > LIMIT {
            let output = cluster.log_since(logged);
            return Err(TestServerError::TimedOut { what: "the start", limit: LIMIT, output });
        }
        std::thread::sleep(POLL);
    }
}

/// The main process that says of itself that it accepts connections.
///
/// It says so in a file of its own; a connection could reach another server
/// that has taken the port.
fn ready(cluster: &Cluster) -> Option<u32> {
    let file = fs::read_to_string(cluster.data.join("postmaster.pid")).ok()?;
    let mut lines = file.lines();
    let id = lines.next()?.trim().parse().ok()?;
    let status = lines.nth(6)?.trim();
    matches!(status, "ready" | "standby").then_some(id)
}

fn ended(child: &mut Child) -> Result<Option<()>, TestServerError> {
    let status = child.try_wait().map_err(TestServerError::io("ask whether postgres runs"))?;
    Ok(status.map(|_| ()))
}

fn free_port() -> Result<u16, TestServerError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let address = listener.and_then(|listener| listener.local_addr());
    address.map(|address| address.port()).map_err(TestServerError::io("find a free port"))
}

fn port_taken(error: &TestServerError) -> bool {
    matches!(error, TestServerError::Failed { output, .. } if output.contains("could not bind"))
}

fn still_ending(error: &TestServerError) -> bool {
    let TestServerError::Failed { output, .. } = error else { return false };
    let traces = ["could not bind", "shared memory block", "lock file"];
    traces.iter().any(|trace| output.contains(trace))
}
