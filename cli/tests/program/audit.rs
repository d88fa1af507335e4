//! `annals audit`.

use serde_json::json;

use crate::domain::{AccountEvent, Balance};
use crate::support::World;

async fn fed() -> World {
    let world = World::new().await;
    for key in ["1", "2", "3"] {
        world.deposit(key, 5).await;
    }
    world.append("1", &AccountEvent::Poisoned { cure: world.cure() }).await;
    world.runner().view::<Balance>().run_until_caught_up().await.unwrap();
    world
}

#[tokio::test]
async fn every_event_that_was_taken_is_clean() {
    let world = fed().await;
    world.annals(&["audit", "balances"]).await.code(0).says("balances version 1: clean");
    let (code, audit) = world.json(&["audit", "balances", "--version", "1"]).await;
    let partition = json!({
        "partition": 0, "until": 4, "applied": 3, "parked": 1, "skipped": 0, "difference": null
    });
    let clean = json!({
        "model": "balances", "version": 1, "clean": true, "partitions": [partition]
    });
    assert_eq!((code, audit), (Some(0), clean));
}

#[tokio::test]
async fn books_that_are_not_those_of_the_log_are_not() {
    let world = fed().await;
    world.sql("UPDATE read_models._blocks SET applied = applied + 1").await;
    let told = world.annals(&["audit", "balances"]).await.code(1);
    let told = told.says("the first block that differs is that of the positions 0 to 65535");
    told.says("the log holds 4 events of the read model, and the books say 5").says("NOT clean");
    let (code, audit) = world.json(&["audit", "balances"]).await;
    assert_eq!((code, &audit["clean"]), (Some(1), &json!(false)));
    let block = json!({
        "first": 0, "last": 65_535, "in_log": 4, "in_books": 5, "dead_letters": false
    });
    assert_eq!(audit["partitions"][0]["difference"], block);

    // As many, but others.
    world.sql("UPDATE read_models._blocks SET applied = applied - 1, applied_hash = 1").await;
    world.annals(&["audit", "balances"]).await.code(1).says("the books say 4, but they are others");
}

#[tokio::test]
async fn dead_letters_are_audited_too() {
    let world = fed().await;
    world.sql("DELETE FROM read_models._letters").await;
    let told = world.annals(&["audit", "balances"]).await.code(1);
    told.says("there are 0 dead letters, and the books say that 1 events were parked");
    let (_, audit) = world.json(&["audit", "balances"]).await;
    assert_eq!(audit["partitions"][0]["difference"]["dead_letters"], true);
}

#[tokio::test]
async fn who_is_not_known_cannot_be_audited() {
    let world = fed().await;
    let told = world.annals(&["audit", "accounts"]).await.code(3);
    told.tells("error: there is no read model `accounts`");
    let told = world.annals(&["audit", "balances", "--version", "9"]).await.code(3);
    told.tells("error: there is no version 9 of the read model `balances`");
    let (code, told) = world.json(&["audit", "accounts"]).await;
    assert_eq!(code, Some(3));
    assert!(told["error"].as_str().unwrap().contains("accounts"), "{told}");
}
