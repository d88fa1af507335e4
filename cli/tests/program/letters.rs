//! `annals dead-letters`.

use annals::read_model::LetterQuery;
use annals_projections::Running;
use serde_json::json;
use tokio::time::{sleep, timeout};

use crate::domain::{AccountEvent, Balance, cured};
use crate::support::{PATIENCE, World};

/// Position 2 is poison of the account 1, behind which position 4 waits.
async fn poisoned() -> (World, Running) {
    let world = World::new().await;
    world.deposit("1", 11).await;
    world.append("1", &AccountEvent::Poisoned { cure: world.cure() }).await;
    world.deposit("2", 22).await;
    world.deposit("1", 33).await;
    let running = world.runner().view::<Balance>().start().await.unwrap();
    running.caught_up().await.unwrap();
    (world, running)
}

async fn settled(world: &World, left: usize) {
    let settled = async {
        while world.operations().letters(&LetterQuery::all()).await.unwrap().len() != left {
            sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, settled).await.unwrap();
}

#[tokio::test]
async fn they_are_listed_without_payloads() {
    let (world, running) = poisoned().await;
    let told = world.annals(&["dead-letters", "list"]).await.code(0);
    let told = told.says("account.poisoned").says("account-1 at 2").says("poison");
    let told = told.says("waits behind another one");
    assert!(!told.stdout.contains("33") && !told.stdout.contains(&world.cure()), "{told:?}");

    let (code, told) = world.json(&["dead-letters", "list", "balances", "--key", "1"]).await;
    assert_eq!((code, &told["more"]), (Some(0), &json!(false)));
    let letters = told["letters"].as_array().unwrap();
    let positions: Vec<_> = letters.iter().map(|letter| letter["position"].clone()).collect();
    assert_eq!(positions, [2, 4]);
    let first = &letters[0];
    assert_eq!((&first["model"], &first["version"]), (&json!("balances"), &json!(1)));
    assert_eq!((&first["stream"], &first["stream_version"]), (&json!("account-1"), &json!(2)));
    assert_eq!((&first["event"], &first["keys"]), (&json!("account.poisoned"), &json!(["1"])));
    assert!(first["reason"].as_str().unwrap().contains("poison"), "{first}");
    assert_eq!((&letters[1]["reason"], &letters[1]["wish"]), (&json!(null), &json!(null)));

    let (_, told) = world.json(&["dead-letters", "list", "--limit", "1"]).await;
    assert_eq!((told["letters"].as_array().unwrap().len(), &told["more"]), (1, &json!(true)));
    world.annals(&["dead-letters", "list", "--key", "2"]).await.code(0).says("no dead letters");
    let (_, told) = world.json(&["dead-letters", "list", "--partition", "0"]).await;
    assert_eq!(told["letters"].as_array().unwrap().len(), 2);
    let elsewhere = ["dead-letters", "list", "--partition", "1"];
    world.annals(&elsewhere).await.code(0).says("no dead letters");
    world.annals(&["dead-letters", "list", "nobody"]).await.code(3).tells("no read model `nobody`");
    running.stop().await.unwrap();
}

#[tokio::test]
async fn one_is_shown_whole_and_as_a_test() {
    let (world, running) = poisoned().await;
    let told = world.annals(&["dead-letters", "show", "balances", "2", "4"]).await.code(0);
    let told = told.says("balances version 1, partition 0, slice 0, position 2").says("position 4");
    assert!(!told.stdout.contains(&world.cure()), "no payload: {told:?}");

    let test = ["dead-letters", "show", "balances", "2", "--test"];
    let told = world.annals(&test).await.code(0).says("fn balances_takes_the_event_at_2()");
    let told = told.says("#[test]").says(&world.cure());
    assert!(!told.stdout.contains("\"cents\":33"), "only what comes before: {told:?}");
    let (code, answer) = world.json(&test).await;
    assert_eq!((code, &answer["letters"][0]["test"]), (Some(0), &json!(told.stdout)));
    let (_, answer) = world.json(&["dead-letters", "show", "balances", "4"]).await;
    assert_eq!(answer["letters"][0].get("test"), None);

    let told = world.annals(&["dead-letters", "show", "balances", "3"]).await.code(1);
    told.tells("there is no dead letter of `balances` at position 3");
    running.stop().await.unwrap();
}

#[tokio::test]
async fn they_are_tried_again_after_the_cure() {
    let (world, running) = poisoned().await;
    cured(&world.cure());
    let (code, told) = world.json(&["dead-letters", "retry", "balances", "--key", "2"]).await;
    assert_eq!((code, told), (Some(0), json!({"retried": 0})));
    let told = world.annals(&["dead-letters", "retry", "balances"]).await.code(0);
    told.says("2 dead letters will be tried again");
    settled(&world, 0).await;
    world.annals(&["audit", "balances"]).await.code(0).says("clean");
    world.annals(&["dead-letters", "retry", "--all"]).await.code(0).says("no such dead letters");
    let elsewhere = ["dead-letters", "retry", "--all", "--partition", "1"];
    world.annals(&elsewhere).await.code(0).says("no such dead letters");
    world.annals(&["dead-letters", "retry"]).await.code(3).tells("--all");
    running.stop().await.unwrap();
}

#[tokio::test]
async fn one_is_skipped_with_a_note_and_those_behind_it_go_on() {
    let (world, running) = poisoned().await;
    running.stop().await.unwrap();
    let skip = |partition, position, note| {
        [
            "dead-letters",
            "skip",
            "balances",
            "--partition",
            partition,
            "--position",
            position,
            "--note",
            note,
        ]
    };
    world.annals(&skip("0", "2", "")).await.code(3).tells("--note");
    let told = world.annals(&skip("1", "2", "ada: known")).await.code(1);
    told.tells("at position 2 of partition 1");
    let (code, told) = world.json(&skip("0", "2", "ada: known")).await;
    assert_eq!((code, &told["skipped"][0]["position"]), (Some(0), &json!(2)));
    // Nobody has fulfilled the wish yet.
    world.annals(&["dead-letters", "list"]).await.code(0).says("to be skipped (ada: known)");
    let running = world.runner().view::<Balance>().start().await.unwrap();
    settled(&world, 0).await;
    let (code, audit) = world.json(&["audit", "balances"]).await;
    assert_eq!((code, &audit["partitions"][0]["skipped"]), (Some(0), &json!(1)));
    running.stop().await.unwrap();
}
