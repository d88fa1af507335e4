//! What is published, and from where on.

use annals::{EventStore, StreamId};
use annals_projections::replay;
use annals_publisher::{MemorySink, Publisher, StartError};

use super::world::{OrderEvent, World, order, orders, paid, placed};

pub async fn only_what_was_chosen_is_published(world: World) {
    let sink = MemorySink::new();
    let publisher = orders(&sink).category("refund").name("order.paid").source("https://shop");
    let running = world.start_with(publisher).await;
    let refund = StreamId::new("refund", "1").unwrap();
    let other = StreamId::new("basket", "1").unwrap();
    for stream in [&order(1), &refund, &other] {
        world.append(stream, &[placed(5), paid(5)]).await;
    }
    running.caught_up().await.unwrap();
    assert_eq!((sink.versions(&order(1)), sink.versions(&refund)), (vec![2], vec![2]));
    assert_eq!(sink.published().len(), 2);
    let published = sink.published();
    let message = published.iter().find(|message| message.stream == order(1)).unwrap();
    assert_eq!((&*message.name, &*message.source), ("order.paid", "https://shop"));
    // Every event has a place in the books: those too that nobody chose.
    assert!(running.operations().audit("orders_out", None).await.unwrap().is_clean());
    running.stop().await.unwrap();
}

pub async fn a_category_that_is_added_is_published_from_then_on(world: World) {
    let sink = MemorySink::new();
    let refund = StreamId::new("refund", "1").unwrap();
    let running = world.start(&sink).await;
    world.append(&refund, &[placed(1)]).await;
    running.caught_up().await.unwrap();
    running.stop().await.unwrap();
    let running = world.start_with(orders(&sink).category("refund")).await;
    world.append(&refund, &[placed(2)]).await;
    running.caught_up().await.unwrap();
    assert_eq!(sink.versions(&refund), [2]);
    assert!(running.operations().audit("orders_out", None).await.unwrap().is_clean());
    running.stop().await.unwrap();
}

pub async fn imported_events_are_not_published(world: World) {
    let sink = MemorySink::new();
    // The first thing in a log, as after a move: a recorded time never falls behind another.
    world.import(&order(1), &placed(1)).await;
    let running = world.start_with(orders(&sink).from_beginning()).await;
    world.append(&order(1), &[paid(1)]).await;
    running.caught_up().await.unwrap();
    assert_eq!(sink.versions(&order(1)), [2]);
    running.stop().await.unwrap();
}

pub async fn it_begins_where_the_log_ends(world: World) {
    let (sink, whole) = (MemorySink::new(), MemorySink::new());
    world.append(&order(1), &[placed(1)]).await;
    let all = Publisher::new("all_orders", whole.clone()).category("order").from_beginning();
    let both = world.publishers().publisher(orders(&sink)).publisher(all);
    let running = both.start().await.unwrap();
    world.append(&order(1), &[paid(1)]).await;
    running.caught_up().await.unwrap();
    assert_eq!(sink.versions(&order(1)), [2]);
    assert_eq!(whole.versions(&order(1)), [1, 2], "unless it is told otherwise");
    let source = format!("urn:uuid:{}", world.log.log().id);
    assert_eq!(*sink.published()[0].source, *source, "the log, until it is given a name");
    running.stop().await.unwrap();
    // What comes while nobody publishes is published later.
    world.append(&order(1), &[paid(2)]).await;
    let running = world.start(&sink).await;
    running.caught_up().await.unwrap();
    assert_eq!(sink.versions(&order(1)), [2, 3]);
    running.stop().await.unwrap();
}

pub async fn what_is_lost_beside_the_log_does_not_begin_it_anew(world: World) {
    let sink = MemorySink::new();
    world.append(&order(1), &[placed(1)]).await;
    let running = world.start(&sink).await;
    world.append(&order(1), &[paid(1)]).await;
    running.caught_up().await.unwrap();
    running.stop().await.unwrap();
    let first = sink.published();
    assert_eq!(sink.versions(&order(1)), [2]);
    // At least once: what it has published itself comes again, under its ids, and no more.
    let lost = world.with_lost_models();
    let running = lost.start_with(orders(&sink).from_beginning()).await;
    running.caught_up().await.unwrap();
    running.stop().await.unwrap();
    assert_eq!(sink.published(), [first.clone(), first].concat());
}

pub async fn nothing_is_published_by_a_rebuild(world: World) {
    use annals::Recorded;
    use annals_projections::{Keys, Runner, View};

    #[derive(Default, serde::Serialize, serde::Deserialize)]
    struct Cents<const VERSION: u32>(u64);

    impl<const V: u32> View for Cents<V> {
        const NAME: &'static str = "cents";
        const VERSION: u32 = V;
        type Key = String;
        type Event = OrderEvent;

        fn keys(event: &Recorded<OrderEvent>) -> Keys<String> {
            Keys::one(event.stream.key().to_owned())
        }

        fn evolve(&mut self, _: &String, _: &Recorded<OrderEvent>) {
            self.0 += 1;
        }
    }

    let sink = MemorySink::new();
    let running = world.start(&sink).await;
    world.append(&order(1), &[placed(1)]).await;
    running.caught_up().await.unwrap();
    let runner = || Runner::new(world.log.clone(), world.models.clone());
    runner().view::<Cents<1>>().run_until_caught_up().await.unwrap();
    runner().view::<Cents<2>>().run_until_caught_up().await.unwrap();
    replay::<Cents<1>>(&world.log).await.unwrap();
    running.stop().await.unwrap();
    assert_eq!(sink.versions(&order(1)), [1]);
}

pub async fn who_chooses_nothing_publishes_nothing(world: World) {
    let sink = MemorySink::new();
    let nothing = Publisher::new("all", sink.clone());
    let refused = world.publishers().publisher(nothing).start().await;
    assert!(matches!(refused, Err(StartError::NothingChosen { .. })));
    let unnamed = Publisher::new("No Name", sink.clone()).category("order");
    let refused = world.publishers().publisher(unnamed).start().await;
    assert!(matches!(refused, Err(StartError::Name(_))));
    let heads = world.log.log().partitions;
    for partition in heads.iter() {
        assert_eq!(world.log.log_head(partition).await.unwrap().position().get(), 0);
    }
}
