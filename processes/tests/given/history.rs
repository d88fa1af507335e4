//! Newer code decides a history again.

use std::time::Duration;

use annals::history::{Scope, export_text, import_text};
use annals::{EventStore, Recorded};
use annals_memory::{MemoryReadModels, MemoryStore};
use annals_processes::testing::{ProcessDifference, compare_history};
use annals_processes::{Completion, Input, Process, Processes, Reaction, Route};

use super::domain::{Alarm, Answer, Ask, Fulfilment, FulfilmentEvent, OrderEvent, StockEvent};
use super::shop::{Says, Shop};

/// The history of orders of which one is shipped, one cancelled, and one withdrawn.
async fn history() -> MemoryStore {
    let store = MemoryStore::new();
    let shop = Shop::new(&store.clone().erased());
    shop.says([Says::Well, Says::No]);
    let processes = Processes::new(store.clone(), MemoryReadModels::new());
    let worker = processes.process::<Fulfilment>(shop.clone()).start().await.unwrap();
    let received = StockEvent::Received { quantity: 10 };
    shop.stock.update("apple", |_: &_| received.clone()).await.unwrap();
    for order in ["1", "2"] {
        let placed = OrderEvent::Placed { sku: "apple".to_owned(), quantity: 1, cents: 5 };
        shop.orders.update(order, |_: &_| placed.clone()).await.unwrap();
        let over = async || {
            let state = shop.orders.load(order).await.unwrap();
            state.version.get() == 2
        };
        while !over().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    worker.stop().await.unwrap();
    store
}

async fn imported() -> MemoryStore {
    let text = export_text(&history().await, Scope::Log).await.unwrap();
    let other = MemoryStore::new();
    import_text(&other, text).await.unwrap();
    other
}

#[tokio::test]
async fn the_same_code_does_the_same() {
    let difference = compare_history::<Fulfilment>(&imported().await).await.unwrap();
    assert!(difference.is_none(), "{difference}");
    assert!(difference.steps >= 8, "{difference:?}");
}

/// Newer code, which ships before it is paid.
#[derive(Debug, Default)]
struct Trusting(Fulfilment);

impl Process for Trusting {
    const NAME: &'static str = Fulfilment::NAME;
    type Input = OrderEvent;
    type Event = FulfilmentEvent;
    type Command = Ask;
    type Reply = Answer;
    type Timer = Alarm;

    fn route(event: &Recorded<OrderEvent>) -> Route {
        Fulfilment::route(event)
    }

    fn react(&self, input: &Input<'_, Self>) -> Reaction<Self> {
        match input {
            Input::Done { command: Ask::Reserve { order, .. }, .. } => {
                Reaction::none().command(Ask::Ship { order: order.clone() })
            }
            input => self.0.reaction(input),
        }
    }

    fn evolve(&mut self, event: &FulfilmentEvent) {
        self.0.evolve(event);
    }

    fn compensation(&self, command: &Ask, completion: Completion<'_, Answer>) -> Option<Ask> {
        self.0.compensation(command, completion)
    }

    fn kind(command: &Ask) -> &'static str {
        Fulfilment::kind(command)
    }
}

#[tokio::test]
async fn other_code_is_told_where_it_differs_and_only_there() {
    let difference: ProcessDifference =
        compare_history::<Trusting>(&imported().await).await.unwrap();
    // One step of each order, though all that follows would be different too.
    assert_eq!(difference.different, 2, "{difference}");
    let told = difference.to_string();
    assert!(told.contains("Authorize") && told.contains("Ship"), "{told}");
}

/// It sets a timer of half a minute, and asks for a command that is soon due.
#[derive(Default)]
struct Punctual;

impl Process for Punctual {
    const NAME: &'static str = "punctual";
    type Input = OrderEvent;
    type Event = FulfilmentEvent;
    type Command = Ask;
    type Reply = Answer;
    type Timer = Alarm;

    fn route(event: &Recorded<OrderEvent>) -> Route {
        Route::start(event.stream.key())
    }

    fn react(&self, input: &Input<'_, Self>) -> Reaction<Self> {
        match input {
            Input::Event(Recorded { event: OrderEvent::Withdrawn, .. }) => {
                Reaction::none().compensate("it was withdrawn")
            }
            Input::Event(Recorded { recorded_at, stream, .. }) => {
                Reaction::none().after(Duration::from_secs(30), Alarm::Overdue).command_at(
                    *recorded_at + Duration::from_secs(40),
                    Ask::Ship { order: stream.key().to_owned() },
                )
            }
            _ => Reaction::none(),
        }
    }

    fn evolve(&mut self, _: &FulfilmentEvent) {}
}

#[tokio::test]
async fn times_of_less_than_a_minute_are_no_difference() {
    let store = MemoryStore::new();
    let shop = Shop::new(&store.clone().erased());
    let processes = Processes::new(store.clone(), MemoryReadModels::new());
    let worker = processes.process::<Punctual>(shop.clone()).start().await.unwrap();
    let placed = OrderEvent::Placed { sku: "apple".to_owned(), quantity: 1, cents: 5 };
    shop.orders.update("1", |_: &_| placed.clone()).await.unwrap();
    worker.caught_up().await.unwrap();
    shop.orders.update("1", |_: &_| OrderEvent::Withdrawn).await.unwrap();
    worker.caught_up().await.unwrap();
    worker.stop().await.unwrap();
    let difference = compare_history::<Punctual>(&store).await.unwrap();
    assert!(difference.is_none(), "{difference}");
    assert_eq!(difference.steps, 2);
}
