//! `annals rebuild`.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

use annals::ReadModelStore;
use annals::read_model::{Heartbeat, Hold, HoldId, WorkerId};
use serde_json::json;
use tokio::time::{sleep, timeout};

use crate::domain::{Balance, Same, Twice};
use crate::support::{PATIENCE, World, interrupt, send};

async fn world() -> World {
    let world = World::new().await;
    for key in ["1", "2", "3"] {
        world.deposit(key, 5).await;
    }
    world
}

/// The version that answers queries.
async fn current(world: &World) -> u32 {
    world.operations().current("balances").await.unwrap().version
}

#[tokio::test]
async fn a_version_is_compared_and_takes_over_goes_back_and_is_removed() {
    let world = world().await;
    let runner = world.runner().view::<Balance>().view::<Same>();
    let running = runner.start().await.unwrap();

    let told = world.annals(&["rebuild", "balances", "--to", "2"]).await.code(1);
    told.says("0 differences").says("NOT switched").says("nobody can be asked here: say --yes");
    assert_eq!(current(&world).await, 1);

    let (code, told) = world.json(&["rebuild", "balances", "--to", "2", "--yes"]).await;
    assert_eq!(code, Some(0), "{told}");
    let table = json!({"table": "balances", "rows_before": 3, "rows_after": 3, "equal": true});
    let expected = json!({
        "model": "balances", "from": 1, "to": 2, "switched": true, "why_not": null,
        "compared": {
            "at": [{"partition": 0, "position": 3}],
            "tables": [table], "differences": 0, "examples": []
        }
    });
    assert_eq!(told, expected);
    assert_eq!(current(&world).await, 2);
    let again = world.annals(&["rebuild", "balances", "--to", "2", "--yes"]).await.code(0);
    again.says("it is the current version already");

    let back = ["rebuild", "balances", "--rollback", "--yes"];
    world.annals(&back).await.code(0).says("balances is switched from version 2 to 1");
    assert_eq!(current(&world).await, 1);
    world.annals(&back).await.code(1).tells("no version before 1 that has answered queries");

    world
        .annals(&["rebuild", "balances", "--discard", "1", "--yes"])
        .await
        .code(1)
        .tells("balances version 1 is the current version: switch to another one first");
    running.stop().await.unwrap();
    world.annals(&["rebuild", "balances", "--discard", "2"]).await.code(1).says("NOT removed");
    let (code, told) = world.json(&["rebuild", "balances", "--discard", "2", "--yes"]).await;
    let removed = json!({"model": "balances", "version": 2, "discarded": true, "why_not": null});
    assert_eq!((code, told), (Some(0), removed));
    world
        .annals(&["rebuild", "balances", "--discard", "2", "--yes"])
        .await
        .code(1)
        .tells("there is no balances version 2");
}

#[tokio::test]
async fn a_version_that_differs_takes_over_only_where_it_may() {
    let world = world().await;
    let running = world.runner().view::<Balance>().view::<Twice>().start().await.unwrap();
    running.caught_up().await.unwrap();
    let to = ["rebuild", "balances", "--to", "3", "--yes"];
    let told = world.annals(&to).await.code(1);
    let told = told.says("DIFFERS").says("3 differences").says("say --allow-differences");
    told.says("balances 1\n    - {\"cents\": 5}\n    + {\"cents\": 10}");
    assert_eq!(current(&world).await, 1);
    let (code, told) = world.json(&to).await;
    assert_eq!((code, &told["switched"]), (Some(1), &json!(false)));
    assert_eq!(told["compared"]["examples"].as_array().unwrap().len(), 3);

    let allowed = [&to[..], &["--allow-differences"]].concat();
    world.annals(&allowed).await.code(0).says("3 differences").says("is switched");
    assert_eq!(current(&world).await, 3);
    let back = ["rebuild", "balances", "--to", "1", "--yes", "--no-compare"];
    let (code, told) = world.json(&back).await;
    assert_eq!((code, &told["compared"]), (Some(0), &json!(null)));
    assert_eq!(current(&world).await, 1);
    running.stop().await.unwrap();
}

#[tokio::test]
async fn who_is_not_fed_is_not_waited_for() {
    let world = world().await;
    world.runner().view::<Balance>().run_until_caught_up().await.unwrap();
    let told = world.annals(&["rebuild", "balances", "--to", "2", "--yes"]).await.code(1);
    let told = told.tells("there is no balances version 2: start a worker whose code has it");
    told.tells("there are now: 1 (current)");
    world
        .annals(&["rebuild", "accounts", "--to", "2"])
        .await
        .code(3)
        .tells("there is no read model `accounts`");

    // It was built once, and nobody has fed it since.
    world.runner().view::<Same>().run_until_caught_up().await.unwrap();
    world.deposit("4", 5).await;
    let to = ["rebuild", "balances", "--to", "2", "--yes", "--within", "1"];
    let told = world.annals(&to).await.code(1);
    let told = told.tells("balances version 2 does not go on: partition 0, slice 0: waiting");
    told.tells("start a worker whose code has version 2");

    // The current one is ahead, and cannot be compared where it is not fed.
    world.runner().view::<Same>().run_until_caught_up().await.unwrap();
    let told = world.annals(&to).await.code(1);
    let told = told.tells("have not come to one place within 1 second");
    told.tells("start a worker whose code has version 1").tells("--no-compare");
    assert!(!is_held(&world).await);
    let (code, told) = world.json(&to).await;
    assert_eq!(code, Some(1));
    assert!(told["error"].as_str().unwrap().contains("one place"), "{told}");
    let without = [&to[..], &["--no-compare"]].concat();
    world.annals(&without).await.code(0);

    // And back it does not go: version 1 has not been fed.
    let back = ["rebuild", "balances", "--rollback", "--yes", "--within", "1"];
    let told = world.annals(&back).await.code(1);
    told.tells("balances version 1 is behind the current version: partition 0, slice 0");
    assert_eq!(current(&world).await, 2);
}

#[tokio::test]
async fn one_that_has_stopped_is_given_up_at_once() {
    let world = world().await;
    world.append_unreadable("1").await;
    let running = world.runner().view::<Balance>().view::<Same>().start().await.unwrap();
    running.caught_up().await.unwrap_err();
    world.until(&["status"], 2).await;
    let told = world.annals(&["rebuild", "balances", "--to", "2", "--yes"]).await.code(1);
    told.tells("does not decode").tells("mend that, and the worker goes on by itself");
    running.stop().await.unwrap();
}

async fn is_held(world: &World) -> bool {
    let models = world.models.models(None).await.unwrap();
    models.iter().flat_map(|model| &model.units).any(|unit| unit.held_at.is_some())
}

#[tokio::test]
async fn an_interrupted_comparison_holds_nothing() {
    let world = world().await;
    world.runner().view::<Balance>().run_until_caught_up().await.unwrap();
    world.deposit("4", 5).await;
    world.runner().view::<Same>().run_until_caught_up().await.unwrap();
    // Version 1 is not fed, so both are held for as long as it is waited for.
    let mut command = world.command(&["rebuild", "balances", "--to", "2", "--json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let held = async {
        while !is_held(&world).await {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, held).await.unwrap();
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(!is_held(&world).await);
    let told = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    assert!(told.contains("interrupted"), "{told}");

    // One that was killed holds them, until somebody says so, or the hold runs out.
    let (name, length) = ("balances".to_owned(), PATIENCE);
    let hold = Hold { name, versions: [1, 2], by: HoldId::new(), length };
    world.models.hold(&hold).await.unwrap();
    world.annals(&["status"]).await.says("held at position");
    let (code, told) = world.json(&["rebuild", "balances", "--release"]).await;
    assert_eq!((code, told), (Some(0), json!({"model": "balances", "released": true})));
    assert!(!is_held(&world).await);
}

/// Somebody holds the leases of a version, and does not feed it.
async fn take_leases(world: &World, version: u32) {
    let models = world.models.models(Some("balances")).await.unwrap();
    let model = models.into_iter().find(|m| m.declaration.id.version == version).unwrap();
    let share = Heartbeat {
        worker: WorkerId::new(),
        label: "idle".to_owned(),
        lease: Duration::from_secs(60),
        models: vec![(model.declaration.id.clone(), model.declaration.fingerprint())],
        reports: Vec::new(),
    };
    assert_eq!(world.models.share(&share).await.unwrap().leases.len(), model.units.len());
}

#[tokio::test]
async fn an_interrupted_switch_holds_nothing() {
    let world = world().await;
    world.runner().view::<Balance>().view::<Same>().run_until_caught_up().await.unwrap();
    world.operations().switch("balances", 2).await.unwrap();
    world.deposit("4", 5).await;
    world.runner().view::<Same>().run_until_caught_up().await.unwrap();
    // Version 1 seems to be fed, and does not come to where version 2 is.
    take_leases(&world, 1).await;
    for signal in ["-INT", "-TERM"] {
        let to = ["rebuild", "balances", "--to", "1", "--no-compare", "--yes", "--json"];
        let mut command = world.command(&to);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let held = async {
            while !is_held(&world).await {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, held).await.expect("the switch waits for version 1");
        send(&child, signal);
        assert_eq!(child.wait().unwrap().code(), Some(130));
        assert!(!is_held(&world).await, "nothing stays held");
        let told = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
        assert!(told.contains("interrupted"), "{told}");
        assert_eq!(current(&world).await, 2, "nothing was switched");
    }
    // Nobody is kept from going on.
    world.deposit("5", 5).await;
    world.runner().view::<Same>().run_until_caught_up().await.unwrap();
    assert_eq!(
        world.operations().status_of("balances").await.unwrap().models[1].progress().done,
        5
    );
}

#[tokio::test]
async fn what_is_to_be_done_must_be_said_once() {
    let world = World::new().await;
    for args in [
        &["rebuild", "balances"][..],
        &["rebuild", "balances", "--to", "2", "--rollback"],
        &["rebuild", "balances", "--rollback", "--no-compare"],
        &["rebuild", "balances", "--to", "x"],
    ] {
        world.annals(args).await.code(3);
    }
}
