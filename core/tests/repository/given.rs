//! given / when / then: what passes, what fails, and where it says so.

use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::Mutex;

use annals::testing::Given;

use crate::support::*;

fn account(cents: u64, events: u64) -> Account {
    Account { owner: String::new(), cents, events }
}

#[test]
fn what_is_as_expected_passes() {
    Account::given([]).when(Deposit(5)).then(deposited(5));
    Account::given([]).when(Deposit(0)).then_nothing();
    Account::given([]).when(Deposit(0)).then([]);
    Account::given(deposited(5)).when(Withdraw(5)).then([withdrawn(5)]);
    Account::given([opened("ada"), deposited(5)])
        .and_given(Some(deposited(1)))
        .when(Withdraw(7))
        .then_refused(Overdrawn { missing: 1 });
    Account::given(vec![deposited(5)]).when(Withdraw(2)).then_state(account(3, 2));
    Account::given([deposited(5)]).then_state(account(5, 1));
    Account::given([deposited(5)])
        .when_update(|account| withdrawn(account.cents))
        .then(withdrawn(5));
    Account::given([]).when_update(|_| Err::<(), _>("no")).then_refused("no");
}

/// The message and the line of a panic.
fn panic_of(test: impl FnOnce()) -> (String, u32) {
    // The hook is one for the process, so these tests take turns.
    static TURN: Mutex<()> = Mutex::new(());
    static LINE: Mutex<u32> = Mutex::new(0);
    let _turn = TURN.lock();
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(|info| {
        let at = info.location().filter(|at| at.file() == file!());
        *LINE.lock().unwrap() = at.map_or(0, Location::line);
    }));
    let panic = catch_unwind(AssertUnwindSafe(test)).expect_err("it should fail");
    std::panic::set_hook(before);
    let text = panic.downcast_ref::<String>().cloned();
    (text.unwrap_or_default(), *LINE.lock().unwrap())
}

/// A test that fails at its own line with a message that holds all of these.
macro_rules! fails {
    ($test:expr, $($text:literal),+) => {
        let line = line!();
        let (message, at) = panic_of(|| $test);
        assert!((line..line + 9).contains(&at), "it fails at line {at}, not behind {line}");
        $(assert!(message.contains($text), "{message}");)+
    };
}

#[test]
fn what_is_not_as_expected_fails_at_the_line_of_the_test() {
    fails!(
        Account::given([]).when(Deposit(5)).then(deposited(6)),
        "other events happened",
        "Deposited { cents: 5 }",
        "Deposited { cents: 6 }"
    );
    fails!(
        Account::given([]).when(Withdraw(5)).then(withdrawn(5)),
        "should have been accepted",
        "Overdrawn { missing: 5 }"
    );
    fails!(
        Account::given([]).when(Deposit(5)).then_nothing(),
        "nothing should have happened",
        "Deposited { cents: 5 }"
    );
    fails!(Account::given([]).when(Withdraw(5)).then_nothing(), "should have been accepted");
    fails!(
        Account::given([deposited(5)]).when(Withdraw(5)).then_refused(Overdrawn { missing: 0 }),
        "should have been refused",
        "Withdrawn { cents: 5 }"
    );
    fails!(
        Account::given([]).when(Withdraw(5)).then_refused(Overdrawn { missing: 4 }),
        "another reason",
        "missing: 5",
        "missing: 4"
    );
    fails!(
        Account::given([]).when(Deposit(5)).then_state(account(4, 1)),
        "the state is another one",
        "cents: 5",
        "cents: 4"
    );
    fails!(
        Account::given([]).when(Withdraw(5)).then_state(account(0, 0)),
        "should have been accepted"
    );
    fails!(Account::given([deposited(5)]).then_state(account(4, 1)), "the state is another one");
}

#[test]
fn the_check_of_snapshots_fails_at_the_line_of_the_test() {
    #[derive(Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
    struct Forgetful(#[serde(skip)] u64, bool);
    impl annals::Aggregate for Forgetful {
        const CATEGORY: &'static str = "forgetful";
        type Id = str;
        type Event = AccountEvent;
        fn evolve(&mut self, _: &AccountEvent) {
            self.0 += 1;
        }
    }
    fails!(
        annals::testing::assert_snapshot_equals_replay::<Forgetful>([deposited(1)]),
        "the bincode snapshot of version 1 differs"
    );
}

#[test]
fn what_no_store_would_keep_does_not_pass() {
    #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, annals::Event)]
    #[event(prefix = "meter")]
    enum MeterEvent {
        Read {
            value: Option<Option<u64>>,
        },
        #[event(retired)]
        Sealed,
    }
    #[derive(Debug, Default, PartialEq)]
    struct Meter;
    impl annals::Aggregate for Meter {
        const CATEGORY: &'static str = "meter";
        type Id = str;
        type Event = MeterEvent;
        fn evolve(&mut self, _: &MeterEvent) {}
    }
    Meter::given([]).when_update(|_| MeterEvent::Read { value: Some(Some(1)) }).then_state(Meter);
    fails!(
        Meter::given([]).when_update(|_| MeterEvent::Sealed).then(MeterEvent::Sealed),
        "retired"
    );
    fails!(
        Meter::given([]).when_update(|_| MeterEvent::Read { value: Some(None) }).then_state(Meter),
        "could not be stored"
    );
}
