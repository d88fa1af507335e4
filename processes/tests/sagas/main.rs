//! Processes from end to end, on every kind of log.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test fails by panicking"
)]

mod decisions;
mod domain;
mod happy;
mod patience;
mod shop;
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
    decisions {
        a_compensation_that_fails_waits_for_somebody_who_knows_all,
        what_is_tried_again_goes_on,
        what_was_seen_to_is_left_out,
        what_is_abandoned_stays_as_it_is,
        what_is_abandoned_is_tried_no_more,
        what_nobody_carries_out_is_told,
        nobody_decides_where_nothing_waits,
    }
    happy {
        an_order_is_fulfilled,
        what_was_done_is_undone_in_reverse,
        what_may_have_been_done_is_undone_too,
        what_passes_is_tried_again,
        a_command_knows_what_it_follows_from,
        a_key_that_names_no_instance_holds_up_nobody,
        many_orders_share_scarce_stock,
    }
    patience {
        who_waits_too_long_for_events_is_told,
    }
}
