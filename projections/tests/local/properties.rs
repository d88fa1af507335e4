//! Whatever happens, and wherever a view begins, it holds what a replay gives.

use annals_projections::View;
use proptest::prelude::*;

use super::domain::{AccountEvent, Balance, Balance2, account, append, deposited, sent};
use super::world::{PATIENCE, World};

#[derive(Debug, Clone)]
enum Step {
    Append(u8, AccountEvent),
    /// The view is stopped, and begins again.
    Stop,
    /// The view is dropped, and begins again.
    Drop,
}

fn steps(partitions: u16) -> impl Strategy<Value = Vec<Step>> {
    let event = prop_oneof![
        4 => (1i64..100).prop_map(deposited),
        4 => (0u8..9, 1i64..100).prop_map(|(to, cents)| sent(&to.to_string(), cents)),
        // Whether a document is gone depends on the order over the partitions.
        u32::from(partitions == 1) => Just(AccountEvent::Closed),
    ];
    let step = prop_oneof![
        20 => (0u8..9, event).prop_map(|(account, event)| Step::Append(account, event)),
        1 => Just(Step::Stop),
        1 => Just(Step::Drop),
    ];
    proptest::collection::vec(step, 0..80)
}

async fn check<V>(steps: Vec<Step>, every: u64, partitions: u16)
where
    V: View + PartialEq + std::fmt::Debug,
{
    let world = World::memory(partitions).await;
    let begin = async || world.open::<V>().every(every).start().await.unwrap();
    let mut view = begin().await;
    for step in steps {
        match step {
            Step::Append(of, event) => drop(append(&world.log, &account(of), &[event]).await),
            Step::Stop => {
                view.stop().await.unwrap();
                view = begin().await;
            }
            Step::Drop => {
                drop(view);
                view = begin().await;
            }
        }
        tokio::task::yield_now().await;
    }
    view.caught_up(PATIENCE).await.unwrap();
    world.assert_as_replayed(&view).await;
    view.stop().await.unwrap();
    let again = world.started::<V>().await;
    world.assert_as_replayed(&again).await;
}

fn run(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(work);
}

proptest! {
    #[test]
    fn snapshots_and_what_is_behind_them_are_a_replay(
        (partitions, steps) in prop_oneof![Just(1u16), Just(8)]
            .prop_flat_map(|partitions| (Just(partitions), steps(partitions))),
        every in 1u64..20,
    ) {
        run(check::<Balance>(steps.clone(), every, partitions));
        // Its shape cannot be traced, so that it is kept in JSON.
        run(check::<Balance2>(steps, every, partitions));
    }
}
