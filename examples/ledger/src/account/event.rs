//! What happens to an account, as the log keeps it.

use annals::Event;
use serde::{Deserialize, Serialize};

use super::AccountId;

/// Stored as `account.opened`, `account.deposited` and so on.
///
/// A transfer is two events, one in the stream of each account, which are appended
/// together or not at all: so each account's stream tells all that it holds, and every
/// reader finds its account by the stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Event)]
#[event(prefix = "account")]
pub(crate) enum AccountEvent {
    Opened { owner: String },
    Deposited { cents: i64 },
    Sent { to: AccountId, cents: i64 },
    Received { from: AccountId, cents: i64 },
}

impl AccountEvent {
    /// What is booked on the account.
    pub(crate) fn change(&self) -> i64 {
        match *self {
            Self::Opened { .. } => 0,
            Self::Deposited { cents } | Self::Received { cents, .. } => cents,
            Self::Sent { cents, .. } => -cents,
        }
    }
}
