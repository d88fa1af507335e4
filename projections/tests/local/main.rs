//! Views in memory: begun from snapshots, following, waited for; each on every store, with 1
//! and 8 partitions.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test fails by panicking"
)]

mod discarded;
#[path = "../promises/domain.rs"]
#[allow(dead_code, reason = "another suite uses the rest")]
mod domain;
mod ended;
mod flaky;
mod properties;
mod resumed;
mod views;
mod waits;
mod world;

macro_rules! cases {
    ($($file:ident { $($case:ident,)* })*) => {
        cases! { @ memory_1, World::memory(1), $($file { $($case,)* })* }
        cases! { @ memory_8, World::memory(8), $($file { $($case,)* })* }
        cases! { @ postgres_1, World::postgres(1), $($file { $($case,)* })* }
        cases! { @ postgres_8, World::postgres(8), $($file { $($case,)* })* }
    };
    (@ $world:ident, $make:expr, $($file:ident { $($case:ident,)* })*) => {
        mod $world {
            use super::world::World;
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    super::$file::$case($make.await).await;
                }
            )*)*
        }
    };
}

cases! {
    flaky {
        what_may_pass_is_tried_again_where_it_was,
        a_log_that_has_lost_its_tail_ends_the_view,
    }
    resumed {
        a_restart_continues_from_the_snapshot,
        who_was_dropped_continues_from_the_last_snapshot,
        a_snapshot_is_saved_while_events_go_on,
        events_of_others_are_not_read_again,
        without_snapshots_the_whole_log_is_read,
    }
    discarded {
        another_version_of_the_view_is_discarded,
        another_shape_or_other_events_are_discarded,
        another_log_is_discarded,
        an_event_that_the_log_does_not_hold_is_discarded,
        what_does_not_decode_is_discarded,
        a_store_that_fails_costs_a_replay,
    }
    ended {
        an_event_that_does_not_decode_ends_the_view,
        a_panic_ends_the_view,
        a_view_that_was_stopped_says_so,
        a_snapshot_that_is_too_large_is_told,
        a_state_that_no_codec_reads_is_told,
    }
    waits {
        a_question_sees_the_commit_of_its_token,
        a_wait_has_an_end,
        a_token_of_another_log_or_of_a_lost_commit_is_refused,
    }
}
