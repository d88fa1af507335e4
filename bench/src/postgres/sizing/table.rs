//! What the processes did together, as lines of the result.

use std::time::Duration;

use super::writer::Wrote;
use crate::postgres::Row;

/// One line of the sizing table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) processes: u16,
    /// As many connections append, in each process.
    pub(super) partitions: u16,
    /// What is said of the commit.
    pub(super) commit: &'static str,
}

impl Shape {
    pub(super) fn name(self) -> String {
        let Self { processes, partitions, commit } = self;
        format!("sizing_p{processes}_n{partitions}_w{partitions}{commit}")
    }

    /// The rate of all processes, and how long half of the appends and all but one in
    /// a hundred took.
    pub(super) fn rows(
        self,
        processes: &[Wrote],
        server_cpu: Option<f64>,
        time: Duration,
    ) -> [Row; 3] {
        let mut latencies: Vec<_> =
            processes.iter().flat_map(|process| &process.latencies).copied().collect();
        latencies.sort_unstable();
        let client_cpu: f64 = processes.iter().map(|process| process.cpu_seconds).sum();
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        let events = latencies.len() as f64;
        let each = 1e6 / events.max(1.0);
        let row = |what: &str, annals, unit| Row {
            workload: self.name() + what,
            annals,
            baseline: None,
            ratio: None,
            unit,
            cpu_us_client: Some(client_cpu * each),
            cpu_us_server: server_cpu.map(|cpu| cpu * each),
            baseline_cpu_us: (None, None),
        };
        [
            row("", events / time.as_secs_f64(), "events/s"),
            row("_p50", quantile(&latencies, 50), "us"),
            row("_p99", quantile(&latencies, 99), "us"),
        ]
    }
}

fn quantile(sorted: &[u32], percent: usize) -> f64 {
    let place = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(place).map_or(f64::NAN, |&latency| f64::from(latency))
}
