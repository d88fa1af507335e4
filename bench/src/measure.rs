//! Running a workload for a while, and what it cost.

use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use serde::Serialize;

/// What one workload did in one run.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figure {
    pub(crate) workload: &'static str,
    pub(crate) operations: u64,
    pub(crate) per_second: f64,
    /// Microseconds of CPU, of all threads, for one operation.
    pub(crate) cpu_us: f64,
}

/// Takes the time of a workload.
pub(crate) struct Stopwatch {
    wall: Instant,
    cpu: ProcessTime,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self { wall: Instant::now(), cpu: ProcessTime::now() }
    }

    pub(crate) fn passed(&self) -> Duration {
        self.wall.elapsed()
    }

    pub(crate) fn stop(self, workload: &'static str, operations: u64) -> Figure {
        let (wall, cpu) = (self.wall.elapsed(), self.cpu.elapsed());
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        let count = operations.max(1) as f64;
        Figure {
            workload,
            operations,
            per_second: count / wall.as_secs_f64(),
            cpu_us: cpu.as_secs_f64() * 1e6 / count,
        }
    }
}

/// Repeats a synchronous operation for `time`.
pub(crate) fn repeat(
    workload: &'static str,
    time: Duration,
    mut operation: impl FnMut(),
) -> Figure {
    let watch = Stopwatch::start();
    let mut operations = 0;
    while watch.passed() < time {
        // Looking at the clock costs as much as a small operation.
        for _ in 0..64 {
            operation();
        }
        operations += 64;
    }
    watch.stop(workload, operations)
}
