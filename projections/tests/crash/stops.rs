//! P3: a worker is stopped before and after each of its statements, past its lease. Who takes
//! over is not held up, and what was under way is not committed when the worker goes on.

use std::time::Duration;

use tokio::time::timeout;

use crate::place::Place;
use crate::proxy::{Proxy, Statement, When};
use crate::worker::{LEASE, Worker};

/// How long a statement may be waited for that should come.
const PATIENCE: Duration = Duration::from_secs(20);

const FENCE: &str = "._advance(";
const HEARTBEAT: &str = "._heartbeat(";
const TAKES_LEASES: &str = "WITH free AS";
const SETTLES: &str = "FOR SHARE OF u";

/// Stops a worker that is at work at each of these.
async fn stops_at_work(statements: &[Statement]) {
    let place = Place::new().await;
    let writers = place.write();
    let proxy = Proxy::to(place.url()).await;
    let (_one, other) = (Worker::through(&proxy), Worker::start(&place));
    place.until_both_hold(LEASE * 5).await;
    for statement in statements {
        for when in [When::Before, When::After] {
            proxy.arm(*statement, when);
            stopped(&place, &proxy, &other, (*statement, when)).await;
        }
    }
    writers.stop().await;
    drop((_one, other));
    place.verify().await;
}

/// Stops each of several workers at one of these, while it takes up its work.
async fn stops_at_the_beginning(statements: &[Statement]) {
    let place = Place::new().await;
    let writers = place.write();
    let other = Worker::start(&place);
    place.until_held_by(&other.label(), LEASE * 5).await;
    for statement in statements {
        for when in [When::Before, When::After] {
            let proxy = Proxy::to(place.url()).await;
            proxy.arm(*statement, when);
            let worker = Worker::through(&proxy);
            stopped(&place, &proxy, &other, (*statement, when)).await;
            worker.kill().await;
            place.until_held_by(&other.label(), LEASE * 2).await;
        }
    }
    writers.stop().await;
    drop(other);
    place.verify().await;
}

async fn stopped(place: &Place, proxy: &Proxy, other: &Worker, at: (Statement, When)) {
    timeout(PATIENCE, proxy.stopped()).await.unwrap_or_else(|_| panic!("it never says {at:?}"));
    place.until_held_by(&other.label(), LEASE * 2).await;
    proxy.go_on().await;
    place.until_both_hold(LEASE * 4).await;
    // Of a heartbeat it does not matter: it takes nothing that somebody else has.
    let of_a_step = !matches!(
        at.0,
        Statement::CommitOf(HEARTBEAT | TAKES_LEASES | SETTLES)
            | Statement::Text(HEARTBEAT | TAKES_LEASES | SETTLES)
    );
    let was_done = matches!(at, (Statement::CommitOf(_), When::After));
    assert!(!of_a_step || was_done || !proxy.has_committed(), "committed past its lease: {at:?}");
}

macro_rules! stops {
    ($($name:ident: $how:ident, $statements:expr;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            $how(&$statements).await;
        }
    )*};
}

stops! {
    p3_a_worker_that_stops_where_a_step_begins_changes_nothing: stops_at_work,
        [Statement::Text("BEGIN ISOLATION LEVEL READ COMMITTED"), Statement::Text("set_config('annals.step'")];
    p3_a_worker_that_stops_while_it_loads_and_saves_changes_nothing: stops_at_work,
        [Statement::Text("d.document::text FROM"), Statement::Text("document::jsonb FROM unnest")];
    p3_a_worker_that_stops_in_a_projection_changes_nothing: stops_at_work,
        [Statement::Text("INSERT INTO lines")];
    p3_a_worker_that_stops_at_the_fence_changes_nothing: stops_at_work,
        [Statement::Text(FENCE), Statement::CommitOf(FENCE)];
    p3_a_worker_that_stops_in_a_heartbeat_holds_up_nobody: stops_at_work,
        [Statement::Text(HEARTBEAT), Statement::CommitOf(HEARTBEAT), Statement::Text("WITH able AS")];
    p3_a_worker_that_stops_while_it_takes_leases_holds_up_nobody: stops_at_the_beginning,
        [Statement::Text(TAKES_LEASES), Statement::CommitOf(TAKES_LEASES)];
    p3_a_worker_that_stops_where_it_resumes_holds_up_nobody: stops_at_the_beginning,
        [Statement::Text(SETTLES), Statement::CommitOf(SETTLES), Statement::Text("AS alone, u.position")];
}
