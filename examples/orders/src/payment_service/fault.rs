//! What goes wrong with one request.

use std::io;
use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures::stream;

use super::{Behaviour, Dice};

/// Longer than any client waits.
const SILENCE: Duration = Duration::from_secs(60);

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    /// Nothing is done, and it is said.
    Fail,
    Hang {
        done: bool,
    },
    Vanish {
        done: bool,
    },
}

impl Fault {
    /// The dice are always thrown as often, so that a request does not move the luck of
    /// the next one.
    pub(super) fn draw(behaviour: &Behaviour, dice: &mut Dice) -> Self {
        let (chance, done) = (dice.chance(), dice.says(0.5));
        let Behaviour { fail, hang, vanish, .. } = *behaviour;
        if chance < fail {
            Self::Fail
        } else if chance < fail + hang {
            Self::Hang { done }
        } else if chance < fail + hang + vanish {
            Self::Vanish { done }
        } else {
            Self::None
        }
    }

    /// Whether what was asked is done all the same.
    pub(super) fn is_done(self) -> bool {
        match self {
            Self::None => true,
            Self::Fail => false,
            Self::Hang { done } | Self::Vanish { done } => done,
        }
    }

    pub(super) async fn happen(self) -> Response {
        match self {
            Self::None | Self::Fail => StatusCode::SERVICE_UNAVAILABLE.into_response(),
            Self::Hang { .. } => {
                tokio::time::sleep(SILENCE).await;
                StatusCode::GATEWAY_TIMEOUT.into_response()
            }
            // An answer that fails in its body ends the connection.
            Self::Vanish { .. } => {
                let dropped = io::Error::from(io::ErrorKind::ConnectionReset);
                Body::from_stream(stream::iter([Err::<&[u8], _>(dropped)])).into_response()
            }
        }
    }
}
