//! The second version of `balances`, which also knows the lowest balance that there was.
//!
//! In a service the struct of the first version would just have grown, and `VERSION` been
//! raised: the first version would live on in the processes of the release before. Here
//! all releases are in one program.

use annals::read_model::Difference;
use annals::{Recorded, StreamId};
use annals_projections::{Keys, View};
use serde::{Deserialize, Serialize};

use crate::account::{AccountEvent, AccountId};
use crate::balance::Balance;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Balance2 {
    pub(crate) owner: String,
    pub(crate) cents: i64,
    /// Since the first deposit.
    pub(crate) lowest: Option<i64>,
}

impl View for Balance2 {
    const NAME: &'static str = Balance::NAME;
    const VERSION: u32 = 2;
    type Key = AccountId;
    type Event = AccountEvent;

    fn keys(event: &Recorded<AccountEvent>) -> Keys<AccountId> {
        AccountId::of(&event.stream).into()
    }

    fn evolve(&mut self, _: &AccountId, event: &Recorded<AccountEvent>) {
        if let AccountEvent::Opened { owner } = &event.event {
            self.owner.clone_from(owner);
            return;
        }
        self.cents += event.event.change();
        self.lowest = Some(self.lowest.map_or(self.cents, |lowest| lowest.min(self.cents)));
    }

    fn key_of_stream(stream: &StreamId) -> Option<AccountId> {
        AccountId::of(stream)
    }
}

/// Whether a document differs from that of the first version by the new field alone.
pub(crate) fn has_only_grown(difference: &Difference) -> bool {
    // The code of the first version reads both, and does not see the new field.
    let first = |json: &Option<String>| {
        json.as_deref().and_then(|json| serde_json::from_str::<Balance>(json).ok())
    };
    let (before, after) = (first(&difference.before), first(&difference.after));
    before.is_some() && before == after
}

#[cfg(test)]
mod tests {
    use annals_projections::testing::given_events;

    use super::*;

    #[test]
    fn the_lowest_balance_is_that_behind_the_first_deposit_or_a_later_one() {
        let owner = || "ada".to_owned();
        let balance = |cents, lowest| Balance2 { owner: owner(), cents, lowest };
        given_events([("account-1", AccountEvent::Opened { owner: owner() })])
            .then_view(AccountId(1), balance(0, None))
            .and_given([("account-1", AccountEvent::Deposited { cents: 50 })])
            .then_view(AccountId(1), balance(50, Some(50)))
            .and_given([
                ("account-1", AccountEvent::Sent { to: AccountId(2), cents: 30 }),
                ("account-1", AccountEvent::Received { from: AccountId(2), cents: 5 }),
            ])
            .then_view(AccountId(1), balance(25, Some(20)));
    }

    #[test]
    fn only_a_new_field_is_expected() {
        let difference = |before: &str, after: &str| {
            let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            let (before, after) = (text(before), text(after));
            Difference { table: String::new(), key: String::new(), before, after }
        };
        let old = r#"{"owner":"ada","cents":5}"#;
        assert!(has_only_grown(&difference(old, r#"{"owner":"ada","cents":5,"lowest":1}"#)));
        assert!(!has_only_grown(&difference(old, r#"{"owner":"ada","cents":6,"lowest":1}"#)));
        assert!(!has_only_grown(&difference(old, "")));
        assert!(!has_only_grown(&difference("", "")));
    }
}
