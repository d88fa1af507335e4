//! What a throw-away server does, on threads that may block.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::builder::ServerBuilder;
use super::cluster::{Cluster, run};
use super::postmaster::Postmaster;
use super::watchdog::Watchdog;
use super::{TestServerError, programs};

/// A server and what watches over it. It holds nothing that belongs to a
/// runtime, so it may outlive the one that has started it.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) cluster: Cluster,
    pub(super) port: u16,
    pub(super) major: u32,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Is there until the end of the value.
    watchdog: Option<Watchdog>,
    running: Option<Postmaster>,
}

/// Does work that may block elsewhere. It goes on when nobody awaits it.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, TestServerError> + Send + 'static,
) -> Result<T, TestServerError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(TestServerError::io("wait for a thread")(error.into())))
}

impl Machine {
    pub(super) fn launch(builder: &ServerBuilder) -> Result<Self, TestServerError> {
        let bin = programs::find(builder.bin.as_deref())?;
        let dir = tempfile::Builder::new().prefix("annals-postgres-").tempdir();
        let dir = dir.map_err(TestServerError::io("make a directory for the server"))?;
        let cluster = Cluster::new(bin, dir.path())?;
        let watchdog = Watchdog::start(dir.path())?;
        // From here on it is the watchdog that removes the directory.
        let _ = dir.keep();
        let state = State { watchdog: Some(watchdog), running: None };
        let mut machine = Self { cluster, port: 0, major: 0, state: Mutex::new(state) };
        machine.set_up(builder)?;
        Ok(machine)
    }

    fn set_up(&mut self, builder: &ServerBuilder) -> Result<(), TestServerError> {
        let Self { cluster, state, .. } = self;
        let state = state.get_mut().unwrap_or_else(PoisonError::into_inner);
        let Some(watchdog) = &mut state.watchdog else { return Ok(()) };
        match &builder.data {
            Some(from) => cluster.copy(from, watchdog)?,
            None => cluster.init(watchdog)?,
        }
        cluster.configure(&builder.all_settings())?;
        self.major = cluster.major_version()?;
        let (running, port) = Postmaster::start_anywhere(cluster, watchdog)?;
        state.running = Some(running);
        self.port = port;
        Ok(())
    }

    pub(super) fn stop(&self) -> Result<(), TestServerError> {
        self.state().stop(&self.cluster)
    }

    pub(super) fn kill(&self) -> Result<(), TestServerError> {
        let mut state = self.state();
        let State { watchdog: Some(watchdog), running } = &mut *state else { return Ok(()) };
        running.take().map_or(Ok(()), |running| running.kill(watchdog))
    }

    pub(super) fn restart(&self) -> Result<(), TestServerError> {
        let mut state = self.state();
        state.stop(&self.cluster)?;
        let State { watchdog: Some(watchdog), running } = &mut *state else { return Ok(()) };
        *running = Some(Postmaster::start_again(&self.cluster, self.port, watchdog)?);
        Ok(())
    }

    pub(super) fn promote(&self) -> Result<(), TestServerError> {
        // Holds off a stop or a kill meanwhile.
        let _state = self.state();
        let mut command = self.cluster.command("pg_ctl");
        command.args(["promote", "--wait", "--timeout=60", "--pgdata"]).arg(&self.cluster.data);
        run(command, "pg_ctl", |_| Ok(()))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn stop(&mut self, cluster: &Cluster) -> Result<(), TestServerError> {
        let Self { watchdog: Some(watchdog), running } = self else { return Ok(()) };
        running.take().map_or(Ok(()), |running| running.stop(cluster, watchdog))
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        let running = state.running.take().map(|running| running.child);
        if let Some(watchdog) = state.watchdog.take() {
            // The thread only asks how they ended; the watchdog does the work,
            // also where no thread can be started.
            let _ = std::thread::Builder::new().spawn(move || watchdog.finish(running));
        }
    }
}
