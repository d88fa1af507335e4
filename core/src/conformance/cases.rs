//! The one list of all cases, and the macro that makes tests of them.

/// Hands the list of cases to a macro, behind the arguments in brackets.
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_cases {
    ({ $($then:tt)* } $($arguments:tt)*) => {
        $($then)*! {
            [$($arguments)*]
            atomic {
                a1_an_append_over_two_streams_writes_all_or_nothing,
                a1_one_stale_write_anywhere_keeps_all_from_being_written,
                a1_no_reader_sees_half_an_append,
                a1_an_append_may_write_twice_to_a_stream,
                a1_the_greatest_append_is_written_whole,
            }
            contiguous {
                a2_versions_are_1_2_3_and_so_on,
                a2_every_stream_counts_for_itself,
                a2_refusals_leave_no_holes,
                a2_racing_writers_leave_no_holes,
            }
            optimistic {
                a3_conflicts_name_the_true_version_at_0_9_10_99_100,
                a3_versions_beyond_2_31_are_conflicts_without_overflow,
                a3_a_stale_writer_changes_nothing,
                a3_a_writer_who_is_right_is_not_refused,
                a3_a_conflict_names_the_first_stale_write,
                a3_of_racing_writers_exactly_one_wins_each_version,
            }
            order {
                a4_positions_rise_and_agree_with_versions,
                a4_the_outcome_names_the_places_of_its_events,
                a4_the_writes_of_an_append_stand_in_their_order,
                a4_a_stream_lives_in_the_partition_of_its_id,
                a4_a_partition_that_is_not_there_is_an_error,
                a4_every_handle_reads_the_same_order,
            }
            late {
                a5_a_subscription_misses_nothing_while_writers_run,
                a5_a_polling_reader_misses_nothing_while_writers_run,
                a5_what_was_read_is_read_again_without_additions,
                a5_a_stalled_append_comes_behind_what_was_read,
            }
            checkpoints {
                a5_a_checkpoint_resumes_behind_its_event,
                a5_heads_and_tokens_are_checkpoints,
                a5_a_checkpoint_of_another_log_is_refused,
                a5_a_checkpoint_beyond_the_end_is_refused,
                a5_a_position_beyond_the_end_is_refused,
                a5_a_checkpoint_whose_event_was_replaced_is_refused,
                a5_an_append_behind_a_lost_event_is_refused,
            }
            durable {
                a6_an_append_is_seen_through_every_handle_at_once,
                a6_an_append_outlives_the_handle_that_acknowledged_it,
                a6_every_handle_knows_versions_and_repeats,
                a6_a_subscription_follows_every_handle,
            }
            idempotent {
                a7_a_repeat_under_no_stream_returns_the_first_outcome,
                a7_a_repeat_under_an_exact_version_returns_the_first_outcome,
                a7_a_repeat_over_several_streams_returns_the_first_outcome,
                a7_a_partial_match_is_a_conflict,
                a7_events_of_several_appends_are_no_repeat,
                a7_the_same_append_by_many_at_once_is_written_once,
            }
            keys {
                a7_an_append_under_a_key_happens_once,
                a7_a_key_used_by_many_at_once_happens_once,
                a7_a_key_of_another_command_is_refused,
                a7_a_key_is_scoped_to_the_stream_of_the_first_write,
                a7_a_refusal_consumes_no_key,
                a7_the_outcome_of_a_key_can_be_asked_for,
                a7_keys_that_look_alike_differ,
            }
            doubt {
                a8_what_is_said_of_an_append_is_true,
                a8_an_append_whose_answer_was_lost_can_be_repeated,
                a8_an_append_whose_answer_was_lost_can_be_repeated_by_key,
                a8_a_first_try_and_its_repeat_have_one_outcome,
            }
            cancel {
                a9_an_append_that_was_never_polled_writes_nothing,
                a9_a_dropped_append_is_whole_or_nothing,
                a9_a_dropped_append_harms_no_other,
                a9_a_dropped_append_blocks_nothing,
            }
            bounds {
                a10_a_deadline_in_the_past_writes_nothing,
                a10_an_append_is_answered_by_its_deadline,
                a10_a_read_ends_after_its_limit,
                a10_a_read_ends_where_the_log_ended_when_it_began,
                a10_a_slow_reader_holds_nobody_back,
            }
            bad_input {
                a11_an_append_without_events_is_refused,
                a11_too_many_events_are_refused_with_the_limit,
                a11_oversized_events_are_refused_with_the_limit,
                a11_bad_names_and_schema_versions_are_refused,
                a11_a_nul_in_metadata_is_refused,
                a11_a_bad_append_harms_no_neighbour,
            }
            events {
                event_payloads_are_kept_byte_for_byte,
                event_payloads_of_any_codec_are_kept,
                event_metadata_is_kept,
                event_names_versions_ids_and_times_are_kept,
                event_streams_are_told_apart_byte_for_byte,
            }
            imports {
                import_keeps_times_and_marks_events,
                import_of_older_events_is_refused,
                import_repeated_returns_the_first_outcome,
                import_from_the_future_does_not_turn_time_back,
                a11_a_time_of_recording_comes_with_imports_only,
            }
            reads {
                read_a_stream_from_any_version_in_both_directions,
                read_a_stream_from_beyond_its_ends,
                read_a_stream_that_does_not_exist,
                read_the_head_of_a_stream,
                read_an_empty_log,
                read_the_log_behind_any_position,
                read_the_log_by_category_and_event_name,
                read_a_long_log_page_by_page,
            }
            snapshots {
                snapshot_comes_back_as_it_was_saved,
                snapshot_of_an_older_version_never_replaces_a_newer,
                snapshot_of_another_shape_replaces_one_of_the_same_version,
                snapshot_is_deleted_by_version_and_event,
                snapshot_writers_at_once_leave_the_newest,
            }
            subscribe {
                subscribe_catches_up_says_so_and_follows,
                subscribe_to_an_empty_log_is_caught_up,
                subscribe_with_a_filter_passes_over_the_rest,
                subscribe_moves_on_where_nothing_passes,
                a10_a_subscription_ends_after_its_limit,
                subscribe_can_be_dropped_anywhere,
                subscribe_keeps_to_its_partition,
            }
        }
    };
}

/// Tests an event store: a module of this name, with a `#[test]` for each rule
/// of the contract.
///
/// The [fixture](crate::conformance::Fixture) says how a log is made and
/// opened; a [`Setup`](crate::conformance::Setup) may follow, for logs of
/// several partitions or another codec. See the [suite](crate::conformance)
/// for an example.
#[macro_export]
macro_rules! event_store_conformance {
    ($module:ident, $fixture:expr $(,)?) => {
        $crate::event_store_conformance!($module, $fixture, $crate::conformance::Setup::new());
    };
    ($module:ident, $fixture:expr, $setup:expr $(,)?) => {
        $crate::__conformance_cases! { { $crate::__conformance_tests } $module, $fixture, $setup }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_tests {
    ([$module:ident, $fixture:expr, $setup:expr] $($file:ident { $($case:ident,)* })*) => {
        mod $module {
            #[allow(unused_imports, reason = "the fixture may be written out here")]
            use super::*;

            $($(
                #[test]
                fn $case() {
                    $crate::conformance::check(
                        $fixture,
                        $setup,
                        $crate::conformance::$file::$case,
                    );
                }
            )*)*
        }
    };
}
