//! The read model `statement_lines`: a row for each booking, with the balance behind it.
//!
//! It is a projection of its own, because people ask it by SQL. The same rows are written
//! in each store by what that store gives to write through.

mod memory;
pub(crate) mod postgres;

#[cfg(test)]
mod tests;

use annals::Recorded;
use serde::Serialize;

use crate::account::{AccountEvent, AccountId};

/// The name of the read model, and of its table.
pub(crate) const NAME: &str = "statement_lines";

/// Writes the lines.
#[derive(Debug)]
pub(crate) struct StatementLines;

/// A line of a statement. In the table it stands under the account and the version of the
/// event, so that it is written once whatever happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Line {
    pub(crate) text: String,
    pub(crate) cents: i64,
    pub(crate) balance: i64,
}

/// Account and version.
pub(crate) type LineKey = (AccountId, u64);

/// A booking on its way to its line, which only lacks the balance.
struct Booking {
    key: LineKey,
    text: String,
    cents: i64,
}

impl Booking {
    /// The booking of an event; an opening is none.
    fn of(event: &Recorded<AccountEvent>) -> Option<Self> {
        let text = match &event.event {
            AccountEvent::Opened { .. } => return None,
            AccountEvent::Deposited { .. } => "deposit".to_owned(),
            AccountEvent::Sent { to, .. } => format!("to {to}"),
            AccountEvent::Received { from, .. } => format!("from {from}"),
        };
        let key = (AccountId::of(&event.stream)?, event.version.get());
        Some(Self { key, text, cents: event.event.change() })
    }

    /// Where the line before stands, if there is one. Every version behind the opening has
    /// a line, because the runner hands over the events of a stream in their order, and
    /// none behind one that has failed.
    fn before(&self) -> LineKey {
        let (account, version) = self.key;
        (account, version.saturating_sub(1))
    }
}
