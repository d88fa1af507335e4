//! P1: units of several partitions, in several processes, make the same tables.

use std::sync::atomic::{AtomicBool, Ordering};

use annals::{EventStore, Recorded};
use annals_postgres::sqlx::{self, PgConnection};
use annals_projections::Projection;

use super::domain::{AccountEvent, account, append, deposited};
use super::world::World;

/// Whether somebody came second.
static FAILED: AtomicBool = AtomicBool::new(false);

/// Takes its time between looking for the table and making it.
struct Slow;

impl Projection<PgConnection> for Slow {
    const NAME: &'static str = "slow";
    type Event = AccountEvent;
    type Error = sqlx::Error;

    async fn set_up(&self, db: &mut PgConnection) -> Result<(), sqlx::Error> {
        let is_there = "SELECT to_regclass('slow') IS NOT NULL FROM pg_sleep(0.01)";
        let is_there: bool = sqlx::query_scalar(is_there).fetch_one(&mut *db).await?;
        if !is_there {
            sqlx::query("SELECT pg_sleep(0.05)").execute(&mut *db).await?;
            let made = sqlx::query("CREATE TABLE slow (stream text)").execute(db).await;
            FAILED.fetch_or(made.is_err(), Ordering::Relaxed);
            made?;
        }
        Ok(())
    }

    async fn handle(
        &self,
        db: &mut PgConnection,
        event: &Recorded<AccountEvent>,
    ) -> Result<(), sqlx::Error> {
        let insert = sqlx::query("INSERT INTO slow VALUES ($1)").bind(event.stream.as_str());
        insert.execute(db).await.map(drop)
    }
}

#[tokio::test]
async fn postgres_p1_tables_are_made_by_one_unit_at_a_time() {
    let world = World::postgres(8).await;
    for n in 0..40 {
        append(&world.log, &account(n), &[deposited(1)]).await;
    }
    let start = async || {
        let runner = world.runner().projection_through::<PgConnection, _>(Slow, Default::default());
        runner.start().await.unwrap()
    };
    let (one, other) = tokio::join!(start(), start());
    one.caught_up().await.unwrap();
    other.caught_up().await.unwrap();
    assert!(!FAILED.load(Ordering::Relaxed), "two units made the table at once");
    let status = world.operations().status_of("slow").await.unwrap();
    assert_eq!(status.models[0].model.units.len(), usize::from(world.log.log().partitions.count()));
    assert!(world.operations().audit("slow", None).await.unwrap().is_clean());
    one.stop().await.unwrap();
    other.stop().await.unwrap();
}
