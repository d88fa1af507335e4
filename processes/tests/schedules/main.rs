//! Schedules from end to end, on every kind of log.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test fails by panicking"
)]

mod cases;
mod world;

/// Makes a test for each case on each kind of log.
macro_rules! everywhere {
    ($($file:ident { $($case:ident,)* })*) => {
        mod memory {
            $($(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $case() {
                super::$file::$case(super::world::World::memory(1).await).await;
            })*)*
        }
        mod memory_in_partitions {
            $($(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $case() {
                super::$file::$case(super::world::World::memory(3).await).await;
            })*)*
        }
        mod postgres {
            $($(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $case() {
                super::$file::$case(super::world::World::postgres(1).await).await;
            })*)*
        }
        mod postgres_in_partitions {
            $($(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $case() {
                super::$file::$case(super::world::World::postgres(3).await).await;
            })*)*
        }
    };
}

everywhere! {
    cases {
        a_command_is_carried_out_at_its_time_and_not_before,
        two_workers_carry_each_command_out_once,
        what_comes_due_while_nobody_works_is_carried_out_then,
        a_command_is_cancelled,
        a_command_in_hand_that_is_cancelled_is_not_begun,
        what_was_done_is_not_cancelled,
        the_same_key_twice_is_one,
        a_key_is_of_one_command,
        what_fails_for_good_waits_for_a_decision,
        no_two_have_the_same_name,
    }
}
