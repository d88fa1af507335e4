//! The promises of a publisher, each on every kind of log, with 1 and 3 partitions.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test fails by panicking"
)]

mod chosen;
mod gone;
mod kept;
mod once;
mod order;
mod pauses;
mod world;

macro_rules! everywhere {
    ($($file:ident { $($case:ident,)* })*) => {
        everywhere! { @ memory_1, World::memory(1), $($file { $($case,)* })* }
        everywhere! { @ memory_3, World::memory(3), $($file { $($case,)* })* }
        everywhere! { @ postgres_1, World::postgres(1), $($file { $($case,)* })* }
        everywhere! { @ postgres_3, World::postgres(3), $($file { $($case,)* })* }
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

everywhere! {
    chosen {
        only_what_was_chosen_is_published,
        a_category_that_is_added_is_published_from_then_on,
        imported_events_are_not_published,
        it_begins_where_the_log_ends,
        what_is_lost_beside_the_log_does_not_begin_it_anew,
        nothing_is_published_by_a_rebuild,
        who_chooses_nothing_publishes_nothing,
    }
    once {
        what_was_taken_before_a_crash_comes_again_under_its_id,
        what_was_taken_is_not_sent_again_when_a_batch_fails,
        a_failure_that_passes_loses_nothing,
    }
    order {
        each_stream_is_published_in_its_order,
        what_is_refused_is_parked_with_what_comes_after_it,
    }
    gone {
        a_receiver_that_is_gone_stops_the_publisher,
        it_goes_on_when_somebody_says_so,
        another_target_is_not_stopped,
        it_stays_stopped_after_a_restart,
        nobody_resumes_what_does_not_stand_still,
    }
    kept {
        what_was_written_without_an_answer_is_there_once,
        what_was_not_written_without_an_answer_is_there_once,
        where_another_one_is_quicker_it_is_looked_again,
        a_log_that_does_not_answer_is_asked_a_few_times,
        each_target_that_is_gone_stays_so,
        a_target_that_is_gone_is_kept_once_whatever_it_says,
        of_a_long_reason_the_beginning_is_kept,
        a_log_that_was_moved_is_published_from_where_it_was_moved,
        a_publisher_that_cannot_start_keeps_others_from_beginning,
        all_publishers_are_listed_with_who_is_gone,
        a_list_costs_a_read_for_each_publisher,
        what_was_once_written_is_read,
    }
}
