//! P4, of what the database refuses only when the documents are written, or at the commit.

use std::time::Duration;

use annals::read_model::{DeadLetter, LetterQuery};
use annals_projections::{Options, Running};
use tokio::time::{sleep, timeout};

use super::domain::{Balance, account, append, deposited};
use super::world::{PATIENCE, World};

/// Accounts that hold other amounts each, and in their midst one that holds what the first
/// one does.
async fn accounts(world: &World) {
    for n in 2..20 {
        append(&world.log, &account(n), &[deposited(if n == 10 { 1 } else { n })]).await;
    }
}

/// The events come to an end, also one behind that which is refused.
async fn caught_up(world: &World, running: &Running) {
    timeout(PATIENCE, running.caught_up()).await.expect("it goes on").unwrap();
    // By itself: folded together with the one before it would be taken.
    append(&world.log, &account(10), &[deposited(90)]).await;
    timeout(PATIENCE, running.caught_up()).await.expect("it goes on").unwrap();
}

async fn letters(world: &World) -> Vec<DeadLetter> {
    world.operations().letters(&LetterQuery::all()).await.unwrap()
}

/// The event is parked with the one behind it, for this reason.
async fn assert_parked(world: &World, stream: &str, reason: &str) {
    let letters = letters(world).await;
    let of = |letter: &DeadLetter| (letter.stream.to_string(), letter.version.get());
    let wanted = [(stream.to_owned(), 1), (stream.to_owned(), 2)];
    assert_eq!(letters.iter().map(of).collect::<Vec<_>>(), wanted, "{letters:?}");
    let why = letters[0].reason.as_deref().unwrap();
    assert!(why.contains(reason), "{why}");
    assert_eq!((letters[0].attempts, &letters[1].reason), (2, &None));
}

async fn mended(world: &World) {
    world.operations().retry(&LetterQuery::all()).await.unwrap();
    let gone = async {
        while !letters(world).await.is_empty() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, gone).await.expect("every dead letter is settled");
}

pub async fn p4_what_a_deferred_constraint_refuses_is_parked(world: World) {
    append(&world.log, &account(1), &[deposited(1)]).await;
    let runner = || world.with_lines(world.runner(), Options::new().attempts(2));
    runner().run_until_caught_up().await.unwrap();
    let add = "ALTER TABLE lines ADD CONSTRAINT one UNIQUE (cents) DEFERRABLE INITIALLY DEFERRED";
    world.alter("lines", add).await;
    accounts(&world).await;
    let running = runner().start().await.unwrap();
    caught_up(&world, &running).await;
    assert_eq!(world.lines().await.len(), 18, "all others are there");
    assert_parked(&world, "account-10", "\"one\" (SQLSTATE 23505)").await;
    assert!(world.operations().audit("lines", None).await.unwrap().is_clean());

    // What is still refused stays.
    world.operations().retry(&LetterQuery::all()).await.unwrap();
    let tried = async {
        while letters(&world).await.iter().any(|letter| letter.wish.is_some()) {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, tried).await.expect("it is tried again");
    assert_eq!(letters(&world).await[0].attempts, 3);
    world.alter("lines", "ALTER TABLE lines DROP CONSTRAINT one").await;
    mended(&world).await;
    assert_eq!(world.lines().await.len(), 20);
    assert!(world.operations().audit("lines", None).await.unwrap().is_clean());
    running.stop().await.unwrap();
}

pub async fn p4_what_an_index_of_the_documents_refuses_is_parked(world: World) {
    append(&world.log, &account(1), &[deposited(1)]).await;
    let runner = || world.runner().view_with::<Balance>(Options::new().attempts(2));
    runner().run_until_caught_up().await.unwrap();
    let index = "ALTER TABLE balances ADD COLUMN cents bigint \
                 GENERATED ALWAYS AS ((document->>'cents')::bigint) STORED; \
                 CREATE UNIQUE INDEX one ON balances (cents)";
    world.alter("balances", index).await;
    accounts(&world).await;
    let running = runner().start().await.unwrap();
    caught_up(&world, &running).await;
    assert_eq!(world.kept::<Balance>().await.len(), 18, "all others are there");
    assert_parked(&world, "account-10", "\"one\" (SQLSTATE 23505)").await;
    world.alter("balances", "DROP INDEX one").await;
    mended(&world).await;
    world.assert_as_replayed::<Balance>().await;
    running.stop().await.unwrap();
}

pub async fn p4_what_a_trigger_refuses_is_parked(world: World) {
    append(&world.log, &account(1), &[deposited(1)]).await;
    let runner = || world.runner().view_with::<Balance>(Options::new().attempts(2));
    runner().run_until_caught_up().await.unwrap();
    let trigger = "CREATE FUNCTION refuses() RETURNS trigger LANGUAGE plpgsql AS \
                   $$BEGIN RAISE 'too little for an account'; END$$; \
                   CREATE TRIGGER refuses AFTER INSERT OR UPDATE ON balances FOR EACH ROW \
                   WHEN (NEW.key = '10' AND (NEW.document->>'cents')::bigint = 1) \
                   EXECUTE FUNCTION refuses()";
    world.alter("balances", trigger).await;
    accounts(&world).await;
    let running = runner().start().await.unwrap();
    caught_up(&world, &running).await;
    assert_eq!(world.kept::<Balance>().await.len(), 18, "all others are there");
    assert_parked(&world, "account-10", "too little for an account (SQLSTATE P0001)").await;
    running.stop().await.unwrap();
}
