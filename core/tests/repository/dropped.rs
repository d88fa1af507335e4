//! Executions that are dropped on their way.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use annals::testing::ScriptedStore;
use annals::{Repository, SnapshotPolicy};

use crate::support::*;
use crate::wrap::Lazy;

/// Polls the call so often at most; whether it came to its end.
fn polled<F: IntoFuture>(call: F, times: usize) -> bool {
    let mut call = pin!(call.into_future());
    let mut context = Context::from_waker(Waker::noop());
    (0..times).any(|_| matches!(call.as_mut().poll(&mut context), Poll::Ready(_)))
}

#[tokio::test]
async fn a_dropped_execution_has_written_everything_or_nothing() {
    for kind in 0..3 {
        let mut ended = false;
        let (mut whole, mut nothing) = (0, 0);
        for polls in 0.. {
            let store = store_at(3).await;
            let accounts = repository(kind, &store);
            let deposit = || {
                let two = accounts.update(ID, |_| [deposited(10), deposited(10)]);
                two.idempotency_key(key("d"))
            };
            ended |= polled(deposit(), polls);
            match log_of(&store).await.len() {
                3 => nothing += 1,
                5 => whole += 1,
                half => panic!("{half} events after {polls} polls"),
            }
            // The same key afterwards has exactly one effect.
            let done = deposit().await.unwrap();
            assert_eq!((done.state.cents, done.version), (23, v(5)), "{polls} polls");
            assert_eq!(log_of(&store).await.len(), 5);
            // Nothing that was not committed has stayed anywhere.
            accounts.flush_snapshots().await;
            let loaded = accounts.load(ID).await.unwrap();
            assert_eq!(loaded.state, replayed(&store).await);
            if ended {
                break;
            }
            assert!(polls < 1000, "the call never ends");
        }
        assert!(nothing > 2, "the test dropped nothing before it was written");
        assert!(whole > 1, "the test dropped nothing after it was written");
    }
}

fn repository(kind: u8, store: &annals_memory::MemoryStore) -> Repository<Account> {
    let plain = accounts(ScriptedStore::new(Lazy(store.clone())));
    match kind {
        0 => plain,
        1 => plain.cache(4),
        _ => plain.cache(4).snapshots(store.clone(), SnapshotPolicy::every(1)),
    }
}
