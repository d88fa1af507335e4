//! A worker in a process of its own: this program again, told so by its environment.

use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use annals_postgres::sqlx::PgConnection;
use annals_postgres::{PostgresReadModels, PostgresStore};
use annals_projections::Runner;
use tokio::process::{Child, Command};

use crate::domain::{Balance, Lines};
use crate::place::Place;
use crate::proxy::Proxy;

pub const LEASE: Duration = Duration::from_secs(2);

/// Tells this program that it is a worker: the URL, and its label.
const TOLD: &str = "ANNALS_CRASH_WORKER";

static STARTED: AtomicU32 = AtomicU32::new(0);

pub struct Worker {
    process: Child,
    label: String,
}

impl Worker {
    pub fn start(place: &Place) -> Self {
        Self::at(place.url())
    }

    /// A worker whose statements go through a proxy.
    pub fn through(proxy: &Proxy) -> Self {
        let worker = Self::at(&proxy.url);
        proxy.watch(worker.process.id().expect("it runs"));
        worker
    }

    fn at(url: &str) -> Self {
        let label = format!("worker-{}", STARTED.fetch_add(1, Ordering::Relaxed));
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "worker::feeds_until_it_is_killed", "--nocapture"]);
        command.env(TOLD, format!("{url} {label}"));
        command.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        Self { process: command.spawn().unwrap(), label }
    }

    pub fn label(&self) -> String {
        self.label.clone()
    }

    pub async fn kill(mut self) {
        self.process.kill().await.unwrap();
    }

    /// Sends a signal, such as `-STOP`.
    pub async fn signal(&self, signal: &str) {
        let id = self.process.id().expect("it runs").to_string();
        let sent = Command::new("kill").args([signal, &id]).status().await.unwrap();
        assert!(sent.success());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn feeds_until_it_is_killed() {
    let Ok(told) = std::env::var(TOLD) else { return };
    let (url, label) = told.split_once(' ').unwrap();
    let store = PostgresStore::connect(url).await.unwrap();
    let models = PostgresReadModels::connect(url).await.unwrap();
    let runner = Runner::new(store, models).lease(LEASE).label(label).view::<Balance>();
    let runner = runner.projection_through::<PgConnection, _>(Lines, Default::default());
    runner.run_until(std::future::pending::<()>()).await.unwrap();
}
