//! Rules: commands are decided on documents as they are at the very end of the log.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test fails by panicking"
)]

mod deploys;
mod domain;
mod errors;
mod exact;
mod hooks;
mod live;
mod model;
mod plain;
mod race;
mod world;

/// Makes a test for each rule on each kind of log.
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
    exact {
        whoever_comes_between_is_seen_or_conflicts,
        a_released_address_can_be_taken_again,
        a_repeat_is_answered_before_the_rule_is_asked,
        the_document_of_a_slice_is_exact,
        two_rules_on_one_key_are_one_guard,
        a_nested_rule_that_is_not_asked_again_holds_up_nobody,
        the_guard_is_one_small_event_and_passes_the_views_by,
        a_dropped_command_has_written_everything_or_nothing,
    }
    race {
        many_writers_of_one_address_make_one_account_without_a_runner,
        many_writers_of_one_address_make_one_account_while_it_is_fed,
        code_of_two_versions_meets_at_one_guard_while_they_are_switched,
    }
    errors {
        a_read_model_that_nobody_has_fed_is_named,
        a_read_model_that_is_too_far_behind_is_named,
        a_document_of_which_events_are_parked_is_named,
        an_event_that_cannot_be_folded_or_read_is_named,
        a_read_model_of_another_log_is_named,
    }
    deploys {
        older_code_does_not_decide_beside_a_newer_worker,
        newer_code_does_not_decide_beside_an_older_worker,
    }
    plain {
        an_append_is_decided_on_a_document,
        a_lost_answer_is_not_taken_for_another_writer,
        a_repeated_append_is_answered_before_anything_is_decided,
    }
    live {
        a_live_rule_needs_no_read_model,
        a_refusal_rests_on_one_moment,
    }
}
