//! Policies from end to end, on every kind of log.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test fails by panicking"
)]

mod domain;
mod evolving;
mod exactly_once;
mod following;
mod office;
mod parking;
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
    following {
        whenever_something_happens_something_is_done,
        what_is_done_knows_its_cause,
        commands_of_a_key_are_carried_out_in_order,
        keys_are_worked_on_side_by_side,
        what_happened_before_the_first_start_is_left_out,
        what_happened_before_is_seen_to_where_that_is_asked_for,
        what_happened_meanwhile_is_seen_to,
        imported_events_are_left_out,
    }
    evolving {
        a_process_follows_other_events_from_where_it_is,
        a_policy_follows_other_events_from_where_it_is,
    }
    exactly_once {
        a_crash_between_command_and_checkpoint_does_nothing_twice,
        a_command_that_outlasts_the_lease_is_not_begun_anew,
        who_has_stood_still_does_not_go_on_behind_another_worker,
        two_workers_do_each_thing_once,
    }
    parking {
        what_is_refused_is_parked_with_what_follows_it,
        what_is_given_up_is_parked,
        what_was_parked_is_tried_again,
        what_was_parked_is_skipped,
        a_refusal_may_be_nothing_to_the_policy,
        a_panic_is_poison,
        a_panic_of_the_executor_is_poison,
        each_failing_key_is_tried_as_often_as_it_says,
    }
}
