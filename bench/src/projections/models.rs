//! The read models of the benchmarks.

use annals::Recorded;
use annals_postgres::sqlx::{self, PgConnection};
use annals_projections::{Keys, Projection, Runner, View};
use serde::{Deserialize, Serialize};

use crate::account::AccountEvent;

/// What an account holds.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Balance {
    pub(super) cents: u64,
    pub(super) bookings: u64,
}

pub(super) fn cents(event: &AccountEvent) -> u64 {
    match event {
        AccountEvent::Deposited(transfer) | AccountEvent::Withdrawn(transfer) => transfer.cents,
    }
}

macro_rules! views {
    ($($view:ident: $name:literal, $version:literal;)*) => {$(
        #[derive(Debug, Default, Serialize, Deserialize)]
        pub(super) struct $view(Balance);

        impl View for $view {
            const NAME: &'static str = $name;
            const VERSION: u32 = $version;
            type Key = String;
            type Event = AccountEvent;

            fn keys(event: &Recorded<AccountEvent>) -> Keys<String> {
                Balance::keys(event)
            }

            fn evolve(&mut self, key: &String, event: &Recorded<AccountEvent>) {
                self.0.evolve(key, event);
            }
        }
    )*};
}

impl View for Balance {
    const NAME: &'static str = "balances";
    type Key = String;
    type Event = AccountEvent;

    fn keys(event: &Recorded<AccountEvent>) -> Keys<String> {
        Keys::one(event.stream.key().to_owned())
    }

    fn evolve(&mut self, _: &String, event: &Recorded<AccountEvent>) {
        self.cents += cents(&event.event);
        self.bookings += 1;
    }
}

views! {
    Balance2: "balances", 2;
    View1: "view_1", 1;
    View2: "view_2", 1;
    View3: "view_3", 1;
    View4: "view_4", 1;
    View5: "view_5", 1;
    View6: "view_6", 1;
    View7: "view_7", 1;
    View8: "view_8", 1;
    View9: "view_9", 1;
}

/// Ten views of one event type.
pub(super) fn with_ten<S: Send + 'static>(runner: Runner<S>) -> Runner<S> {
    let runner = runner.view::<Balance>().view::<View1>().view::<View2>().view::<View3>();
    let runner = runner.view::<View4>().view::<View5>().view::<View6>();
    runner.view::<View7>().view::<View8>().view::<View9>()
}

/// The same in a table of its own, by a statement for each event.
pub(super) struct Booked;

impl Projection<PgConnection> for Booked {
    const NAME: &'static str = "booked";
    type Event = AccountEvent;
    type Error = sqlx::Error;

    async fn set_up(&self, db: &mut PgConnection) -> Result<(), sqlx::Error> {
        let table =
            "CREATE TABLE IF NOT EXISTS booked (account text PRIMARY KEY, cents bigint NOT NULL)";
        sqlx::query(table).execute(db).await?;
        Ok(())
    }

    async fn handle(
        &self,
        db: &mut PgConnection,
        event: &Recorded<AccountEvent>,
    ) -> Result<(), sqlx::Error> {
        let upsert = "INSERT INTO booked VALUES ($1, $2) ON CONFLICT (account) DO UPDATE \
                      SET cents = booked.cents + excluded.cents";
        let cents = cents(&event.event).cast_signed();
        sqlx::query(upsert).bind(event.stream.key()).bind(cents).execute(db).await?;
        Ok(())
    }
}
