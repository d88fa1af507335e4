//! `annals status`, a health check.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::domain::{AccountEvent, Balance};
use crate::support::World;

#[tokio::test]
async fn nothing_to_look_after_is_good() {
    let world = World::new().await;
    world.annals(&["status"]).await.code(0).says("no read models yet");
    let (code, status) = world.json(&["status"]).await;
    assert_eq!((code, status), (Some(0), json!({"health": "good", "reasons": [], "models": []})));
}

#[tokio::test]
async fn a_read_model_that_is_fed_is_good() {
    let world = World::new().await;
    world.deposit("1", 5).await;
    world.deposit("2", 7).await;
    let running = world.runner().view::<Balance>().start().await.unwrap();
    running.caught_up().await.unwrap();
    let text = world.annals(&["status"]).await.code(0);
    let text = text.says("balances").says("current").says("test").says("Health: good");
    assert_eq!(text.stderr, "");
    let (code, status) = world.json(&["status", "balances"]).await;
    assert_eq!((code, &status["health"]), (Some(0), &json!("good")));
    let model = &status["models"][0];
    assert_eq!(model["model"], "balances");
    assert_eq!((&model["version"], &model["state"]), (&json!(1), &json!("current")));
    let unit = &model["units"][0];
    assert_eq!((&unit["position"], &unit["lag_events"]), (&json!(2), &json!(0)));
    assert_eq!((&unit["holder"], &unit["stuck"]), (&json!("test"), &Value::Null));
    running.stop().await.unwrap();
}

#[tokio::test]
async fn parked_events_impair_it() {
    let world = World::new().await;
    world.deposit("1", 5).await;
    world.append("1", &AccountEvent::Poisoned { cure: world.cure() }).await;
    world.runner().view::<Balance>().run_until_caught_up().await.unwrap();
    world.annals(&["status"]).await.code(1).says("Health: impaired").says("1 events are parked");
    let (code, status) = world.json(&["status"]).await;
    assert_eq!((code, &status["health"]), (Some(1), &json!("impaired")));
    assert_eq!(status["models"][0]["units"][0]["parked"], 1);
    assert_eq!(status["reasons"].as_array().unwrap().len(), 1);

    // Nobody feeds it: what is new waits.
    world.deposit("1", 5).await;
    let told = world.annals(&["status"]).await.code(1);
    told.says("Not going on:").says("no worker feeds it");
}

#[tokio::test]
async fn one_that_has_stopped_is_bad() {
    let world = World::new().await;
    world.append_unreadable("1").await;
    let running = world.runner().view::<Balance>().start().await.unwrap();
    running.caught_up().await.unwrap_err();
    // It is told with the next heartbeat.
    let ended = world.until(&["status"], 2).await;
    ended.says("Health: bad").says("stopped since").says("does not decode");
    let (code, status) = world.json(&["status"]).await;
    assert_eq!((code, &status["health"]), (Some(2), &json!("bad")));
    assert_eq!(status["models"][0]["units"][0]["stopped"], true);
    running.stop().await.unwrap();
}

#[tokio::test]
async fn it_is_watched_until_it_is_interrupted() {
    let world = World::new().await;
    let mut command = world.command(&["status", "--watch", "--json"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for _ in 0..2 {
        let status: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        assert_eq!(status["health"], "good");
    }
    crate::support::interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(0), "as the last look");
}
