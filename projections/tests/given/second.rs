//! A second version of the lines, which takes deposits of 5 for 6.

use annals::Recorded;
use annals_memory::MemoryTables;
use annals_postgres::sqlx::PgConnection;
use annals_projections::Projection;

use super::domain::{AccountEvent, Lines, NotTaken, deposited};

pub struct Lines2;

fn otherwise(event: &Recorded<AccountEvent>) -> Recorded<AccountEvent> {
    match &event.event {
        AccountEvent::Deposited { cents: 5 } => event.clone().map(|_| deposited(6)),
        _ => event.clone(),
    }
}

impl Projection<MemoryTables> for Lines2 {
    const NAME: &'static str = "lines";
    const VERSION: u32 = 2;
    type Event = AccountEvent;
    type Error = NotTaken;

    async fn handle(
        &self,
        tables: &mut MemoryTables,
        event: &Recorded<AccountEvent>,
    ) -> Result<(), NotTaken> {
        Lines.handle(tables, &otherwise(event)).await
    }
}

impl Projection<PgConnection> for Lines2 {
    const NAME: &'static str = "lines";
    const VERSION: u32 = 2;
    type Event = AccountEvent;
    type Error = NotTaken;

    async fn set_up(&self, db: &mut PgConnection) -> Result<(), NotTaken> {
        Lines.set_up(db).await
    }

    async fn handle(
        &self,
        db: &mut PgConnection,
        event: &Recorded<AccountEvent>,
    ) -> Result<(), NotTaken> {
        Lines.handle(db, &otherwise(event)).await
    }
}
