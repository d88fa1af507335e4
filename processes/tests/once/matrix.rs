//! Every boundary in every scenario.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use annals_processes::Boundary;
use futures::future::join_all;
use tokio::time::timeout;

use super::ending::Ending;
use super::life::{Life, Plan};
use super::place::Place;
use super::play::{How, Scenario, play};

/// One run in a runtime of its own, with one thread and a clock that only moves when nobody
/// has anything to do.
pub fn simulated<T>(run: impl AsyncFnOnce() -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().start_paused(true).build().unwrap();
    // Where nobody waits for a time, it would stand still instead of failing.
    let limit = Duration::from_secs(1_000_000);
    let run = async || timeout(limit, run()).await.expect("it comes to no end");
    runtime.block_on(run())
}

/// Each boundary of a run, and the how many-th time it is.
fn plans(trace: &[Boundary]) -> Vec<Plan> {
    let times = |at: usize| trace[..at].iter().filter(|before| **before == trace[at]).count();
    (0..trace.len()).map(|at| (trace[at], times(at))).collect()
}

/// Plays a scenario on memory.
fn played(scenario: Scenario, plan: Option<Plan>, how: How) -> (Ending, Arc<Life>) {
    simulated(async || play(&Place::memory(), (scenario, "1"), (plan, how)).await)
}

fn on_memory(scenario: Scenario) {
    let (expected, life) = played(scenario, None, How::Crash);
    expected.verify();
    for plan in plans(&life.trace()) {
        for how in [How::Crash, How::Paused] {
            let (ending, life) = played(scenario, Some(plan), how);
            assert_eq!(ending, expected, "{scenario:?}: {how:?} at {plan:?}");
            // What comes later may come in another order.
            assert!(plan.1 > 0 || life.was_lost(), "{scenario:?} has not come to {plan:?}");
        }
    }
}

/// Each boundary once, several scenarios at a time, each in a database of its own.
async fn on_postgres(scenarios: &[Scenario]) {
    let run = async |scenario: &Scenario| {
        let place = Place::postgres().await;
        let (expected, life) = play(&place, (*scenario, "calm"), (None, How::Crash)).await;
        expected.verify();
        let plans = plans(&life.trace());
        for (number, plan) in plans.into_iter().filter(|plan| plan.1 == 0).enumerate() {
            // From where on a process follows the log is asked once in a log, whatever follows.
            let mark = matches!(plan.0, Boundary::BeforeMark | Boundary::AfterMark);
            if mark && *scenario != Scenario::Good {
                continue;
            }
            // Over the scenarios, each boundary is met in both ways.
            let how = if (number + *scenario as usize).is_multiple_of(2) {
                How::Crash
            } else {
                How::Paused
            };
            let place = if mark { Place::postgres().await } else { place.with_a_new_bank() };
            let run = format!("{how:?}{number}");
            let (ending, life) = play(&place, (*scenario, &run), (Some(plan), how)).await;
            assert_eq!(ending, expected, "{scenario:?}: {how:?} at {plan:?}");
            // Of two workers it may be the other one who comes there.
            let comes = life.was_lost() || *scenario == Scenario::Two;
            assert!(comes, "{scenario:?} has not come to {plan:?}");
        }
    };
    join_all(scenarios.iter().map(run)).await;
}

#[test]
fn the_scenarios_come_to_every_boundary() {
    let reached = |scenario| played(scenario, None, How::Crash).1.trace();
    let reached: BTreeSet<Boundary> = Scenario::ALL.into_iter().flat_map(reached).collect();
    assert_eq!(reached, Boundary::ALL.iter().copied().collect());
}

/// The agenda shows it still, and the instance does not wait for it any more.
#[test]
fn a_command_whose_answer_is_written_is_not_carried_out_again() {
    let (place, plan) = (Place::memory, (Boundary::AfterOutcomeStep, 0));
    let calls = simulated(async || {
        let place = place();
        play(&place, (Scenario::Good, "1"), (Some(plan), How::Crash)).await;
        place.bank.calls.lock().unwrap().clone()
    });
    let once: BTreeSet<&String> = calls.iter().collect();
    assert_eq!(once.len(), calls.len(), "{calls:?}");
}

macro_rules! a_worker_lost_at_any_boundary_changes_nothing {
    ($($name:ident: $scenario:ident,)*) => {
        mod a_worker_lost_at_any_boundary_changes_nothing {
            use super::*;

            $(#[test]
            fn $name() {
                on_memory(Scenario::$scenario);
            })*
        }
    };
}

a_worker_lost_at_any_boundary_changes_nothing! {
    where_all_goes_well: Good,
    where_it_is_refused: Refused,
    where_it_is_in_doubt: Doubt,
    where_a_person_tries_again: Stuck,
    where_a_person_goes_on: Resumed,
    where_a_timer_fires: Slow,
    where_it_stops: Stopped,
    where_two_are_at_work: Two,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_a_worker_lost_at_any_boundary_changes_nothing() {
    on_postgres(&Scenario::ALL).await;
}
