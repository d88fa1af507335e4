//! Figures of the writer, for `tracing` and, with the feature `metrics`, for the
//! facade of that name.

use std::time::Duration;

use annals::AppendError;
use annals::store::Appended;

pub(super) fn batch(appends: usize, waiting: usize) {
    tracing::trace!(target: "annals", appends, waiting, "batch");
    #[cfg(feature = "metrics")]
    {
        #[expect(clippy::cast_precision_loss, reason = "figures")]
        metrics::histogram!("annals_batch_appends").record(appends as f64);
        #[expect(clippy::cast_precision_loss, reason = "figures")]
        metrics::gauge!("annals_queue_appends").set(waiting as f64);
    }
}

pub(super) fn committed(took: Duration, lock_wait_us: i64) {
    tracing::trace!(target: "annals", ?took, lock_wait_us, "committed");
    #[cfg(feature = "metrics")]
    {
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
