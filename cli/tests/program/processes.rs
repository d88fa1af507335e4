//! `annals processes`.

use std::time::Duration;

use annals::store::{Append, NewEvent};
use annals::{EventStore, ExpectedVersion, StreamId};
use annals_processes::step::{Phase, ProcessEvent, Step, Taken, Task, Undo, What};
use annals_processes::{Processes, RunningProcesses};
use serde_json::json;
use time::OffsetDateTime;

use crate::support::World;

/// An order whose payment cannot be made void, and one that waits for a timer; fed by a worker
/// without the code of the process.
async fn stuck() -> (World, RunningProcesses) {
    let world = World::new().await;
    let decision = What::Decision {
        command: json!({ "Void": { "order": "17" } }),
        kind: "payment".to_owned(),
        undoes: true,
        reason: "the payment service says no".to_owned(),
        in_doubt: true,
    };
    let phase = Phase::Compensating { reason: "sold out".to_owned() };
    let undo = Undo { command: json!({ "Release": { "order": "17" } }), kind: "stock".to_owned() };
    step(&world, "17", ("~decision", decision, 0), vec![undo], phase).await;
    let timer = What::Timer { timer: json!("Overdue") };
    step(&world, "18", ("~timer", timer, 3_600), vec![], Phase::Running).await;
    let processes = Processes::new(world.log.clone(), world.models.clone());
    let running = processes.lease(Duration::from_secs(1)).start().await.unwrap();
    running.caught_up().await.unwrap();
    (world, running)
}

async fn step(
    world: &World,
    key: &str,
    (kind, what, seconds): (&str, What, i64),
    undo: Vec<Undo>,
    phase: Phase,
) {
    let due = OffsetDateTime::now_utc() + time::Duration::seconds(seconds);
    let task = Task { number: 4, key: 3, kind: kind.to_owned(), due, what };
    let step = Step {
        input: Taken::Timer { task: 1 },
        opened: vec![task],
        closed: vec![],
        undo,
        undone: 0,
        phase: Some(phase),
    };
    let event = ProcessEvent::Stepped(step);
    let event = NewEvent::encode(world.log.log().codec, &event).unwrap();
    let stream = StreamId::new("annals.process.fulfilment", key).unwrap();
    let append = Append::to(stream, ExpectedVersion::NoStream, vec![event]);
    world.log.append(append).await.unwrap();
}

#[tokio::test]
async fn what_waits_for_a_decision_is_an_alert_without_payload() {
    let (world, running) = stuck().await;
    let told = world.annals(&["processes", "alerts"]).await.code(1);
    let told = told.says("fulfilment").says("17").says("waits for a decision");
    let told = told.says("the payment service says no");
    assert!(!told.stdout.contains("Void"), "no payload: {told:?}");
    assert_eq!(told.stdout.matches("fulfilment").count(), 1, "the other one is well: {told:?}");
    let (code, told) = world.json(&["processes", "alerts", "--late", "5"]).await;
    assert_eq!(code, Some(1));
    let alert = &told["alerts"][0];
    assert_eq!((&alert["key"], &alert["decision"]), (&json!("17"), &json!(true)));
    assert_eq!(
        (&alert["task"]["kind"], &alert["task"]["in_doubt"]),
        (&json!("payment"), &json!(true))
    );
    assert_eq!(alert["task"].get("content"), None);
    running.stop().await.unwrap();
}

#[tokio::test]
async fn instances_are_listed_and_shown() {
    let (world, running) = stuck().await;
    let told = world.annals(&["processes", "list", "fulfilment"]).await.code(0);
    told.says("parked").says("waiting");
    let (_, told) = world.json(&["processes", "list", "fulfilment", "--limit", "1"]).await;
    assert_eq!((&told["more"], &told["instances"][0]["key"]), (&json!(true), &json!("17")));
    let (_, told) = world.json(&["processes", "list", "fulfilment", "--after", "17"]).await;
    assert_eq!((&told["more"], &told["instances"][0]["key"]), (&json!(false), &json!("18")));
    world.annals(&["processes", "list", "nobody"]).await.code(0).says("No instance has begun");

    let told = world.annals(&["processes", "show", "fulfilment", "17"]).await.code(0);
    let told = told.says("parked").says("because: sold out").says(r#"{"Void":{"order":"17"}}"#);
    told.says("(it may have been done)").says(r#"to undo  {"Release":{"order":"17"}}"#);
    let (_, told) = world.json(&["processes", "show", "fulfilment", "17"]).await;
    assert_eq!(told["waits_for"][0]["content"], json!({ "Void": { "order": "17" } }));
    let told = world.annals(&["processes", "show", "fulfilment", "19"]).await.code(1);
    told.tells("no instance `19` of a process `fulfilment` has begun");
    running.stop().await.unwrap();
}

#[tokio::test]
async fn people_decide_with_a_note() {
    let (world, running) = stuck().await;
    let decide = |what: &'static str, key: &'static str| {
        let args = ["processes", what, "fulfilment", key, "--note", "ada: they have agreed"];
        let world = &world;
        async move { world.annals(&args).await }
    };
    world.annals(&["processes", "retry", "fulfilment", "17"]).await.code(3).tells("--note");
    decide("retry", "18").await.code(1).tells("does not wait for a decision");
    decide("retry", "19").await.code(1).tells("no such instance");
    decide("retry", "17").await.code(0).says("try again");
    running.caught_up().await.unwrap();
    let (_, told) = world.json(&["processes", "show", "fulfilment", "17"]).await;
    let task = &told["waits_for"][0];
    assert_eq!((&task["what"], &task["kind"]), (&json!("command"), &json!("payment")));
    assert_eq!(told["standing"], json!("compensating"));
    decide("abandon", "17").await.code(0).says("ended as it is");
    decide("abandon", "17").await.code(1).tells("is over");
    running.caught_up().await.unwrap();
    world.annals(&["processes", "alerts"]).await.code(0).says("nothing waits for a decision");
    running.stop().await.unwrap();
}
