//! Code, logs and read models that are gone, or come from elsewhere.

use annals::history::{Scope, export_text, import_text};
use annals::read_model::LetterQuery;
use annals::store::StreamQuery;
use annals::{Checkpoint, EventStore, StreamId};
use annals_postgres::sqlx::{self, Connection, PgConnection};
use annals_processes::{Agenda, ProcessOptions, Processes};
use futures::TryStreamExt;

use super::super::life::Life;
use super::super::odd::{Hands, Odd, ThingEvent};
use super::super::place::{Place, eventually};
use super::{begin, events, happens, overview, until_over};

/// An instance that waits for a long time, and one that has ended.
async fn two_instances(place: &Place) {
    let worker = Hands::default().work(place).await;
    begin(place, "waits", "long").await;
    begin(place, "ended", "well").await;
    until_over(place, "ended").await;
    let waits = async || overview(place, "waits").await.is_some();
    eventually("an instance", waits).await;
    worker.stop().await.unwrap();
}

pub async fn instances_of_code_that_is_gone_are_visible_and_left_alone(place: Place) {
    two_instances(&place).await;
    place.clock.put_forwards(std::time::Duration::from_secs(7_200));
    // It knows another process only.
    let worker = place.worker(&Life::new(None)).await;
    place.receive("apple", 10).await;
    place.order("good-1", "apple").await;
    place.until("good-1", |overview| overview.book.phase.is_over()).await;
    worker.caught_up().await.unwrap();
    worker.stop().await.unwrap();
    assert_eq!(overview(&place, "waits").await.unwrap().book.open.len(), 1);
    let agenda = place.views().page::<Agenda>(None, 10).await.unwrap();
    assert_eq!(agenda.len(), 1);
    assert_eq!(events(&place, "waits").await, 1);
}

pub async fn two_processes_of_one_name_do_not_start(place: Place) {
    let processes = Processes::new(place.log.clone(), place.models.clone());
    let processes = processes.process::<Odd>(Hands::default()).process::<Odd>(Hands::default());
    let started = processes.start().await;
    assert!(started.is_err());
}

/// The same history in another log.
async fn imported(place: &Place) -> Place {
    let text = export_text(&place.log, Scope::Log).await.unwrap();
    let other = Place::memory();
    import_text(&other.log, text).await.unwrap();
    other
}

pub async fn imported_events_and_instances_are_carried_out_by_nobody(place: Place) {
    begin(&place, "before", "well").await;
    two_instances(&place).await;
    begin(&place, "nobody_yet", "well").await;
    let other = imported(&place).await;
    other.clock.put_forwards(std::time::Duration::from_secs(7_200));
    let hands = Hands::default();
    let worker = hands.work(&other).await;
    worker.caught_up().await.unwrap();
    begin(&other, "new", "well").await;
    until_over(&other, "new").await;
    worker.stop().await.unwrap();
    assert_eq!(*hands.done.lock().unwrap(), ["well:new"]);
    assert_eq!(events(&other, "nobody_yet").await, 0);
    assert_eq!(events(&other, "waits").await, 1);
    assert!(overview(&other, "waits").await.is_none());
}

pub async fn what_is_new_in_a_log_that_was_moved_is_taken_in(place: Place) {
    // The process has begun far behind in the log that it came from.
    for number in 0..30 {
        begin(&place, &format!("before-{number}"), "well").await;
    }
    Hands::default().work_from(&place, ProcessOptions::new()).await.stop().await.unwrap();
    let mark = "annals.process-odd".parse::<StreamId>().unwrap();
    let text = export_text(&place.log, Scope::Streams(vec![mark])).await.unwrap();
    let other = Place::memory();
    import_text(&other.log, text).await.unwrap();
    begin(&other, "new", "well").await;
    let hands = Hands::default();
    let worker = hands.work_from(&other, ProcessOptions::new()).await;
    until_over(&other, "new").await;
    worker.stop().await.unwrap();
}

pub async fn an_imported_instance_takes_in_what_is_new(place: Place) {
    // In the log that it came from it stood far behind.
    for number in 0..30 {
        begin(&place, &format!("other-{number}"), "well").await;
    }
    two_instances(&place).await;
    let streams = ["annals.process.odd-waits"].map(|stream| stream.parse::<StreamId>().unwrap());
    let text = export_text(&place.log, Scope::Streams(streams.to_vec())).await.unwrap();
    let other = Place::memory();
    import_text(&other.log, text).await.unwrap();
    let worker = Hands::default().work(&other).await;
    happens(&other, "waits", ThingEvent::Poked).await;
    worker.caught_up().await.unwrap();
    let stream = StreamId::new("annals.process.odd", "waits").unwrap();
    let names = other.log.read(StreamQuery::forwards(stream)).map_ok(|raw| raw.name);
    let names: Vec<_> = names.try_collect().await.unwrap();
    assert_eq!(names, ["annals.process.stepped", "annals.process.stepped", "odd.noted"]);
    worker.stop().await.unwrap();
}

pub async fn read_models_made_anew_begin_nothing_again(place: Place) {
    let hands = Hands::default();
    two_instances(&place).await;
    let before = [events(&place, "waits").await, events(&place, "ended").await];
    let place = place.with_new_read_models().await;
    let worker = hands.work(&place).await;
    worker.caught_up().await.unwrap();
    begin(&place, "new", "well").await;
    until_over(&place, "new").await;
    assert_eq!([events(&place, "waits").await, events(&place, "ended").await], before);
    // Not even is a command carried out again that was done.
    assert_eq!(*hands.done.lock().unwrap(), ["well:new"]);
    // What is open goes on.
    place.clock.put_forwards(std::time::Duration::from_secs(7_200));
    super::super::odd::cure("waits");
    begin(&place, "newer", "well").await;
    until_over(&place, "waits").await;
    worker.stop().await.unwrap();
}

pub async fn what_was_skipped_stays_out_when_read_models_are_made_anew(place: Place) {
    let who = format!("skipped-{}", place.log.log().id);
    let worker = Hands::default().work(&place).await;
    begin(&place, &who, "long").await;
    happens(&place, &who, ThingEvent::Blurred).await;
    let operations = worker.operations();
    let letters = async || operations.letters(&LetterQuery::all()).await.unwrap();
    eventually("a dead letter", async || letters().await.len() == 1).await;
    operations.skip(&letters().await[0], "ada: it was a mistake").await.unwrap();
    eventually("no dead letter", async || letters().await.is_empty()).await;
    happens(&place, &who, ThingEvent::Poked).await;
    eventually("a step", async || events(&place, &who).await == 3).await;
    worker.stop().await.unwrap();

    super::super::odd::cure(&who);
    let place = place.with_new_read_models().await;
    let worker = Hands::default().work(&place).await;
    begin(&place, "after", "well").await;
    until_over(&place, "after").await;
    worker.caught_up().await.unwrap();
    assert_eq!(events(&place, &who).await, 3);
    worker.stop().await.unwrap();
}

/// The log is put back to a backup, in which these heads are its last events.
async fn put_back(place: &Place, heads: &[Checkpoint]) {
    let database = place.database.as_ref().unwrap();
    let mut owner = PgConnection::connect(database.url()).await.unwrap();
    for head in heads {
        let delete = "DELETE FROM annals.events WHERE partition = $1 AND position > $2";
        let partition = i16::try_from(head.partition().index()).unwrap();
        let position = i64::try_from(head.position().get()).unwrap();
        let delete = sqlx::query(delete).bind(partition).bind(position);
        delete.execute(&mut owner).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_a_log_that_has_lost_its_tail_stops_the_work_until_the_views_are_made_anew() {
    let place = Place::postgres().await;
    two_instances(&place).await;
    let mut heads = Vec::new();
    for partition in place.log.log().partitions.iter() {
        heads.push(place.log.log_head(partition).await.unwrap());
    }
    let hands = Hands::default();
    let worker = hands.work(&place).await;
    for number in 0..8 {
        begin(&place, &format!("lost-{number}"), "well").await;
        until_over(&place, &format!("lost-{number}")).await;
    }
    begin(&place, "lost-8", "long").await;
    eventually("an instance", async || overview(&place, "lost-8").await.is_some()).await;
    worker.stop().await.unwrap();
    put_back(&place, &heads).await;

    // What the views know has never happened: nothing is done about it.
    place.clock.put_forwards(std::time::Duration::from_secs(7_200));
    super::super::odd::cure("lost-8");
    super::super::odd::cure("waits");
    let stopped = Hands::default();
    let worker = stopped.work(&place).await;
    let told = worker.caught_up().await.unwrap_err().to_string();
    assert!(told.contains("lost its tail"), "{told}");
    worker.stop().await.unwrap();
    assert_eq!(stopped.has_done("lost-8") + events(&place, "lost-8").await, 0);

    let place = place.with_new_read_models().await;
    let again = Hands::default();
    let worker = again.work(&place).await;
    // A key of the lost tail is new once more.
    begin(&place, "lost-3", "well").await;
    until_over(&place, "lost-3").await;
    until_over(&place, "waits").await;
    assert_eq!(again.done.lock().unwrap().as_slice(), ["well:lost-3"]);
    assert!(overview(&place, "lost-8").await.is_none());
    worker.stop().await.unwrap();
}
