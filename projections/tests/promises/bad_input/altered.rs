//! Documents and tables that somebody else has changed.

use annals::Recorded;
use annals_projections::{Keys, QueryError, View};
use serde::{Deserialize, Serialize};

use super::super::domain::{AccountEvent, Balance, account, append, deposited};
use super::super::world::World;
use super::assert_stops;

/// The same read model by code that has changed its type, and not raised its version.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Scribbled(Vec<String>);

impl View for Scribbled {
    const NAME: &'static str = Balance::NAME;
    type Key = String;
    type Event = AccountEvent;

    fn keys(event: &Recorded<AccountEvent>) -> Keys<String> {
        Balance::keys(event)
    }

    fn evolve(&mut self, _: &String, _: &Recorded<AccountEvent>) {
        self.0.push("mine".into());
    }
}

pub async fn bad_input_a_document_that_does_not_decode_stops_the_view(world: World) {
    append(&world.log, &account(1), &[deposited(1)]).await;
    world.runner().view::<Scribbled>().run_until_caught_up().await.unwrap();
    append(&world.log, &account(1), &[deposited(2)]).await;
    let running = world.runner().view::<Balance>().start().await.unwrap();
    assert_stops(&world, "balances", running, "is not one that this code reads").await;
    let asked = world.views().get::<Balance>(&"1".into()).await;
    assert!(matches!(asked, Err(QueryError::Unreadable { .. })), "{asked:?}");
}

/// The view stops with these words after its table was changed by the owner, and goes on
/// when it was mended.
async fn altered(change: &str, words: &str, mend: &str) {
    let world = World::postgres(1).await;
    append(&world.log, &account(1), &[deposited(1)]).await;
    world.runner().view::<Balance>().run_until_caught_up().await.unwrap();
    world.execute(change).await;
    append(&world.log, &account(1), &[deposited(2)]).await;
    let running = world.runner().view::<Balance>().start().await.unwrap();
    assert_stops(&world, "balances", running, words).await;
    let asked = world.views().get::<Balance>(&"1".into()).await;
    assert!(asked.is_err(), "no answer from what is not there: {asked:?}");
    world.execute(mend).await;
    world.runner().view::<Balance>().run_until_caught_up().await.unwrap();
    world.assert_as_replayed::<Balance>().await;
}

#[tokio::test]
async fn postgres_bad_input_a_document_replaced_by_hand_stops_the_view() {
    let change = "CREATE TABLE kept AS TABLE read_models_balances_v1.balances;
        UPDATE read_models_balances_v1.balances SET document = '\"by hand\"'";
    let mend = "UPDATE read_models_balances_v1.balances SET document = (SELECT document FROM kept)";
    altered(change, "is not one that this code reads", mend).await;
}

#[tokio::test]
async fn postgres_bad_input_a_column_that_was_changed_stops_the_view() {
    let rename = "ALTER TABLE read_models_balances_v1.balances RENAME COLUMN";
    let views = "DROP VIEW read_models.balances; DELETE FROM read_models._views;";
    altered(
        &format!("{views} {rename} document TO renamed"),
        "does not exist",
        &format!("{rename} renamed TO document"),
    )
    .await;
}

#[tokio::test]
async fn postgres_bad_input_a_table_that_was_dropped_stops_the_view() {
    let change = "ALTER TABLE read_models_balances_v1.balances SET SCHEMA public";
    let mend = "ALTER TABLE public.balances SET SCHEMA read_models_balances_v1";
    altered(&format!("DROP VIEW read_models.balances; {change}"), "does not exist", mend).await;
}
