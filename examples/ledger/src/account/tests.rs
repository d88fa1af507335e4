//! What an account does and refuses, as sentences.

use annals::testing::Given;

use super::*;

fn opened() -> AccountEvent {
    AccountEvent::Opened { owner: "ada".into() }
}

fn deposited(cents: i64) -> AccountEvent {
    AccountEvent::Deposited { cents }
}

const BOB: AccountId = AccountId(2);

#[test]
fn an_account_is_opened_once() {
    let open = || Open { owner: "ada".into() };
    Account::given([]).when(open()).then(opened());
    Account::given(opened()).when(open()).then_refused(Refusal::AlreadyOpen);
}

#[test]
fn only_an_open_account_takes_and_gives() {
    Account::given([]).when(Deposit { cents: 1 }).then_refused(Refusal::NotOpen);
    Account::given([]).when(Send { to: BOB, cents: 1 }).then_refused(Refusal::NotOpen);
    Account::given(opened()).when(Deposit { cents: 1 }).then(deposited(1));
}

#[test]
fn nobody_sends_what_is_not_there() {
    let rich = || Account::given([opened(), deposited(100)]);
    rich().when(Send { to: BOB, cents: 100 }).then(AccountEvent::Sent { to: BOB, cents: 100 });
    rich().when(Send { to: BOB, cents: 101 }).then_refused(Refusal::Overdrawn { missing: 1 });
}

#[test]
fn money_does_not_go_backwards_and_does_not_overflow() {
    for cents in [0, -5, MOST + 1] {
        Account::given(opened()).when(Deposit { cents }).then_refused(Refusal::Amount);
        let send = Send { to: BOB, cents };
        Account::given([opened(), deposited(100)]).when(send).then_refused(Refusal::Amount);
    }
}
