//! Figures of the writer, for `tracing` and, with the feature `metrics`, for the
//! facade of that name. Names and units are those of docs/operations.md.

use std::time::Duration;

use annals::AppendError;
use annals::store::Appended;

/// Tells the recorder what the figures are; it costs nothing where there is none.
pub(super) fn describe() {
    #[cfg(feature = "metrics")]
    {
        use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
        describe_histogram!("annals_batch_appends", Unit::Count, "Appends in one commit.");
        describe_gauge!("annals_queue_appends", Unit::Count, "Appends that wait in the queue.");
        describe_histogram!(
            "annals_queue_wait_seconds",
            Unit::Seconds,
            "How long an append waited until the writer took it."
        );
        describe_histogram!(
            "annals_commit_seconds",
            Unit::Seconds,
            "How long a batch took, from sending it to the answer."
        );
        describe_histogram!(
            "annals_lock_wait_seconds",
            Unit::Seconds,
            "How long a batch waited for the locks of its partitions."
        );
        describe_counter!("annals_appends", Unit::Count, "Appends that were written.");
        describe_counter!("annals_conflicts", Unit::Count, "Appends refused for a conflict.");
        describe_counter!("annals_doubts", Unit::Count, "Appends sent again because of doubt.");
        describe_counter!("annals_unknowns", Unit::Count, "Appends answered as unknown.");
        describe_counter!("annals_append_failures", Unit::Count, "Appends that failed otherwise.");
    }
}

/// A batch is sent: of so many appends, with so many left behind it.
pub(super) fn batch(appends: usize, waiting: usize) {
    tracing::trace!(target: "annals", appends, waiting, "batch");
    #[cfg(feature = "metrics")]
    #[expect(clippy::cast_precision_loss, reason = "figures")]
    metrics::gauge!("annals_queue_appends").set(waiting as f64);
}

/// The writer has taken an append which waited so long.
pub(super) fn waited(time: Duration) {
    let _ = time;
    #[cfg(feature = "metrics")]
    metrics::histogram!("annals_queue_wait_seconds").record(time.as_secs_f64());
}

/// A batch of so many appends was answered.
pub(super) fn committed(appends: usize, took: Duration, lock_wait_us: i64) {
    tracing::trace!(target: "annals", appends, ?took, lock_wait_us, "committed");
    #[cfg(feature = "metrics")]
    {
        #[expect(clippy::cast_precision_loss, reason = "figures")]
        metrics::histogram!("annals_batch_appends").record(appends as f64);
        metrics::histogram!("annals_commit_seconds").record(took.as_secs_f64());
        let wait = Duration::from_micros(crate::row::unsigned(lock_wait_us));
        metrics::histogram!("annals_lock_wait_seconds").record(wait.as_secs_f64());
    }
}

pub(super) fn doubt(appends: usize) {
    let _ = appends;
    #[cfg(feature = "metrics")]
    metrics::counter!("annals_doubts").increment(appends as u64);
}

/// An append has its answer.
pub(super) fn answered(answer: &Result<Appended, AppendError>) {
    let _ = answer;
    #[cfg(feature = "metrics")]
    match answer {
        Ok(_) => metrics::counter!("annals_appends").increment(1),
        Err(AppendError::Conflict(_)) => metrics::counter!("annals_conflicts").increment(1),
        Err(AppendError::Unknown(_)) => metrics::counter!("annals_unknowns").increment(1),
        Err(_) => metrics::counter!("annals_append_failures").increment(1),
    }
}
