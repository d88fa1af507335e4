//! What an answer means.

use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::{Response, StatusCode};
use time::OffsetDateTime;
use tokio::time::timeout;

use super::retry_after::retry_after;
use crate::NotTaken;

/// How much of an answer is read, so that the connection can be used again.
const MOST: usize = 64 << 10;

/// And for how long.
const DRAIN: Duration = Duration::from_secs(1);

/// What the receiver has said. Nothing of the body is told on: it may repeat what was sent.
pub(super) async fn meaning(mut response: Response, now: OffsetDateTime) -> Result<(), NotTaken> {
    let status = response.status();
    let pause = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let pause = pause.and_then(|value| retry_after(value, now));
    // The status is what counts, whatever becomes of the rest.
    let _ = timeout(DRAIN, drain(&mut response)).await;
    let said = format!("it answers {}", status.as_u16());
    if status.is_success() {
        return Ok(());
    }
    Err(match status {
        StatusCode::GONE => NotTaken::gone(said),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
            passing(said, pause)
        }
        status if status.is_client_error() => NotTaken::refused(said),
        status if status.is_redirection() => {
            NotTaken::passing(format!("{said}: redirects are not followed, give the new address"))
        }
        _ => passing(said, pause),
    })
}

fn passing(said: String, pause: Option<Duration>) -> NotTaken {
    match pause {
        Some(pause) => NotTaken::passing(said).after(pause),
        None => NotTaken::passing(said),
    }
}

async fn drain(response: &mut Response) {
    let mut read = 0;
    while let Ok(Some(chunk)) = response.chunk().await {
        read += chunk.len();
        if read > MOST {
            // The connection is closed with the response.
            break;
        }
    }
}

/// There was no answer, or none that is one of HTTP.
pub(super) fn failure(error: reqwest::Error) -> NotTaken {
    let what = if error.is_timeout() {
        "it does not answer in time".to_owned()
    } else if error.is_connect() {
        "no connection".to_owned()
    } else {
        "it does not answer as HTTP asks for".to_owned()
    };
    // The URL may hold secrets.
    let error = error.without_url();
    let causes = std::iter::successors(std::error::Error::source(&error), |error| error.source());
    NotTaken::passing(causes.fold(what, |text, cause| format!("{text}: {cause}")))
}
