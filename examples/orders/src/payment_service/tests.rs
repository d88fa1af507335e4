//! What the payment service promises, and what its client makes of its failures.

use super::*;
use crate::ids::OrderId;
use crate::serve::Serving;

fn ada() -> OrderId {
    OrderId::placed_under("ada")
}

/// A service that behaves so, and its client.
async fn service(behaviour: Behaviour) -> (Serving, PaymentClient) {
    let local = ([127, 0, 0, 1], 0).into();
    let serving = Serving::start(local, routes(behaviour)).await.unwrap();
    let client = PaymentClient::new(&serving.url());
    (serving, client)
}

fn calm() -> Behaviour {
    Behaviour::default()
}

#[tokio::test]
async fn money_is_held_once_however_often_it_is_asked() {
    let (_serving, client) = service(calm()).await;
    let first = client.authorize(ada(), 100, "key").await.unwrap();
    assert_eq!(client.authorize(ada(), 100, "key").await.unwrap(), first);
    assert_eq!(client.authorize(ada(), 100, "another key").await.unwrap(), first);
    let entry = Entry::Authorized { authorization: first, cents: 100 };
    assert_eq!(client.payments().await.unwrap(), [Record { order: ada(), entry }]);
}

#[tokio::test]
async fn a_key_that_is_used_for_something_else_is_no_repeat() {
    let (_serving, client) = service(calm()).await;
    client.authorize(ada(), 100, "key").await.unwrap();
    let reused = client.authorize(ada(), 200, "key").await;
    assert!(matches!(reused, Err(PaymentError::Broken { status: 422 })), "{reused:?}");
}

#[tokio::test]
async fn a_void_that_comes_first_has_the_authorization_refused() {
    let (_serving, client) = service(calm()).await;
    client.void(ada(), "void").await.unwrap();
    client.void(ada(), "void").await.unwrap();
    let late = client.authorize(ada(), 100, "key").await;
    assert!(matches!(late, Err(PaymentError::Refused { .. })), "{late:?}");
    let entry = Entry::Voided;
    assert_eq!(client.payments().await.unwrap(), [Record { order: ada(), entry }]);
}

#[tokio::test]
async fn refused_and_transient_and_doubtful_are_told_apart() {
    let (_serving, client) = service(Behaviour { refuse: 1.0, ..calm() }).await;
    let refused = client.authorize(ada(), 100, "key").await.unwrap_err();
    assert!(matches!(refused, PaymentError::Refused { .. }), "{refused:?}");

    let (serving, client) = service(Behaviour { fail: 1.0, ..calm() }).await;
    let busy = client.authorize(ada(), 100, "key").await.unwrap_err();
    assert!(busy.is_transient() && !busy.is_doubtful(), "{busy:?}");
    serving.stop().await.unwrap();
    let unreachable = client.authorize(ada(), 100, "key").await.unwrap_err();
    assert!(unreachable.is_transient() && !unreachable.is_doubtful(), "{unreachable:?}");

    let (_serving, client) = service(Behaviour { vanish: 1.0, ..calm() }).await;
    let vanished = client.authorize(ada(), 100, "key").await.unwrap_err();
    assert!(vanished.is_doubtful() && !vanished.is_transient(), "{vanished:?}");

    let (_serving, client) = service(Behaviour { hang: 1.0, ..calm() }).await;
    let silent = client.authorize(ada(), 100, "key").await.unwrap_err();
    assert!(silent.is_doubtful() && !silent.is_transient(), "{silent:?}");
}

#[tokio::test]
async fn what_was_done_in_doubt_is_found_again_under_its_key() {
    let (_serving, client) = service(Behaviour { vanish: 0.8, seed: 7, ..calm() }).await;
    let mut tries = 0;
    let authorization = loop {
        tries += 1;
        match client.authorize(ada(), 100, "key").await {
            Ok(authorization) => break authorization,
            Err(error) => assert!(error.is_doubtful() && tries < 100, "{error:?}"),
        }
    };
    assert!(tries > 1, "the dice of this seed fail at first");
    let entry = Entry::Authorized { authorization, cents: 100 };
    assert_eq!(client.payments().await.unwrap(), [Record { order: ada(), entry }]);
}

#[tokio::test]
async fn it_is_told_how_to_behave_while_it_runs() {
    let (serving, client) = service(calm()).await;
    let behave = async |body: &str| {
        let request = reqwest::Client::new().put(format!("{}/admin/behaviour", serving.url()));
        let request = request.header("content-type", "application/json").body(body.to_owned());
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(behave(r#"{"fail": 1.0, "seed": 3}"#).await, 200);
    assert!(client.void(ada(), "void").await.unwrap_err().is_transient());
    assert_eq!(behave("{}").await, 200);
    client.void(ada(), "void").await.unwrap();
    assert_eq!(behave(r#"{"explode": true}"#).await, 422);
}

#[test]
fn a_seed_repeats_itself() {
    let throws = |seed| {
        let mut dice = Dice::new(seed);
        (0..100).map(|_| dice.number()).collect::<Vec<_>>()
    };
    assert_eq!(throws(1), throws(1));
    assert_ne!(throws(1), throws(2));
}
