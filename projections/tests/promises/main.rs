//! The promises of the runner, P1 to P10, each on every store, with 1 and 8 partitions.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test fails by panicking"
)]

mod bad_input;
mod domain;
mod p10_audit;
mod p1_exactly_once;
mod p1_set_up;
mod p2_ordered;
mod p3_fenced;
mod p4_aside;
mod p4_more;
mod p4_narrow;
mod p4_poison;
mod p4_refused;
mod p4_taken_back;
mod p4_thousand;
mod p5_holds;
mod p5_key;
mod p5_many_writers;
mod p5_rebuild;
mod p6_read_your_writes;
mod p7_lag;
mod p8_stops;
mod p9_from_now_on;
mod p9_raw;
mod p9_side_effects;
mod p9_under_way;
mod world;

macro_rules! promises {
    ($($file:ident { $($case:ident,)* })*) => {
        promises! { @ memory_1, World::memory(1), $($file { $($case,)* })* }
        promises! { @ memory_8, World::memory(8), $($file { $($case,)* })* }
        promises! { @ postgres_1, World::postgres(1), $($file { $($case,)* })* }
        promises! { @ postgres_8, World::postgres(8), $($file { $($case,)* })* }
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

// What only a database refuses.
promises! { @ refusing_1, World::postgres(1), p4_refused {
    p4_what_a_deferred_constraint_refuses_is_parked,
    p4_what_an_index_of_the_documents_refuses_is_parked,
    p4_what_a_trigger_refuses_is_parked,
} }
promises! { @ refusing_8, World::postgres(8), p4_refused {
    p4_what_a_deferred_constraint_refuses_is_parked,
    p4_what_an_index_of_the_documents_refuses_is_parked,
    p4_what_a_trigger_refuses_is_parked,
} }

// Where one partition is all, an event is taken out of its step.
promises! { @ alone_memory, World::memory(1), p4_taken_back { p4_an_event_that_fails_changes_nothing, } }
promises! { @ alone_postgres, World::postgres(1), p4_taken_back { p4_an_event_that_fails_changes_nothing, } }

promises! {
    bad_input {
        bad_input_an_event_of_an_unknown_type_passes_by,
        bad_input_a_type_that_was_passed_over_is_refused_when_it_becomes_known,
        bad_input_a_type_that_becomes_known_in_time_is_taken_under_load,
        bad_input_a_payload_that_does_not_decode_stops_what_would_pass_over_it,
        bad_input_what_was_renamed_stays_and_is_said_to_be_fed_by_nobody,
        bad_input_keys_of_another_type_are_refused,
        bad_input_two_read_models_of_one_name_are_refused,
        bad_input_a_worker_with_older_code_does_not_join,
        bad_input_a_log_made_anew_is_another_one,
        bad_input_a_document_that_does_not_decode_stops_the_view,
    }
    p1_exactly_once {
        p1_a_view_is_what_a_replay_gives,
        p1_a_projection_is_what_a_replay_gives,
    }
    p2_ordered {
        p2_events_of_a_key_come_in_order_in_every_slice,
        p2_an_event_in_several_slices_stops_the_view,
    }
    p3_fenced {
        p3_work_is_shared_evenly_and_handed_over,
        p3_the_work_of_a_crashed_process_is_taken_over,
    }
    p4_aside {
        p4_others_go_on_while_an_event_is_tried_again,
        p4_what_fails_as_often_as_it_may_stays_parked,
    }
    p4_more {
        p4_a_chain_of_keys_is_freed_by_what_it_waits_for,
        p4_a_panic_anywhere_in_user_code_parks_its_event,
        p4_many_wishes_do_not_hold_up_the_log,
    }
    p4_poison {
        p4_poison_parks_its_keys_and_others_go_on,
        p4_a_projection_tries_again_and_then_parks,
        p4_a_dead_letter_is_skipped_with_a_note,
        p4_a_read_model_may_stop_instead,
        p4_an_event_that_does_not_decode_stops_the_view,
        p4_an_event_that_does_not_decode_is_parked_by_its_stream,
        p4_many_poisoned_keys_hold_up_nobody,
    }
    p4_thousand {
        p4_ten_of_a_thousand_keys_are_parked_in_order_and_cured,
        p4_ten_of_a_thousand_keys_of_a_projection_are_parked_and_cured,
    }
    p5_many_writers {
        p5_fifty_writers_do_not_disturb_a_rebuild,
    }
    p5_holds {
        p5_a_comparison_that_is_dropped_or_killed_stops_nobody,
        p5_two_operators_wait_for_each_other,
    }
    p5_key {
        p5_one_key_is_rebuilt_under_load,
        p5_one_key_is_rebuilt_only_where_it_can_be,
    }
    p5_rebuild {
        p5_a_version_is_rebuilt_under_load,
        p5_a_version_that_is_behind_does_not_take_over,
    }
    p6_read_your_writes {
        p6_a_query_sees_the_commit_of_its_token,
        p6_a_wait_has_an_end,
    }
    p7_lag {
        p7_lag_is_known_in_events_and_in_time,
        p7_who_has_stopped_says_since_when,
    }
    p8_stops {
        p8_stopping_at_any_moment_loses_and_doubles_nothing,
        p8_a_crash_at_any_moment_loses_and_doubles_nothing,
    }
    p9_from_now_on {
        p9_what_is_from_now_on_follows_further_events_from_there,
        p9_what_is_from_now_on_may_follow_fewer_events_in_a_later_revision,
    }
    p9_raw {
        p9_an_event_that_is_none_of_those_given_is_searched_for,
        p9_raw_events_of_every_type_are_handed_over_and_counted,
        p9_so_many_that_they_outlast_a_lease_are_handed_over_in_parts,
    }
    p9_side_effects {
        p9_neither_replay_nor_rebuild_reaches_what_lives_elsewhere,
    }
    p9_under_way {
        p9_what_is_under_way_is_waited_for_without_trouble,
        p9_who_does_not_wait_for_what_is_under_way_is_asked_with_pauses,
    }
    p10_audit {
        p10_an_audit_finds_what_the_books_do_not_hold,
        p10_another_log_is_not_taken_for_this_one,
    }
}
