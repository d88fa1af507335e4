//! What an account is found by.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

use annals::StreamId;
use annals_projections::ViewKey;
use serde::{Deserialize, Serialize};

/// The number of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct AccountId(pub(crate) u32);

impl AccountId {
    /// The account of a stream; `None` if it is not that of an account.
    pub(crate) fn of(stream: &StreamId) -> Option<Self> {
        stream.key().parse().ok()
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for AccountId {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        text.parse().map(Self)
    }
}

impl ViewKey for AccountId {
    type Column = i64;

    fn to_column(&self) -> i64 {
        self.0.into()
    }

    fn from_column(column: i64) -> Option<Self> {
        column.try_into().ok().map(Self)
    }
}
