//! Writing to the log, also where nobody knows whether it was written.

use std::time::Duration;

use annals::store::{Append, Appended};
use annals::{AnyStore, AppendError, EventStore, StoreError};
use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::time::Instant;

/// How often an append is made again whose outcome is unknown.
const DOUBTS: usize = 5;

/// When an append is given up.
const DEADLINE: Duration = Duration::from_secs(30);

/// Appends, and again where nobody knows whether it was written: the log knows the same append
/// by the ids of its events.
pub(crate) async fn append_surely(log: &AnyStore, append: Append) -> Result<Appended, AppendError> {
    let append = append.with_deadline(Instant::now() + DEADLINE);
    let pauses = ExponentialBuilder::default().with_jitter().with_max_times(DOUBTS);
    let mut pauses = pauses.with_min_delay(Duration::from_millis(20)).build();
    loop {
        match log.append(append.clone()).await {
            Err(AppendError::Unknown(error)) => match pauses.next() {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(AppendError::Unknown(error)),
            },
            answer => return answer,
        }
    }
}

/// Why an append has failed that met nobody else's.
pub(crate) fn failed(error: AppendError) -> StoreError {
    match error {
        AppendError::Unknown(error) | AppendError::Store(error) => error,
        AppendError::DeadlineExceeded => StoreError::transient(error),
        error => StoreError::permanent(error),
    }
}
