//! The suite of read-model stores, tested: each store breaks one promise, and a case of
//! that promise must notice.

mod broken;

use std::time::Duration;

use annals::conformance::ReadModelSuite;

use broken::Breaks;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_store_of_read_models_that_breaks_nothing_passes() {
    let report = ReadModelSuite::new(Breaks::Nothing).run().await;
    assert!(report.cases() > 60, "all cases were run");
    assert_eq!(report.failures().count(), 0, "{report}");
}

async fn assert_caught(cases: &'static str, breaks: Breaks) {
    let suite = ReadModelSuite::new(breaks).only(cases).patience(Duration::from_secs(5));
    let report = suite.run().await;
    assert!(report.cases() > 0, "there are cases of {cases}");
    assert!(report.failures().next().is_some(), "no case of {cases} notices");
}

macro_rules! caught {
    ($($test:ident: $cases:literal, $breaks:ident;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $test() {
            assert_caught($cases, Breaks::$breaks).await;
        }
    )*};
}

caught! {
    read_models_without_a_fence_when_time_is_up: "fence_keeps_out_whose_lease_ran_out", Fence;
    read_models_without_a_fence_when_taken_over: "fence_keeps_out_whose_lease_was_taken", Fence;
    read_models_without_a_fence_when_handed_over: "fence_keeps_out_who_has_handed", Fence;
    read_models_that_step_from_anywhere: "fence_refuses_a_step_from_elsewhere", From;
    read_models_that_step_twice: "fence_lets_one_of_two", From;
    read_models_that_cannot_be_held: "hold_", Hold;
    read_models_that_are_held_for_ever: "hold_runs_out", Forever;
    read_models_that_are_held_by_everybody: "hold_is_one_at_a_time", Holders;
    read_models_behind_their_checkpoint: "commit_is_never_seen_by_half", CheckpointFirst;
    read_models_ahead_of_their_checkpoint: "commit_is_never_seen_by_half", DocumentsFirst;
    read_models_that_lose_a_letter: "letters_", Letters;
    read_models_that_lose_a_letter_in_the_books: "commit_shows_everything", Letters;
    read_models_that_answer_any_wish: "letters_keep_a_wish", Wishes;
    read_models_whose_stale_leases_are_renewed: "fence_keeps_out_whose_lease_was_taken", Renewal;
    read_models_that_lose_an_update: "shared_documents_lose_no_update", Update;
    read_models_that_are_reached_too_soon: "reached_", Reached;
    read_models_whose_documents_are_older_than_the_place: "at_least_shows", AtLeast;
    read_models_that_move_between_document_and_place: "at_least_is_never", AtLeast;
    read_models_in_another_order: "documents_by_integer", Order;
    read_models_that_are_mended_from_anywhere: "mended_documents_are_made_where", Mend;
    read_models_whose_standing_is_of_two_moments: "standing_is_of_one_moment", Standing;
    read_models_that_say_first_what_they_handle: "standing_says_what", Handled;
    read_models_that_hide_what_is_parked: "standing_names", Parked;
    read_models_that_take_events_unsearched: "declare_takes_further", Searched;
    read_models_with_everything_for_everybody: "lease_shares", Surplus;
}
