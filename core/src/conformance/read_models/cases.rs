//! The one list of all cases, and the macro that makes tests of them.

/// Hands the list of cases to a macro, behind the arguments in brackets.
#[doc(hidden)]
#[macro_export]
macro_rules! __read_model_cases {
    ({ $($then:tt)* } $($arguments:tt)*) => {
        $($then)*! {
            [$($arguments)*]
            commit {
                commit_shows_everything_of_a_step_at_once,
                commit_that_never_comes_has_changed_nothing,
                commit_is_not_needed_to_load_what_was_saved,
                commit_is_never_seen_by_half,
                commit_takes_many_documents,
                commit_of_nothing_moves_the_checkpoint,
            }
            write {
                write_shows_everything_at_once,
                write_is_fenced,
                write_is_refused_from_elsewhere_and_beyond,
            }
            fence {
                fence_keeps_out_whose_lease_ran_out,
                fence_opens_again_for_who_renews,
                fence_keeps_out_whose_lease_was_taken_over,
                fence_keeps_out_who_has_handed_over,
                fence_moves_on_with_each_commit,
                fence_refuses_a_step_from_elsewhere,
                fence_lets_one_of_two_equal_steps_through,
            }
            holds {
                hold_keeps_both_versions_at_one_place,
                hold_is_one_place_for_each_partition,
                hold_runs_out_by_itself,
                hold_is_renewed_at_its_place,
                hold_is_one_at_a_time,
            }
            leases {
                lease_is_given_to_one_of_many_at_once,
                lease_shares_differ_by_at_most_one,
                lease_is_taken_over_when_it_has_run_out,
                lease_that_is_handed_over_is_free_at_once,
                lease_of_another_cannot_be_handed_over,
                lease_of_who_leaves_is_free_at_once,
                lease_ends_with_the_code_that_it_was_given_to,
                lease_holders_and_their_reports_are_shown,
                lease_holders_learn_where_they_resume,
            }
            declare {
                declare_makes_the_first_version_current,
                declare_tells_names_and_shapes_apart,
                declare_refuses_names_that_are_none,
                declare_refuses_another_shape,
                declare_refuses_older_code,
                declare_lets_a_later_revision_handle_less,
                declare_takes_further_events_where_the_log_was_searched,
                declare_refuses_what_was_discarded,
                declare_refuses_another_log,
            }
            documents {
                documents_by_text_stand_in_the_order_of_bytes,
                documents_by_integer_stand_in_the_order_of_numbers,
                documents_by_uuid_stand_in_the_order_of_bytes,
                documents_under_keys_are_those_that_are_there,
                documents_that_are_deleted_are_gone,
                documents_of_versions_are_apart,
                documents_of_no_model_are_an_error,
                documents_come_back_as_they_were_saved,
                documents_that_are_not_json_are_refused,
            }
            mended {
                mended_documents_are_read_and_folded_upon,
                mended_documents_end_the_steps_made_upon_the_old_ones,
                mended_documents_are_made_where_the_units_stand,
                mended_documents_have_no_events_that_are_parked,
            }
            shared {
                shared_documents_lose_no_update,
                shared_documents_are_made_by_one,
            }
            standing {
                standing_is_of_one_moment,
                standing_is_told_of_every_unit,
                standing_is_of_the_version_that_is_asked,
                standing_says_what_is_handled,
                standing_names_what_is_parked,
            }
            letters {
                letters_come_back_as_they_were_parked,
                letters_are_listed_in_pages,
                letters_are_found_by_what_they_are_of,
                letters_with_wishes_are_told_to_the_holder,
                letters_are_settled_each_in_its_way,
                letters_keep_a_wish_that_a_settlement_does_not_answer,
                letters_of_a_refused_step_are_as_before,
                letters_and_tallies_add_up_in_the_ledger,
            }
            versions {
                switch_waits_for_who_is_behind,
                switch_looks_at_every_partition_and_slice,
                switch_between_other_slices_waits_for_the_slowest,
                switch_is_one_step_to_queries,
                switch_goes_back_to_a_version_that_was_fed_on,
                switch_to_what_does_not_exist_is_refused,
                discard_removes_all_of_a_version_but_not_the_current,
            }
            reached {
                reached_at_once_where_it_is_there,
                reached_when_the_last_partition_has_come,
                reached_not_in_time,
                reached_by_the_slowest_slice,
                reached_is_refused_for_what_is_unknown,
                reached_by_the_version_that_is_current_by_then,
            }
            at_least {
                at_least_shows_what_was_waited_for,
                at_least_waits_for_the_slowest_slice,
                at_least_is_never_older,
                at_least_is_refused_as_the_wait_is,
            }
            compare {
                compare_finds_what_is_equal,
                compare_reports_each_difference,
                compare_refuses_versions_in_other_places,
                compare_refuses_what_does_not_exist,
                compare_sees_one_moment,
            }
        }
    };
}

/// Makes a module with a `#[test]` for each rule of the
/// [contract](crate::ReadModelStore) of read-model stores.
///
/// The [fixture](crate::conformance::ReadModelFixture) says how a store is made and
/// opened. See the [suite](crate::conformance::read_models) for an example.
#[macro_export]
macro_rules! read_model_conformance {
    ($module:ident, $fixture:expr $(,)?) => {
        $crate::__read_model_cases! { { $crate::__read_model_tests } $module, $fixture }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __read_model_tests {
    ([$module:ident, $fixture:expr] $($file:ident { $($case:ident,)* })*) => {
        mod $module {
            #[allow(unused_imports, reason = "the fixture may be written out here")]
            use super::*;

            $($(
                #[test]
                fn $case() {
                    $crate::conformance::read_models::check(
                        $fixture,
                        $crate::conformance::read_models::$file::$case,
                    );
                }
            )*)*
        }
    };
}
