//! What comes where it should not: a test by name for each, on memory and on PostgreSQL.

mod decisions;
mod lost;
mod rebuilt;
mod steps;

use annals::store::StreamQuery;
use annals::{EventStore, Repository, StreamId};
use annals_processes::Overview;
use annals_processes::step::Phase;
use futures::TryStreamExt;

use super::odd::{Thing, ThingEvent};
use super::place::{Place, eventually};

async fn begin(place: &Place, who: &str, how: &str) {
    happens(place, who, ThingEvent::Begun { how: how.to_owned() }).await;
}

async fn happens(place: &Place, who: &str, event: ThingEvent) {
    let things = Repository::<Thing>::new(place.log.clone());
    things.update(who, |_: &_| event.clone()).await.unwrap();
}

async fn overview(place: &Place, who: &str) -> Option<Overview> {
    place.views().get::<Overview>(&format!("odd/{who}")).await.unwrap()
}

async fn until_over(place: &Place, who: &str) {
    let is_over =
        async || overview(place, who).await.is_some_and(|it| it.book.phase == Phase::Ended);
    eventually(who, is_over).await;
}

/// How many events an instance has.
async fn events(place: &Place, who: &str) -> usize {
    let stream = StreamId::new("annals.process.odd", who).unwrap();
    let events = place.log.read(StreamQuery::forwards(stream));
    events.try_collect::<Vec<_>>().await.unwrap().len()
}

/// Makes a test for each case on each kind of log.
macro_rules! both {
    ($($file:ident { $($case:ident,)* })*) => {
        mod memory {
            $($(#[tokio::test(start_paused = true)]
            async fn $case() {
                super::$file::$case(super::Place::memory()).await;
            })*)*
        }
        mod postgres {
            $($(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$file::$case(super::Place::postgres().await).await;
            })*)*
        }
    };
}

both! {
    decisions {
        nothing_is_decided_about_a_process_that_nobody_knows,
        a_reply_to_a_task_that_is_closed_changes_nothing,
        a_timer_of_an_instance_that_is_over_does_not_fire,
        an_event_for_an_instance_that_has_not_begun_is_for_nobody,
        an_event_for_an_instance_that_has_ended_is_for_nobody,
    }
    steps {
        a_step_that_panics_is_parked_and_others_go_on,
        a_recorded_event_that_is_too_large_is_parked,
        more_tasks_than_allowed_are_parked,
        a_kind_that_is_none_is_parked,
        a_kind_without_options_is_carried_out,
        a_reply_that_is_too_large_is_told_as_in_doubt,
        a_reply_that_makes_it_panic_is_visible_and_goes_on_after_a_deploy,
        a_timer_that_makes_it_panic_is_visible_and_goes_on_after_a_deploy,
        a_command_that_cannot_be_read_waits_for_a_deploy,
        an_event_that_was_parked_for_nobody_is_taken_in_when_it_is_tried_again,
        timers_that_make_it_panic_leave_their_places_to_others,
    }
    lost {
        instances_of_code_that_is_gone_are_visible_and_left_alone,
        two_processes_of_one_name_do_not_start,
        imported_events_and_instances_are_carried_out_by_nobody,
        what_is_new_in_a_log_that_was_moved_is_taken_in,
        an_imported_instance_takes_in_what_is_new,
        read_models_made_anew_begin_nothing_again,
        what_was_skipped_stays_out_when_read_models_are_made_anew,
    }
    rebuilt {
        views_that_are_rebuilt_beside_lose_and_double_nothing,
        a_view_that_answers_behind_the_one_that_is_fed_is_looked_at_once_more,
    }
}
