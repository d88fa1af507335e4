//! Several decisions in one append: all or nothing, each on what is the newest.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use annals::store::{LogQuery, StreamQuery};
use annals::{
    EventStore, ExecuteError, Executed, Metadata, Partition, Repository, Retry, StreamId, Token,
};
use annals_memory::MemoryStore;
use futures::TryStreamExt;

use crate::support::{
    Account, AccountEvent, Deposit, Overdrawn, Withdraw, accounts, at_once, deposited, key, v,
    withdrawn,
};

type Done = Result<Executed<Account>, ExecuteError<Overdrawn>>;

async fn deposit(accounts: &Repository<Account>, id: &str, cents: u64) {
    accounts.execute(id, Deposit(cents)).await.unwrap();
}

/// One account pays, and another one is paid.
async fn transfer(accounts: &Repository<Account>, from: &str, to: &str, cents: u64) -> Done {
    let paid = accounts.update(to, |_| -> Result<_, Overdrawn> { Ok(deposited(cents)) });
    accounts.execute(from, Withdraw(cents)).and(paid).await
}

async fn cents(store: &MemoryStore, id: &str) -> u64 {
    accounts(store.clone()).load(id).await.unwrap().state.cents
}

async fn events(store: &MemoryStore, id: &str) -> Vec<AccountEvent> {
    let stream = StreamId::new("account", id).unwrap();
    let read = store.read(StreamQuery::forwards(stream));
    let decoded = read.map_ok(|raw| raw.decode::<AccountEvent>().unwrap().event);
    decoded.try_collect().await.unwrap()
}

#[tokio::test]
async fn both_commands_are_written_by_one_append_or_none() {
    let store = MemoryStore::new();
    let accounts = accounts(store.clone());
    deposit(&accounts, "ada", 80).await;
    let done = transfer(&accounts, "ada", "bob", 50).await.unwrap();
    assert_eq!((done.state.cents, done.version, done.repeated), (30, v(2), false));
    assert_eq!(done.events.len(), 1, "the answer is that of the first command");
    assert_eq!(events(&store, "bob").await, [deposited(50)]);
    let log: Vec<_> =
        store.read_all(LogQuery::partition(Partition::FIRST)).try_collect().await.unwrap();
    assert_eq!(log[1].recorded_at, log[2].recorded_at, "one append");
    let token = Token::empty(store.log().id).with(log[2].checkpoint(store.log().id));
    assert_eq!(done.token, token, "the token is of everything that was written");

    let refused = transfer(&accounts, "ada", "bob", 31).await.unwrap_err();
    assert!(matches!(refused, ExecuteError::Refused(Overdrawn { missing: 1 })));
    assert_eq!((cents(&store, "ada").await, cents(&store, "bob").await), (30, 50));
}

/// What the second refuses is the refusal of the whole.
#[tokio::test]
async fn a_part_that_refuses_refuses_everything() {
    let store = MemoryStore::new();
    let accounts = accounts(store.clone());
    let paid = accounts.update("bob", |_| -> Result<_, Overdrawn> { Ok(deposited(5)) });
    let refused = paid.and(accounts.execute("ada", Withdraw(5))).await.unwrap_err();
    assert!(matches!(refused, ExecuteError::Refused(Overdrawn { missing: 5 })), "{refused:?}");
    assert_eq!(events(&store, "bob").await, []);
}

/// A conflict on the stream of a part is one of the whole: everything is decided anew.
#[tokio::test]
async fn a_conflict_anywhere_lets_all_decide_again() {
    for cached in [false, true] {
        let store = MemoryStore::new();
        let own = accounts(store.clone());
        let own = if cached { own.cache(10) } else { own };
        deposit(&own, "ada", 80).await;
        deposit(&own, "bob", 10).await;
        let other = accounts(store.clone());
        let (asked, seen) = (AtomicU32::new(0), AtomicU32::new(0));
        let first = own.update("ada", |account| -> Result<_, Overdrawn> {
            asked.fetch_add(1, Ordering::Relaxed);
            assert_eq!(account.cents, 80);
            Ok(withdrawn(50))
        });
        let paid = own.update("bob", |account| -> Result<_, Overdrawn> {
            // Somebody else is faster, once.
            if seen.fetch_add(1, Ordering::Relaxed) == 0 {
                at_once(other.execute("bob", Deposit(1))).unwrap();
                assert_eq!(account.cents, 10);
            } else {
                assert_eq!(account.cents, 11, "it decides on what the conflict has shown");
            }
            Ok(deposited(50))
        });
        let done = first.and(paid).await.unwrap();
        assert_eq!(done.state.cents, 30);
        assert_eq!((asked.into_inner(), seen.into_inner()), (2, 2));
        assert_eq!((cents(&store, "ada").await, cents(&store, "bob").await), (30, 61));
        if cached {
            // What was committed is in the cache, and what was not is not.
            assert_eq!(own.load("bob").await.unwrap().state.cents, 61);
            assert_eq!(own.load("ada").await.unwrap().version, v(2));
        }
    }
}

/// A cache may be behind. A refusal that rests on it is looked into before it is returned.
#[tokio::test]
async fn a_part_does_not_refuse_on_an_old_state() {
    let store = MemoryStore::new();
    let (own, other) = (accounts(store.clone()).cache(10), accounts(store.clone()));
    deposit(&own, "ada", 1).await;
    own.load("ada").await.unwrap();
    deposit(&other, "ada", 9).await;
    let paid = own.update("bob", |_| -> Result<_, Overdrawn> { Ok(deposited(10)) });
    paid.and(own.execute("ada", Withdraw(10))).await.unwrap();
    assert_eq!((cents(&store, "ada").await, cents(&store, "bob").await), (0, 10));
}

/// A repeat is answered before any part is asked, and one decision has one outcome.
#[tokio::test]
async fn a_repeat_returns_the_first_outcome_before_any_part_is_asked() {
    let store = MemoryStore::new();
    let accounts = accounts(store.clone());
    deposit(&accounts, "ada", 80).await;
    let asked = Arc::new(AtomicU32::new(0));
    let pay = || {
        let asked = asked.clone();
        let paid = accounts.update("bob", move |_| -> Result<_, Overdrawn> {
            asked.fetch_add(1, Ordering::Relaxed);
            Ok(deposited(50))
        });
        accounts.execute("ada", Withdraw(50)).idempotency_key(key("k")).and(paid)
    };
    let first = pay().await.unwrap();
    let again = pay().await.unwrap();
    assert!(again.repeated && !first.repeated);
    assert_eq!((again.events, again.token), (first.events, first.token));
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    assert_eq!(events(&store, "bob").await.len(), 1);
}

#[tokio::test]
async fn what_cannot_be_one_append_is_refused_with_a_reason() {
    let store = MemoryStore::new();
    let accounts = accounts(store.clone());
    deposit(&accounts, "ada", 80).await;
    let to_oneself = transfer(&accounts, "ada", "ada", 5).await.unwrap_err();
    assert!(matches!(to_oneself, ExecuteError::TwiceInOne { .. }), "{to_oneself:?}");
    let keyed = accounts.execute("bob", Withdraw(0)).idempotency_key(key("k"));
    let keyed = accounts.execute("ada", Withdraw(1)).and(keyed).await.unwrap_err();
    assert!(matches!(keyed, ExecuteError::KeyOnPart { .. }), "{keyed:?}");
    let nameless = accounts.execute("", Withdraw(0));
    let nameless = accounts.execute("ada", Withdraw(1)).and(nameless).await.unwrap_err();
    assert!(matches!(nameless, ExecuteError::InvalidId(_)), "{nameless:?}");
    assert_eq!(cents(&store, "ada").await, 80);
}

/// Each may expect a version of its own aggregate; others who write elsewhere do not make
/// that fail.
#[tokio::test]
async fn each_command_expects_a_version_of_its_own_aggregate() {
    let store = MemoryStore::new();
    let accounts = accounts(store.clone());
    deposit(&accounts, "ada", 80).await;
    let other = accounts.clone();
    let mut once = true;
    let paid = accounts.update("bob", move |_| -> Result<_, Overdrawn> {
        if std::mem::take(&mut once) {
            at_once(other.execute("bob", Deposit(1))).unwrap();
        }
        Ok(deposited(1))
    });
    accounts.execute("ada", Withdraw(1)).expected_version(v(1)).and(paid).await.unwrap();

    let late = accounts.execute("bob", Withdraw(0)).expected_version(v(1));
    let late = accounts.execute("ada", Withdraw(1)).and(late).await.unwrap_err();
    let ExecuteError::VersionMismatch(conflict) = late else { panic!("{late:?}") };
    assert_eq!((conflict.stream.key(), conflict.actual), ("bob", v(2)));
    assert_eq!(cents(&store, "ada").await, 79);
}

#[tokio::test]
async fn metadata_of_the_call_is_that_of_parts_without_their_own() {
    let store = MemoryStore::new();
    let accounts = accounts(store.clone());
    let paid = |id| accounts.update(id, |_| -> Result<_, Overdrawn> { Ok(deposited(1)) });
    let own = paid("cyd").metadata(Metadata::new().with_actor("cyd"));
    let parts = paid("ada").metadata(Metadata::new().with_actor("ada")).and(paid("bob")).and(own);
    parts.await.unwrap();
    let log: Vec<_> =
        store.read_all(LogQuery::partition(Partition::FIRST)).try_collect().await.unwrap();
    let actors: Vec<_> = log.iter().map(|raw| raw.metadata.actor().unwrap().to_owned()).collect();
    assert_eq!(actors, ["ada", "ada", "cyd"]);
}

/// A command that changes nothing asks nobody.
#[tokio::test]
async fn where_the_command_decides_nothing_nothing_happens() {
    let store = MemoryStore::new();
    let accounts = accounts(store.clone());
    let part = accounts.update("bob", |_| -> Result<AccountEvent, std::convert::Infallible> {
        panic!("it is not asked")
    });
    let done = accounts.execute("ada", Deposit(0)).and(part).await.unwrap();
    assert!(done.events.is_empty());
}

/// So it is for a command that is a part itself: nobody asks what hangs on it.
#[tokio::test]
async fn where_a_part_decides_nothing_its_own_parts_are_not_asked() {
    let store = MemoryStore::new();
    let accounts = accounts(store.clone());
    let part = accounts.update("cyd", |_| -> Result<AccountEvent, std::convert::Infallible> {
        panic!("it is not asked")
    });
    let nothing = accounts.execute("bob", Deposit(0)).and(part);
    accounts.execute("ada", Deposit(1)).and(nothing).await.unwrap();
    assert_eq!((cents(&store, "ada").await, cents(&store, "cyd").await), (1, 0));
}

/// Ten cents go from one account to another while a command has read the first and not the
/// second. Before, the second has nothing; behind, the first has nothing to give. That both
/// have ten was never so, and is no reason to refuse.
#[tokio::test]
async fn a_refusal_rests_on_accounts_that_stood_side_by_side() {
    for nested in [false, true] {
        let store = MemoryStore::new();
        let (own, other) = (accounts(store.clone()), accounts(store.clone()));
        deposit(&own, "ada", 10).await;
        let mut once = true;
        let gives = own.update("ada", |account| -> Result<_, Overdrawn> {
            if std::mem::take(&mut once) {
                at_once(transfer(&other, "ada", "bob", 10)).unwrap();
            }
            Ok((account.cents > 0).then(|| withdrawn(1)).into_iter().collect::<Vec<_>>())
        });
        let takes = own.update("bob", |account| match account.cents {
            0 => Ok(deposited(1)),
            cents => Err(Overdrawn { missing: cents }),
        });
        let done = if nested {
            let first = own.update("cyd", |_| -> Result<_, Overdrawn> { Ok(deposited(1)) });
            first.and(gives.and(takes)).await
        } else {
            gives.and(takes).await
        };
        assert!(done.is_ok(), "nested: {nested}: {done:?}");
        assert_eq!((cents(&store, "ada").await, cents(&store, "bob").await), (0, 10));
    }
}

/// Money is neither made nor lost, whoever meets whom, with caches and their lines.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn transfers_of_many_writers_keep_the_sum() {
    let store = MemoryStore::new();
    let own = accounts(store.clone()).cache(10).retry(Retry::attempts(1_000));
    let others = accounts(store.clone()).retry(Retry::attempts(1_000));
    for id in ["0", "1", "2", "3"] {
        deposit(&own, id, 100).await;
    }
    let writers = (0..8_u64).map(|writer| {
        let accounts = if writer % 2 == 0 { own.clone() } else { others.clone() };
        tokio::spawn(async move {
            for n in 0..25 {
                let from = (writer + n) % 4;
                let to = (from + 1 + n % 3) % 4;
                match transfer(&accounts, &from.to_string(), &to.to_string(), 7).await {
                    Ok(_) | Err(ExecuteError::Refused(_)) => {}
                    Err(error) => panic!("{error:?}"),
                }
                accounts.execute(&from.to_string(), Deposit(1)).await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let mut sum = 0;
    for id in ["0", "1", "2", "3"] {
        let now = cents(&store, id).await;
        assert_eq!(own.load(id).await.unwrap().state.cents, now, "the cache");
        sum += now;
    }
    assert_eq!(sum, 400 + 8 * 25);
}
