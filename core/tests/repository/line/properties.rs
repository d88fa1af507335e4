//! Whatever fails, whoever writes besides, and whoever goes away: the log has a
//! sequential explanation, and every answer agrees with it.

use annals::testing::Fault;
use annals::{Aggregate, ExecuteError, RawEvent};
use annals_memory::MemoryStore;
use futures::future::join_all;
use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone, Copy)]
enum Step {
    Deposit,
    Withdraw(u64),
    Nothing,
    /// By another process.
    Foreign,
    Fail(Fault),
    Work,
}

/// What a task does, and after how many milliseconds a step of it is dropped.
type Task = Vec<(Step, Option<u64>)>;

fn tasks() -> impl Strategy<Value = Vec<Task>> {
    let fault = prop_oneof![
        Just(Fault::UnknownWritten),
        Just(Fault::UnknownUnwritten),
        Just(Fault::Transient),
        Just(Fault::Permanent),
        Just(Fault::Diverged),
        Just(Fault::Slow(Duration::from_millis(2))),
        (0u64..20).prop_map(|actual| Fault::Conflict { actual: v(actual) }),
    ];
    let step = prop_oneof![
        8 => Just(Step::Deposit),
        8 => (1u64..4_000).prop_map(Step::Withdraw),
        2 => Just(Step::Nothing),
        1 => Just(Step::Foreign),
        1 => fault.prop_map(Step::Fail),
        3 => Just(Step::Work),
    ];
    let dropped = prop_oneof![9 => Just(None), 1 => (0u64..4).prop_map(Some)];
    let task = proptest::collection::vec((step, dropped), 1..6);
    proptest::collection::vec(task, 1..10)
}

/// What one call was told, and the versions of the log when it began and ended.
#[derive(Debug)]
enum Told {
    Done(Box<Executed<Account>>),
    Refused {
        cents: u64,
        missing: u64,
    },
    /// Nothing was written.
    Failed,
    /// Dropped, or in doubt.
    Nothing,
}

struct Heard {
    /// By which its event is found.
    cents: u64,
    from: usize,
    to: usize,
    told: Told,
}

async fn call(accounts: &Repository<Account>, step: Step, unique: u64) -> Told {
    let (failure, refusal) = match step {
        Step::Withdraw(cents) => {
            let cents = cents * 1_000 + unique;
            match accounts.execute(ID, Withdraw(cents)).await {
                Ok(done) => return Told::Done(Box::new(done)),
                Err(ExecuteError::Refused(Overdrawn { missing })) => {
                    (None, Some(Told::Refused { cents, missing }))
                }
                Err(other) => (Some(matches!(other, ExecuteError::Unknown(_))), None),
            }
        }
        Step::Nothing => match accounts.execute(ID, Deposit(0)).await {
            Ok(done) => return Told::Done(Box::new(done)),
            Err(_) => (Some(false), None),
        },
        _ => match accounts.execute(ID, Deposit(2_000_000 + unique)).await {
            Ok(done) => return Told::Done(Box::new(done)),
            Err(other) => (Some(matches!(other, ExecuteError::Unknown(_))), None),
        },
    };
    match (refusal, failure) {
        (Some(refused), _) => refused,
        (None, Some(false)) => Told::Failed,
        _ => Told::Nothing,
    }
}

async fn play_one(
    task: Task,
    first: u64,
    (ours, theirs): (Repository<Account>, Repository<Account>),
    store: ScriptedStore,
    inner: MemoryStore,
) -> Vec<Heard> {
    let mut heard = Vec::new();
    for ((step, dropped), unique) in task.into_iter().zip(first..) {
        let accounts = match step {
            Step::Fail(fault) => {
                store.fail(fault);
                continue;
            }
            Step::Work => {
                store.work();
                continue;
            }
            Step::Foreign => &theirs,
            _ => &ours,
        };
        let from = log_of(&inner).await.len();
        let call = call(accounts, step, unique);
        let time = Duration::from_millis(dropped.unwrap_or(1_000_000));
        let told = tokio::time::timeout(time, call).await.unwrap_or(Told::Nothing);
        let to = log_of(&inner).await.len();
        let cents = match step {
            Step::Withdraw(cents) => cents * 1_000 + unique,
            Step::Nothing => 0,
            _ => 2_000_000 + unique,
        };
        heard.push(Heard { cents, from, to, told });
    }
    heard
}

fn cents_of(raw: &RawEvent) -> u64 {
    match raw.clone().decode().unwrap().event {
        AccountEvent::Deposited { cents } | AccountEvent::Withdrawn { cents } => cents,
        other @ AccountEvent::Opened { .. } => panic!("{other:?}"),
    }
}

fn check(heard: &Heard, log: &[RawEvent], states: &[Account]) {
    let Heard { cents, from, to, told } = heard;
    let written = log.iter().filter(|raw| cents_of(raw) == *cents).count();
    match told {
        Told::Done(done) => {
            let version = usize::try_from(done.version.get()).unwrap();
            assert_eq!(done.state, states[version]);
            assert_eq!(written, done.events.len());
            match done.events.first() {
                Some(event) => assert_eq!(event.id, log[version - 1].id),
                None => assert!((*from..=*to).contains(&version), "nothing, but not of its time"),
            }
        }
        Told::Refused { cents, missing } => {
            assert_eq!(written, 0);
            let mut during = states[*from..=*to].iter();
            let holds = during.any(|state| cents.saturating_sub(state.cents) == *missing);
            assert!(holds, "{missing} were missing at no moment of the call");
        }
        Told::Failed => assert_eq!(written, 0),
        Told::Nothing => assert!(written <= 1),
    }
}

async fn play(tasks: Vec<Task>, cached: usize, lazy: bool) {
    let inner = MemoryStore::new();
    let gate = Gate::new(inner.clone());
    let serving = tokio::spawn(gate.clone().serve());
    let store = match lazy {
        true => ScriptedStore::new(crate::wrap::Lazy(gate)),
        false => ScriptedStore::new(gate),
    };
    let ours = accounts(store.clone()).cache(cached);
    let theirs = accounts(inner.clone());
    let playing = tasks.into_iter().zip(0..).map(|(task, at)| {
        let both = (ours.clone(), theirs.clone());
        tokio::spawn(play_one(task, at * 100, both, store.clone(), inner.clone()))
    });
    let heard: Vec<_> = join_all(playing).await.into_iter().flat_map(Result::unwrap).collect();
    serving.abort();
    let log = log_of(&inner).await;
    let mut states = vec![Account::default()];
    for raw in &log {
        // It panics where a withdrawal was decided on money that was never there.
        let mut next = states[states.len() - 1].clone();
        next.evolve(&raw.clone().decode().unwrap().event);
        states.push(next);
    }
    heard.iter().for_each(|heard| check(heard, &log, &states));
    assert_eq!(ours.load(ID).await.unwrap().state, states[log.len()]);
    assert_left(&ours);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_log_explains_every_answer(tasks in tasks(), cached in 0usize..3, lazy: bool) {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.unwrap().block_on(play(tasks, cached, lazy));
    }
}
