//! The agenda and the overview, made anew beside those that are in use.

use std::time::Duration;

use annals::Recorded;
use annals::read_model::SwitchError;
use annals_processes::step::ProcessEvent;
use annals_processes::{Agenda, Overview};
use annals_projections::operations::Failed;
use annals_projections::{Keys, Operations, Runner, View};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

use super::super::odd::Hands;
use super::super::place::{LEASE, Place, eventually};
use super::{begin, events, overview, until_over};

/// What a later release makes of a view.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
struct Next<V>(V);

impl<V: View<Event = ProcessEvent>> View for Next<V> {
    const NAME: &'static str = V::NAME;
    const VERSION: u32 = V::VERSION + 1;
    type Key = V::Key;
    type Event = ProcessEvent;

    fn keys(event: &Recorded<ProcessEvent>) -> Keys<V::Key> {
        V::keys(event)
    }

    fn evolve(&mut self, key: &V::Key, event: &Recorded<ProcessEvent>) {
        self.0.evolve(key, event);
    }

    fn is_gone(&self) -> bool {
        self.0.is_gone()
    }
}

/// Both views are answered by their versions from now on.
async fn switch(operations: &Operations, to: u32) {
    for name in [Agenda::NAME, Overview::NAME] {
        let is_switched = async || match operations.switch(name, to).await {
            Ok(()) => true,
            Err(Failed::Switch(SwitchError::Behind { .. })) => false,
            Err(error) => panic!("{error}"),
        };
        eventually("a switch", is_switched).await;
    }
}

pub async fn views_that_are_rebuilt_beside_lose_and_double_nothing(place: Place) {
    let hands = Hands::default();
    let worker = hands.work(&place).await;
    for number in 0..10 {
        begin(&place, &format!("before-{number}"), "well").await;
    }
    begin(&place, "waits", "long").await;
    let beside = Runner::new(place.log.clone(), place.models.clone()).lease(LEASE);
    let beside = beside.view::<Next<Agenda>>().view::<Next<Overview>>().start().await.unwrap();
    for number in 0..10 {
        begin(&place, &format!("during-{number}"), "well").await;
    }
    let operations = worker.operations();
    switch(&operations, 2).await;
    // The worker feeds the old versions, and asks the new ones.
    begin(&place, "after", "well").await;
    until_over(&place, "after").await;
    // Nobody feeds the new ones any more, and the old ones are taken back.
    beside.stop().await.unwrap();
    begin(&place, "unfed", "well").await;
    worker.caught_up().await.unwrap();
    switch(&operations, 1).await;
    until_over(&place, "unfed").await;

    for number in 0..10 {
        until_over(&place, &format!("before-{number}")).await;
        until_over(&place, &format!("during-{number}")).await;
    }
    place.clock.put_forwards(Duration::from_secs(7_200));
    super::super::odd::cure("waits");
    begin(&place, "late", "well").await;
    until_over(&place, "waits").await;
    until_over(&place, "late").await;
    // A step that asks, and one that takes the answer in.
    assert_eq!(events(&place, "during-3").await, 2);
    assert_eq!(overview(&place, "after").await.unwrap().steps, 2);
    let mut done = hands.done.lock().unwrap().clone();
    done.sort_unstable();
    let once = done.len();
    done.dedup();
    assert_eq!(done.len(), once, "a command is carried out twice in peace: {done:?}");
    assert_eq!(done.len(), 23);
    worker.stop().await.unwrap();
}

pub async fn a_view_that_answers_behind_the_one_that_is_fed_is_looked_at_once_more(place: Place) {
    let worker = Hands::default().work(&place).await;
    let beside = || {
        let beside = Runner::new(place.log.clone(), place.models.clone()).lease(LEASE);
        beside.view::<Next<Agenda>>().view::<Next<Overview>>().start()
    };
    let behind = beside().await.unwrap();
    begin(&place, "before", "well").await;
    switch(&worker.operations(), 2).await;
    until_over(&place, "before").await;
    behind.stop().await.unwrap();
    sleep(Duration::from_secs(3)).await;
    // The worker feeds the version that does not answer, and finds nothing yet in the other.
    let began = Instant::now();
    begin(&place, "after", "well").await;
    sleep(Duration::from_millis(300)).await;
    let behind = beside().await.unwrap();
    until_over(&place, "after").await;
    // The time of memory is the test's own.
    if place.database.is_none() {
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    }
    behind.stop().await.unwrap();
    worker.stop().await.unwrap();
}
