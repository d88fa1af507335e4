//! What the log keeps of publishers, whatever becomes of an append.

use annals::history::{self, Scope};
use annals::store::StreamQuery;
use annals::testing::Fault;
use annals::{EventStore, Position, StreamId, Version};
use annals_publisher::{MemorySink, NotTaken, Publisher, PublisherEvent, StartError};
use futures::TryStreamExt;

use super::world::{World, order, orders, paid, placed};

/// What was recorded about the publisher, by the names of its types.
async fn kept(world: &World) -> Vec<String> {
    let stream = StreamId::new("annals.publisher", "orders_out").unwrap();
    let events: Vec<_> = world.log.read(StreamQuery::forwards(stream)).try_collect().await.unwrap();
    let names = events.iter().map(|event| event.name.trim_start_matches("annals.publisher."));
    names.map(str::to_owned).collect()
}

/// Until its receiver, which says this, is gone.
async fn until_gone(world: &World, sink: &MemorySink, reason: &str) {
    let running = world.start(sink).await;
    sink.then(NotTaken::gone(reason));
    let calls = sink.calls();
    world.append(&order(1), &[placed(1)]).await;
    sink.called(calls + 1).await;
    while running.caught_up().await.is_ok() {}
    running.stop().await.unwrap();
}

/// A fault at each append, but a conflict at the first one: nobody else has begun.
async fn whatever_becomes_of_it(world: World, fault: Fault) {
    let (world, script) = world.with_script();
    let sink = MemorySink::new();
    if !matches!(fault, Fault::Conflict { .. }) {
        script.fail(fault);
    }
    let running = world.start(&sink).await;
    assert_eq!(kept(&world).await, ["begun"]);
    world.append(&order(1), &[placed(1)]).await;
    running.caught_up().await.unwrap();
    sink.then(NotTaken::gone("no more"));
    // That of the event, and that of the receiver.
    script.work();
    script.fail(fault);
    world.append(&order(1), &[placed(1)]).await;
    while running.caught_up().await.is_ok() {}
    assert_eq!(kept(&world).await, ["begun", "stopped"]);
    assert_eq!(sink.calls(), 2, "nobody knocks again");
    script.fail(fault);
    // Whose note is in the log, he is told so.
    assert!(running.publishers().resume("orders_out", "ada: it is back").await.unwrap());
    assert_eq!(kept(&world).await, ["begun", "stopped", "resumed"]);
    while running.caught_up().await.is_err() {
        tokio::task::yield_now().await;
    }
    assert_eq!(sink.versions(&order(1)), [1, 2]);
    running.stop().await.unwrap();
}

pub async fn what_was_written_without_an_answer_is_there_once(world: World) {
    whatever_becomes_of_it(world, Fault::UnknownWritten).await;
}

pub async fn what_was_not_written_without_an_answer_is_there_once(world: World) {
    whatever_becomes_of_it(world, Fault::UnknownUnwritten).await;
}

pub async fn where_another_one_is_quicker_it_is_looked_again(world: World) {
    whatever_becomes_of_it(world, Fault::Conflict { actual: Version::FIRST }).await;
}

pub async fn a_log_that_does_not_answer_is_asked_a_few_times(world: World) {
    let (world, script) = world.with_script();
    for _ in 0..100 {
        script.fail(Fault::UnknownUnwritten);
    }
    let refused = world.publishers().publisher(orders(&MemorySink::new())).start().await;
    let Err(StartError::Publisher(error)) = refused else { panic!("{refused:?}") };
    assert!(error.is_transient(), "{error}");
    let asked = script.take_counts().appends;
    assert!((2..10).contains(&asked), "{asked}");
}

pub async fn each_target_that_is_gone_stays_so(world: World) {
    let (first, second) = (MemorySink::new(), MemorySink::new().named("elsewhere"));
    until_gone(&world, &first, "no more").await;
    until_gone(&world, &second, "nor here").await;
    let running = world.start(&first).await;
    assert!(running.caught_up().await.is_err());
    assert_eq!(first.calls(), 1, "nobody knocks again");
    // Somebody lets all of them try again.
    assert!(running.publishers().resume("orders_out", "ada: both are back").await.unwrap());
    while running.caught_up().await.is_err() {
        tokio::task::yield_now().await;
    }
    running.stop().await.unwrap();
    let running = world.start(&second).await;
    running.caught_up().await.unwrap();
    running.stop().await.unwrap();
    assert_eq!(kept(&world).await, ["begun", "stopped", "stopped", "resumed"]);
}

pub async fn a_target_that_is_gone_is_kept_once_whatever_it_says(world: World) {
    let sinks = [MemorySink::new(), MemorySink::new()];
    let publishers = [world.start(&sinks[0]).await, world.start(&sinks[1]).await];
    for (sink, reason) in sinks.iter().zip(["for good", "for ever"]) {
        for _ in 0..100 {
            sink.then(NotTaken::gone(reason));
        }
    }
    for n in 0..20 {
        world.append(&order(n), &[placed(1)]).await;
    }
    while publishers[0].publishers().stopped("orders_out").await.unwrap().is_none() {
        tokio::task::yield_now().await;
    }
    // Whoever is taken over from, the other one hears it in the log.
    let [one, other] = publishers;
    one.stop().await.unwrap();
    assert!(other.caught_up().await.is_err());
    other.stop().await.unwrap();
    assert_eq!(kept(&world).await, ["begun", "stopped"]);
}

/// More than the log takes in one event.
pub async fn of_a_long_reason_the_beginning_is_kept(world: World) {
    let sink = MemorySink::new();
    let most = world.log.log().limits.payload_bytes;
    until_gone(&world, &sink, &"gone ".repeat(most)).await;
    assert_eq!(kept(&world).await, ["begun", "stopped"]);
    assert_eq!(sink.calls(), 1, "nobody knocks again");
}

/// Positions of another log say nothing in this one.
pub async fn a_log_that_was_moved_is_published_from_where_it_was_moved(world: World) {
    let old = World::memory(2).await;
    let sink = MemorySink::new();
    for n in 0..40 {
        old.append(&order(n), &[placed(1)]).await;
    }
    until_gone(&old, &sink, "no more").await;
    assert_eq!(sink.calls(), 1);
    let text = history::export_text(&old.log, Scope::Log).await.unwrap();
    history::import_text(&world.log, &text).await.unwrap();
    let moved = MemorySink::new().named("elsewhere");
    for n in 0..40 {
        world.append(&order(n), &[paid(1)]).await;
    }
    let running = world.start(&moved).await;
    running.caught_up().await.unwrap();
    for n in 0..40 {
        let versions = if n == 1 { [3] } else { [2] };
        assert_eq!(moved.versions(&order(n)), versions, "order {n}");
    }
    running.stop().await.unwrap();
    // That the receiver is gone is as true here.
    let running = world.start(&sink).await;
    let publishers = running.publishers();
    assert!(publishers.stopped("orders_out").await.unwrap().is_some());
    assert!(publishers.resume("orders_out", "ada: it is back").await.unwrap());
    assert_eq!(publishers.list(10).await.unwrap().len(), 1);
    running.stop().await.unwrap();
}

pub async fn a_publisher_that_cannot_start_keeps_others_from_beginning(world: World) {
    let sink = MemorySink::new();
    let nothing = Publisher::new("all", sink.clone());
    let both = world.publishers().publisher(orders(&sink)).publisher(nothing);
    assert!(matches!(both.start().await, Err(StartError::NothingChosen { .. })));
    for partition in world.log.log().partitions.iter() {
        assert_eq!(world.log.log_head(partition).await.unwrap().position(), Position::START);
    }
}

pub async fn all_publishers_are_listed_with_who_is_gone(world: World) {
    let sink = MemorySink::new();
    let first = world.start(&sink).await;
    let publishers = first.publishers();
    let second = || Publisher::new("refunds_out", sink.clone()).category("refund");
    for _ in 0..2 {
        let running = world.publishers().publisher(second()).start().await.unwrap();
        running.stop().await.unwrap();
    }
    first.stop().await.unwrap();
    until_gone(&world, &sink, "no more").await;
    let listed = publishers.list(10).await.unwrap();
    let names: Vec<_> = listed.iter().map(|listed| &*listed.name).collect();
    assert_eq!(names, ["orders_out", "refunds_out"]);
    assert!(listed[0].since <= listed[1].since);
    let gone = listed[0].stopped.as_ref().unwrap();
    assert_eq!((&*gone.target, &*gone.reason), ("memory", "no more"));
    assert_eq!(publishers.stopped("orders_out").await.unwrap().as_ref(), Some(gone));
    assert!(gone.since >= listed[0].since);
    assert_eq!(listed[1].stopped, None);
    assert_eq!(publishers.list(1).await.unwrap(), listed[..1]);
}

/// However long the log is: nothing is read but what is known of publishers.
pub async fn a_list_costs_a_read_for_each_publisher(world: World) {
    let (world, script) = world.with_script();
    let sink = MemorySink::new();
    for n in 0..50 {
        world.append(&order(n), &[placed(1)]).await;
    }
    let running = world.start(&sink).await;
    let publishers = running.publishers();
    running.stop().await.unwrap();
    let _ = script.take_counts();
    assert_eq!(publishers.list(10).await.unwrap().len(), 1);
    let counts = script.take_counts();
    assert_eq!((counts.reads, counts.events), (2, 2), "the list, and the end of its stream");
}

/// The names of types that were once written are never given up.
pub async fn what_was_once_written_is_read(world: World) {
    use annals::store::{Append, NewEvent};
    use annals::{ExpectedVersion, Payload};

    let stream = StreamId::new("annals.publisher", "orders_out").unwrap();
    let stored = [
        ("annals.publisher.begun", r#"{"behind":[7,7,7]}"#),
        ("annals.publisher.stopped", r#"{"target":"memory","reason":"no more"}"#),
        ("annals.publisher.resumed", r#"{"note":"ada"}"#),
        ("annals.publisher.listed", r#"{"name":"orders_out"}"#),
    ];
    let event =
        |(name, json): (&'static str, &str)| NewEvent::new(name, Payload::json(json).unwrap());
    let events = stored.map(event).to_vec();
    let append = Append::to(stream.clone(), ExpectedVersion::NoStream, events);
    world.log.append(append).await.unwrap();
    let read: Vec<_> = world.log.read(StreamQuery::forwards(stream)).try_collect().await.unwrap();
    let decoded = read.into_iter().map(|raw| raw.decode::<PublisherEvent>().unwrap().event);
    let encoded = decoded.map(|event| NewEvent::encode(world.log.log().codec, &event).unwrap());
    for (encoded, (name, json)) in encoded.zip(stored) {
        assert_eq!((&*encoded.name, encoded.payload.as_json_text()), (name, Some(json)));
    }
}
