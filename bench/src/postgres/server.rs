//! The throw-away server, and the CPU time that it has used.

use std::fs;

use annals_postgres::testing::Server;

use crate::Failure;

/// How many of the kernel's ticks make a second, in `/proc`: 100 on every Linux.
const TICKS: f64 = 100.0;

/// A server that waits for the disk, with PostgreSQL's defaults but for these.
pub(crate) struct BenchServer {
    server: Server,
    url: String,
}

impl BenchServer {
    pub(crate) async fn start() -> Result<Self, Failure> {
        Self::with(&[]).await
    }

    pub(super) async fn with(settings: &[(&str, &str)]) -> Result<Self, Failure> {
        let mut builder = Server::builder()
            .fsync(true)
            .setting("shared_buffers", "512MB")
            // A checkpoint would fall on one side only.
            .setting("max_wal_size", "16GB")
            .setting("checkpoint_timeout", "1h");
        for (name, value) in settings {
            builder = builder.setting(*name, *value);
        }
        let server = builder.start().await?;
        let url = server.url();
        Ok(Self { server, url })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Seconds of CPU that the server has used since its start; `None` where there
    /// is no `/proc` to tell.
    pub(crate) fn cpu(&self) -> Option<f64> {
        let file = fs::read_to_string(self.server.data_dir().join("postmaster.pid")).ok()?;
        let main: u32 = file.lines().next()?.trim().parse().ok()?;
        let main_stat = Stat::of(main)?;
        // Sessions that have ended count in the main process, which has waited for them.
        let mut ticks = main_stat.own + main_stat.ended;
        for entry in fs::read_dir("/proc").ok()?.flatten() {
            let id = entry.file_name().to_str().and_then(|name| name.parse().ok());
            // One that is not there any more has ended just now.
            if let Some(stat) = id.and_then(Stat::of).filter(|stat| stat.parent == main) {
                ticks += stat.own + stat.ended;
            }
        }
        Some(ticks / TICKS)
    }
}

/// What `/proc/id/stat` says of a process, times in ticks.
struct Stat {
    parent: u32,
    /// Its own time, in user mode and in the kernel.
    own: f64,
    /// That of its children that have ended.
    ended: f64,
}

impl Stat {
    fn of(id: u32) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // The name of the program comes before, in brackets, and may hold any sign.
        let fields: Vec<_> = text.rsplit_once(')')?.1.split_ascii_whitespace().collect();
        let ticks = |field: usize| fields.get(field)?.parse::<f64>().ok();
        Some(Self {
            parent: fields.get(1)?.parse().ok()?,
            own: ticks(11)? + ticks(12)?,
            ended: ticks(13)? + ticks(14)?,
        })
    }
}
