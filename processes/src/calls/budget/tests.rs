//! No budget gives more than it has.

use std::sync::Arc;

use proptest::prelude::*;
use tokio::time::{advance, sleep};

use super::*;

#[tokio::test(start_paused = true)]
async fn who_finds_nothing_waits_until_a_second_has_added_it() {
    let bucket = Bucket::new(RetryBudget::new().percent(0).per_second(2).burst(1));
    let began = Instant::now();
    bucket.take().await.spend();
    assert_eq!(began.elapsed(), Duration::ZERO);
    bucket.take().await.spend();
    assert_eq!(began.elapsed(), Duration::from_millis(500));
}

#[tokio::test(start_paused = true)]
async fn commands_add_tries_for_those_who_wait_in_their_order() {
    let bucket = Arc::new(Bucket::new(RetryBudget::new().percent(50).per_second(1).burst(1)));
    bucket.take().await.spend();
    let order = Arc::new(Mutex::new(Vec::new()));
    let waiting: Vec<_> = (0..2)
        .map(|number| {
            let (bucket, order) = (bucket.clone(), order.clone());
            tokio::spawn(async move {
                bucket.take().await.spend();
                order.lock().unwrap_or_else(PoisonError::into_inner).push(number);
            })
        })
        .collect();
    sleep(Duration::from_millis(1)).await;
    let began = Instant::now();
    bucket.add();
    bucket.add();
    for task in waiting {
        assert!(task.await.is_ok());
    }
    // The second had to wait for the seconds.
    assert!(began.elapsed() > Duration::from_millis(900));
    assert_eq!(*order.lock().unwrap_or_else(PoisonError::into_inner), [0, 1]);
}

#[tokio::test(start_paused = true)]
async fn who_waits_goes_on_as_soon_as_commands_have_added_it() {
    let bucket = Bucket::new(RetryBudget::new().percent(100).per_second(1).burst(1));
    bucket.take().await.spend();
    let began = Instant::now();
    let adding = async {
        sleep(Duration::from_millis(100)).await;
        bucket.add();
    };
    let (paid, ()) = tokio::join!(bucket.take(), adding);
    paid.spend();
    assert_eq!(began.elapsed(), Duration::from_millis(100));
}

#[tokio::test(start_paused = true)]
async fn a_try_that_does_not_begin_is_given_back() {
    let bucket = Bucket::new(RetryBudget::new().percent(0).per_second(1).burst(1));
    let began = Instant::now();
    drop(bucket.take().await);
    bucket.take().await.spend();
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[derive(Debug, Clone)]
enum Act {
    Wait(u64),
    Add,
    Take,
}

proptest! {
    #[test]
    fn no_more_is_given_than_was_there_and_came(
        percent in 0_u32..300,
        per_second in 1_u32..50,
        burst in 1_u32..20,
        acts in prop::collection::vec(
            prop_oneof![(0_u64..2_000).prop_map(Act::Wait), Just(Act::Add), Just(Act::Take)],
            1..200,
        ),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_time().start_paused(true).build();
        let given = runtime.map(|runtime| runtime.block_on(async {
            let options = RetryBudget::new().percent(percent).per_second(per_second).burst(burst);
            let bucket = Bucket::new(options);
            let (mut millis, mut added, mut given) = (0_u64, 0_u64, 0_u64);
            for act in acts {
                match act {
                    Act::Wait(time) => {
                        advance(Duration::from_millis(time)).await;
                        millis += time;
                    }
                    Act::Add => {
                        bucket.add();
                        added += 1;
                    }
                    Act::Take => given += u64::from(bucket.try_take().is_ok()),
                }
                // In hundred thousandths of a try.
                let came = u64::from(burst) * 100_000
                    + added * u64::from(percent) * 1_000
                    + millis * u64::from(per_second) * 100;
                assert!(given * 100_000 <= came);
            }
            given
        }));
        prop_assert!(given.is_ok());
    }
}
