//! Calls that are dropped in a line.

use std::pin::pin;
use std::task::{Context, Waker};

use super::*;

/// The last call of a line takes what it knows along: whoever comes next meets
/// its append as another writer's.
fn patient(accounts: &Repository<Account>) -> Outcome<std::convert::Infallible> {
    let accounts = accounts.clone();
    tokio::spawn(async move { accounts.execute(ID, Deposit(1)).await })
}

#[tokio::test]
async fn a_call_dropped_anywhere_leaves_the_others_working() {
    let mut handed_over = 0;
    for polls in 0..12 {
        for before in 0..3 {
            let gate = Gate::new(store_at(3).await);
            let accounts = accounts(crate::wrap::Lazy(gate.clone())).cache(8);
            let earlier: Vec<_> = (0..before).map(|_| deposit(&accounts, 1)).collect();
            tokio::task::yield_now().await;
            {
                let mut call = pin!(accounts.execute(ID, Deposit(50)).into_future());
                let mut context = Context::from_waker(Waker::noop());
                for _ in 0..polls {
                    assert!(call.as_mut().poll(&mut context).is_pending());
                    tokio::task::yield_now().await;
                }
            }
            let later = |_| if before == 0 { patient(&accounts) } else { deposit(&accounts, 1) };
            let later: Vec<_> = (0..3).map(later).collect();
            settle().await;
            handed_over += gate.waiting().len() - before - 3;
            gate.pass_all().await;
            for call in earlier.into_iter().chain(later) {
                call.await.unwrap().unwrap();
            }
            let log = log_of(&gate.store).await.len();
            assert!(log == 6 + before || log == 7 + before, "{log} events");
            let loaded = accounts.load(ID).await.unwrap();
            assert_eq!(loaded.state, replayed(&gate.store).await);
            assert_left(&accounts);
        }
    }
    assert!(handed_over > 0, "the test dropped no append that was under way");
}

#[tokio::test]
async fn a_refusal_whose_base_is_dropped_is_decided_again() {
    for written in [false, true] {
        let (accounts, gate, _) = gated(3).await;
        let first = withdraw(&accounts, 3);
        let second = withdraw(&accounts, 3);
        settle().await;
        if written {
            let _unheard = gate.write().await;
            first.abort();
        } else {
            first.abort();
        }
        settle().await;
        let versions = gate.waiting();
        if written {
            let refused = second.await.unwrap().unwrap_err();
            assert_eq!(refused.refusal(), Some(&Overdrawn { missing: 3 }));
        } else {
            // The dropped append stands in the queue still.
            assert_eq!(versions, [3, 3]);
            gate.refuse();
            gate.pass_all().await;
            assert_eq!(second.await.unwrap().unwrap().state.cents, 0);
        }
        assert_left(&accounts);
    }
}
