//! The read model `balances`: a document for each account. This is its first version.

use annals::{Recorded, StreamId};
use annals_projections::{Keys, View};
use serde::{Deserialize, Serialize};

use crate::account::{AccountEvent, AccountId};

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Balance {
    pub(crate) owner: String,
    pub(crate) cents: i64,
}

impl View for Balance {
    const NAME: &'static str = "balances";
    type Key = AccountId;
    type Event = AccountEvent;

    fn keys(event: &Recorded<AccountEvent>) -> Keys<AccountId> {
        AccountId::of(&event.stream).into()
    }

    fn evolve(&mut self, _: &AccountId, event: &Recorded<AccountEvent>) {
        if let AccountEvent::Opened { owner } = &event.event {
            self.owner.clone_from(owner);
        }
        self.cents += event.event.change();
    }

    fn key_of_stream(stream: &StreamId) -> Option<AccountId> {
        AccountId::of(stream)
    }
}
