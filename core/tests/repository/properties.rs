//! Whatever happens in whatever order, the state is the fold of the log, and no
//! command is lost or doubled.

use std::time::Duration;

use annals::testing::{Fault, ScriptedStore};
use annals::{Aggregate, ExecuteError, Repository, Retry, SnapshotPolicy};
use annals_memory::MemoryStore;
use futures::future::join_all;
use proptest::prelude::*;

use crate::support::*;
use crate::wrap::Lazy;

fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(test)
}

fn fold(mut account: Account, deposits: &[u64]) -> Account {
    for cents in deposits {
        account.evolve(&deposited(*cents));
    }
    account
}

/// One of the ways to set up a repository; all of them see the same log.
#[derive(Debug, Clone, Copy)]
struct Handle {
    cache: Option<usize>,
    period: Option<u64>,
}

impl Handle {
    fn any() -> impl Strategy<Value = Self> {
        let cache = prop_oneof![Just(None), Just(Some(1)), Just(Some(8))];
        let period = proptest::option::of(1u64..6);
        (cache, period).prop_map(|(cache, period)| Self { cache, period })
    }

    fn over(self, store: &ScriptedStore, snapshots: &MemoryStore) -> Repository<Account> {
        let mut all = accounts(store.clone()).retry(Retry::attempts(4));
        if let Some(aggregates) = self.cache {
            all = all.cache(aggregates);
        }
        if let Some(period) = self.period {
            all = all.snapshots(snapshots.clone(), SnapshotPolicy::every(period));
        }
        all
    }
}

/// What one of the writers does; writers of one round run side by side.
#[derive(Debug, Clone, Copy)]
enum Step {
    Deposit { handle: usize, events: usize },
    Evict { handle: usize },
    Flush { handle: usize },
    Fail(Fault),
}

fn step(conflicts: bool) -> impl Strategy<Value = Step> {
    let fault = prop_oneof![
        Just(Fault::UnknownWritten),
        Just(Fault::UnknownUnwritten),
        Just(Fault::Transient),
        Just(Fault::Permanent),
        Just(Fault::Slow(Duration::from_millis(1))),
        (0u64..20).prop_map(move |actual| match conflicts {
            true => Fault::Conflict { actual: v(actual) },
            false => Fault::Transient,
        }),
    ];
    prop_oneof![
        6 => (0usize..4, 1usize..4).prop_map(|(handle, events)| Step::Deposit { handle, events }),
        1 => (0usize..4).prop_map(|handle| Step::Evict { handle }),
        1 => (0usize..4).prop_map(|handle| Step::Flush { handle }),
        3 => fault.prop_map(Step::Fail),
    ]
}

type Rounds = Vec<Vec<Step>>;

fn rounds(conflicts: bool) -> impl Strategy<Value = Rounds> {
    let round = proptest::collection::vec(step(conflicts), 1..6);
    proptest::collection::vec(round, 1..8)
}

/// How often the events of a command may stand in the log.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Times {
    Once,
    Never,
    AtMostOnce,
}

/// Plays the rounds. Every command deposits an amount of its own, by which its
/// events are found in the log.
async fn play(handles: [Handle; 4], rounds: Rounds, keyed: bool) {
    let inner = MemoryStore::new();
    let store = ScriptedStore::new(Lazy(inner.clone()));
    let all = handles.map(|handle| handle.over(&store, &inner));
    let mut commands = Vec::new();
    let mut amount = 0;
    for round in rounds {
        let mut calls = Vec::new();
        for step in round {
            amount += 1;
            match step {
                Step::Fail(fault) => store.fail(fault),
                Step::Deposit { handle, events } => {
                    let call = deposit(&all[handle], amount, events, keyed);
                    calls.push(async move { (amount, events, call.await) });
                }
                Step::Evict { handle } => drop(all[handle].load("other").await.unwrap()),
                Step::Flush { handle } => all[handle].flush_snapshots().await,
            }
        }
        commands.extend(join_all(calls).await);
    }
    let log = log_of(&inner).await;
    let found: Vec<u64> = log
        .into_iter()
        .map(|raw| match raw.decode().unwrap().event {
            AccountEvent::Deposited { cents } => cents,
            other => panic!("{other:?}"),
        })
        .collect();
    for (amount, events, times) in commands {
        let written = found.iter().filter(|cents| **cents == amount).count();
        match times {
            Times::Once => assert_eq!(written, events),
            Times::Never => assert_eq!(written, 0),
            Times::AtMostOnce => assert!(written == 0 || written == events),
        }
    }
    let plain = fold(Account::default(), &found);
    for accounts in all {
        assert_eq!(accounts.load(ID).await.unwrap().state, plain);
        accounts.flush_snapshots().await;
        assert_eq!(accounts.load(ID).await.unwrap().state, plain);
    }
}

/// With a key the caller goes on until it has an outcome; without one it gives
/// up at the first error.
async fn deposit(accounts: &Repository<Account>, cents: u64, events: usize, keyed: bool) -> Times {
    loop {
        let mut call = accounts.update(ID, move |_| vec![deposited(cents); events]);
        if keyed {
            call = call.idempotency_key(key(&cents.to_string()));
        }
        match call.await {
            Ok(done) => {
                assert_eq!(done.events.len(), events);
                assert_eq!(done.events.last().unwrap().version, done.version);
                assert_eq!(done.state.events, done.version.get());
                return Times::Once;
            }
            Err(_) if keyed => {}
            Err(ExecuteError::Unknown(_)) => return Times::AtMostOnce,
            Err(_) => return Times::Never,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_fold_may_be_interrupted_by_a_snapshot_anywhere(
        before in proptest::collection::vec(0u64..1000, 0..20),
        behind in proptest::collection::vec(0u64..1000, 0..20),
        period in 1u64..8,
    ) {
        run(async {
            let store = MemoryStore::new();
            let policy = SnapshotPolicy::every(period);
            for part in [&before, &behind] {
                // A repository of its own for each part: what goes over is in
                // the log and in the snapshots.
                let accounts = accounts(store.clone()).snapshots(store.clone(), policy);
                for cents in part {
                    accounts.update(ID, |_| deposited(*cents)).await.unwrap();
                }
                accounts.flush_snapshots().await;
            }
            let loaded = accounts(store.clone()).snapshots(store, policy).load(ID).await;
            let first = fold(Account::default(), &before);
            assert_eq!(loaded.unwrap().state, fold(first, &behind));
        });
    }

    #[test]
    fn commands_with_keys_happen_exactly_once(
        handles in [Handle::any(), Handle::any(), Handle::any(), Handle::any()],
        rounds in rounds(true),
    ) {
        run(play(handles, rounds, true));
    }

    #[test]
    fn commands_without_keys_happen_as_often_as_they_say(
        handles in [Handle::any(), Handle::any(), Handle::any(), Handle::any()],
        rounds in rounds(false),
    ) {
        run(play(handles, rounds, false));
    }
}
