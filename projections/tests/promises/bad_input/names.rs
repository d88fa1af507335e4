//! Code that is not what the read model was made by.

use annals::read_model::DeclareError;
use annals::{EventStore, Recorded};
use annals_memory::MemoryTables;
use annals_postgres::sqlx::PgConnection;
use annals_projections::operations::Health;
use annals_projections::{Keys, Projection, StartError, View};
use serde::{Deserialize, Serialize};

use super::super::domain::{
    AccountEvent, Balance, NotTaken, OtherEvent, account, append, deposited,
};
use super::super::world::World;
use super::stuck;

/// A count by any key, under any name.
macro_rules! count {
    ($view:ident, $name:literal, $event:ty, $key:ty, $of:expr) => {
        #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
        pub struct $view(u64);

        impl View for $view {
            const NAME: &'static str = $name;
            type Key = $key;
            type Event = $event;

            fn keys(event: &Recorded<$event>) -> Keys<$key> {
                let of: fn(&Recorded<$event>) -> $key = $of;
                Keys::one(of(event))
            }

            fn evolve(&mut self, _: &$key, _: &Recorded<$event>) {
                self.0 += 1;
            }
        }
    };
}

count!(Renamed, "renamed_balances", AccountEvent, String, |event| event.stream.key().to_owned());
count!(ByNumber, "balances", AccountEvent, i64, |event| event.stream.key().parse().unwrap());
count!(Unrelated, "balances", OtherEvent, String, |event| event.stream.key().to_owned());

/// Tables, by the name of a view.
struct Tables;

impl Projection<MemoryTables> for Tables {
    const NAME: &'static str = "balances";
    type Event = AccountEvent;
    type Error = NotTaken;

    async fn handle(
        &self,
        _: &mut MemoryTables,
        _: &Recorded<AccountEvent>,
    ) -> Result<(), NotTaken> {
        Ok(())
    }
}

impl Projection<PgConnection> for Tables {
    const NAME: &'static str = "balances";
    type Event = AccountEvent;
    type Error = NotTaken;

    async fn handle(
        &self,
        _: &mut PgConnection,
        _: &Recorded<AccountEvent>,
    ) -> Result<(), NotTaken> {
        Ok(())
    }
}

async fn fed(world: &World) {
    append(&world.log, &account(1), &[deposited(1), deposited(2)]).await;
    world.runner().view::<Balance>().run_until_caught_up().await.unwrap();
}

fn refused(started: Result<annals_projections::Running, StartError>) -> DeclareError {
    match started.map(drop).unwrap_err() {
        StartError::Declare(refused) => refused,
        error => panic!("{error}"),
    }
}

pub async fn bad_input_what_was_renamed_stays_and_is_said_to_be_fed_by_nobody(world: World) {
    fed(&world).await;
    append(&world.log, &account(1), &[deposited(3)]).await;
    world.runner().view::<Renamed>().run_until_caught_up().await.unwrap();
    // A read model of its own, with everything.
    world.assert_as_replayed::<Renamed>().await;
    // The one of before stays as it was, and somebody has to look.
    assert_eq!(world.kept::<Balance>().await[0].1.cents, 3);
    assert!(stuck(&world, "balances").await.contains("no worker feeds it"));
    let Health::Impaired(reasons) = world.operations().status().await.unwrap().health() else {
        panic!("the old name is behind")
    };
    assert!(reasons.iter().all(|reason| reason.starts_with("balances version 1")), "{reasons:?}");
}

pub async fn bad_input_keys_of_another_type_are_refused(world: World) {
    fed(&world).await;
    let refused = refused(world.runner().view::<ByNumber>().start().await);
    assert!(matches!(refused, DeclareError::Different { .. }), "{refused}");
    assert!(refused.to_string().contains("raise its version"), "{refused}");
    world.assert_as_replayed::<Balance>().await;
}

pub async fn bad_input_two_read_models_of_one_name_are_refused(world: World) {
    fed(&world).await;
    // Of another kind, and of other events.
    let tables = if world.is_memory() {
        world.runner().projection_through::<MemoryTables, _>(Tables, Default::default())
    } else {
        world.runner().projection_through::<PgConnection, _>(Tables, Default::default())
    };
    let tables = refused(tables.start().await);
    assert!(matches!(tables, DeclareError::Different { .. }), "{tables}");
    let unrelated = refused(world.runner().view::<Unrelated>().start().await);
    assert!(matches!(unrelated, DeclareError::OlderCode { .. }), "{unrelated}");
    // In one runner.
    let twice = world.runner().view::<Balance>().view::<Unrelated>().start().await;
    assert!(matches!(twice.map(drop), Err(StartError::NotEachOnce)));
    world.assert_as_replayed::<Balance>().await;
}

pub async fn bad_input_a_worker_with_older_code_does_not_join(world: World) {
    count!(Newer, "counts", AccountEvent, String, |event| event.stream.key().to_owned());
    count!(Older, "counts", super::events::FirstEvent, String, |event| event
        .stream
        .key()
        .to_owned());
    let newer = world.runner().view::<Newer>().start().await.unwrap();
    match refused(world.runner().view::<Older>().start().await) {
        DeclareError::OlderCode { missing, .. } => assert_eq!(missing.len(), 4, "{missing:?}"),
        error => panic!("{error}"),
    }
    append(&world.log, &account(1), &[deposited(3)]).await;
    newer.caught_up().await.unwrap();
    world.assert_as_replayed::<Newer>().await;
    newer.stop().await.unwrap();
}

pub async fn bad_input_a_log_made_anew_is_another_one(world: World) {
    fed(&world).await;
    let anew = world.with_another_log().await;
    assert_ne!(anew.log.log().id, world.log.log().id);
    let refused = refused(anew.runner().view::<Balance>().start().await);
    assert!(matches!(refused, DeclareError::AnotherLog { .. }), "{refused}");
}
