//! One run: an order, workers of which one crashes or is paused, and how it ended.

use std::sync::Arc;

use annals_processes::Overview;
use annals_processes::step::{Decision, Phase};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::domain::PATIENCE;
use super::ending::Ending;
use super::life::{Life, Plan};
use super::place::{LEASE, Place, eventually};

/// What happens in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// All goes well.
    Good,
    /// The bank refuses.
    Refused,
    /// The bank does not answer.
    Doubt,
    /// So it is, and what undoes that waits for a person, who tries again.
    Stuck,
    /// So it is, and the person leaves it out.
    Resumed,
    /// The bank takes too long, and the timer fires.
    Slow,
    /// The worker stops cleanly while a command is in hand.
    Stopped,
    /// Two workers and several orders at once.
    Two,
}

impl Scenario {
    pub const ALL: [Self; 8] = [
        Self::Good,
        Self::Refused,
        Self::Doubt,
        Self::Stuck,
        Self::Resumed,
        Self::Slow,
        Self::Stopped,
        Self::Two,
    ];

    /// The orders of a run; how the bank answers is in their names.
    fn orders(self, run: &str) -> Vec<String> {
        let kinds: &[&str] = match self {
            Self::Two => &["good", "refused", "doubt"],
            _ => &[&format!("{self:?}").to_lowercase()],
        };
        kinds.iter().map(|kind| format!("{kind}-{run}")).collect()
    }
}

/// How a worker is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It is gone.
    Crash,
    /// It stands still, others take over, and then it goes on.
    Paused,
}

/// A worker in a task of its own.
struct Worker {
    task: JoinHandle<()>,
    stop: watch::Sender<bool>,
}

impl Worker {
    fn start(place: &Place, life: &Arc<Life>) -> Self {
        let (stop, mut told) = watch::channel(false);
        let (place, life) = (place.clone(), life.clone());
        let task = tokio::spawn(async move {
            let worker = place.worker(&life).await;
            told.wait_for(|stop| *stop).await.ok();
            // Leases that are not given back run out.
            worker.stop().await.ok();
        });
        Self { task, stop }
    }

    async fn stop(self) {
        self.stop.send_replace(true);
        match self.task.await {
            Err(error) if error.is_panic() => panic!("a worker has panicked"),
            _ => {}
        }
    }
}

/// Plays a scenario; at the boundary of the plan a worker is lost.
pub async fn play(
    place: &Place,
    (scenario, run): (Scenario, &str),
    (plan, how): (Option<Plan>, How),
) -> (Ending, Arc<Life>) {
    let life = Life::new(plan);
    let first = Worker::start(place, &life);
    let others = tokio::sync::Mutex::new(Vec::new());
    if scenario == Scenario::Two {
        others.lock().await.push(Worker::start(place, &Life::new(None)));
    }
    let script = async {
        let orders = act(place, scenario, run).await;
        if scenario == Scenario::Stopped {
            first.stop.send_replace(true);
            others.lock().await.push(Worker::start(place, &Life::new(None)));
        }
        for order in orders {
            place.until(&order, |overview| overview.book.phase == Phase::Ended).await;
        }
        place.until_all_is_done().await;
    };
    let replaced = async {
        life.ends().await;
        if how == How::Crash {
            first.task.abort();
        }
        others.lock().await.push(Worker::start(place, &Life::new(None)));
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = script => {}
        () = replaced => {}
    }
    if how == How::Paused {
        life.go_on();
        // It does what it had in hand, and learns that others have done it.
        sleep(LEASE).await;
        place.until_all_is_done().await;
    }
    // It may be lost while it stops, too.
    let (handle, lost) = (first.task.abort_handle(), life.clone());
    tokio::spawn(async move {
        lost.ends().await;
        match how {
            How::Crash => handle.abort(),
            How::Paused => lost.go_on(),
        }
    });
    first.stop().await;
    for other in others.into_inner() {
        other.stop().await;
    }
    (Ending::of(place, run).await, life)
}

/// What is done from outside: goods and orders come, and people decide.
async fn act(place: &Place, scenario: Scenario, run: &str) -> Vec<String> {
    let (sku, orders) = (format!("apple-{run}"), scenario.orders(run));
    // From here on the process follows the log.
    let views = async || place.views().page::<Overview>(None, 1).await.is_ok();
    eventually("a worker", views).await;
    place.receive(&sku, 100).await;
    for order in &orders {
        place.order(order, &sku).await;
    }
    match scenario {
        Scenario::Stuck => decide(place, &orders[0], Decision::Retry).await,
        Scenario::Resumed => decide(place, &orders[0], Decision::Resume).await,
        Scenario::Slow => grow_impatient(place, &orders[0]).await,
        Scenario::Stopped => {
            let is_called = async || !place.bank.calls.lock().unwrap().is_empty();
            eventually("a call", is_called).await;
        }
        _ => {}
    }
    orders
}

async fn decide(place: &Place, order: &str, decision: Decision) {
    place.until(order, |overview| overview.book.is_parked()).await;
    if decision == Decision::Retry {
        place.bank.opens.send_replace(true);
    }
    place.operations().decide("fulfilment", order, decision, "by telephone").await.unwrap();
}

async fn grow_impatient(place: &Place, order: &str) {
    place.until(order, |overview| overview.steps > 1).await;
    place.clock.put_forwards(PATIENCE);
    // Something new in its partition lets workers look at the clock.
    place.receive(&place.goods_beside(order), 1).await;
    let undoes = |overview: &Overview| matches!(overview.book.phase, Phase::Compensating { .. });
    place.until(order, undoes).await;
    place.bank.opens.send_replace(true);
}
