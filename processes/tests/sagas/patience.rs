//! Instances that wait for events which do not come.

use std::time::Duration;

use annals::testing::ManualClock;
use annals::{Clock, Recorded, SystemClock};
use annals_processes::step::What;
use annals_processes::{
    Alert, Call, Executor, Failure, Input, Process, ProcessOperations, Processes, Reaction, Route,
};

use super::domain::{FulfilmentEvent, OrderEvent};
use super::world::World;

/// Waits until an order is withdrawn; with a timer if it is a big one.
#[derive(Default)]
struct Watch;

impl Process for Watch {
    const NAME: &'static str = "watch";
    const PATIENCE: Option<Duration> = Some(Duration::from_secs(3_600));
    type Input = OrderEvent;
    type Event = FulfilmentEvent;
    type Command = ();
    type Reply = ();
    type Timer = ();

    fn route(event: &Recorded<OrderEvent>) -> Route {
        Route::start(event.stream.key())
    }

    fn react(&self, input: &Input<'_, Self>) -> Reaction<Self> {
        match input {
            Input::Event(Recorded {
                event: OrderEvent::Placed { quantity: 100.., .. }, ..
            }) => Reaction::none().after(Duration::from_secs(24 * 3_600), ()),
            Input::Event(Recorded { event: OrderEvent::Withdrawn, .. }) => Reaction::none().end(),
            _ => Reaction::none(),
        }
    }

    fn evolve(&mut self, _: &FulfilmentEvent) {}
}

struct Nobody;

impl Executor<()> for Nobody {
    type Reply = ();

    async fn execute(&self, (): &(), _: &Call) -> Result<(), Failure> {
        Ok(())
    }
}

async fn alerts(world: &World) -> Vec<Alert> {
    let operations = ProcessOperations::new(world.log.clone(), world.models.clone());
    // Nothing that is late counts, but what is for people.
    operations.alerts(Duration::from_secs(1_000_000), 10).await.unwrap()
}

pub async fn who_waits_too_long_for_events_is_told(world: World) {
    // Nobody waits for too long yet by the clock of the machine, and all do two hours ago.
    let ago = |hours| SystemClock.now() - time::Duration::hours(hours);
    let clock = ManualClock::at(ago(2));
    let processes = Processes::new(world.log.clone(), world.models.clone());
    let processes = processes.process::<Watch>(Nobody).clock(clock.clone());
    let worker = processes.lease(Duration::from_secs(1)).start().await.unwrap();
    for (order, quantity) in [("silent", 1), ("timed", 100), ("withdrawn", 1)] {
        world.place(order, "apple", quantity).await;
    }
    worker.caught_up().await.unwrap();
    clock.set(ago(0));
    world.place("new", "apple", 1).await;
    world.shop.orders.update("withdrawn", |_: &_| OrderEvent::Withdrawn).await.unwrap();

    // The steps are fed as any other events are.
    let told = loop {
        worker.caught_up().await.unwrap();
        let told = alerts(&world).await;
        if told.iter().map(|alert| &*alert.instance).eq(["silent"]) {
            break told;
        }
        assert!(told.len() < 3, "{told:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(told[0].process, "watch");
    assert_eq!(told[0].task.what, What::Events);
    assert!(!told[0].is_decision() && told[0].since() < ago(0));

    // It is told no more once something comes, and again when nothing follows.
    world.place("silent", "pear", 1).await;
    while !alerts(&world).await.is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    worker.stop().await.unwrap();
}
