//! Which flights an aircraft has: a table, because only the schedule names the aircraft.
//!
//! A view finds its documents by what stands in each event, and a departure does not say
//! of which aircraft. So this projection keeps what leads from the aircraft to its
//! flights, and the flights themselves are asked where they are.

use annals::Recorded;
use annals_memory::{MemoryTables, TableMismatch};
use annals_postgres::sqlx::{self, PgConnection, PgPool};
use annals_projections::Projection;

use crate::failure::Failure;
use crate::flight::{FlightEvent, FlightId};

/// The name of the read model, and of its table.
pub(crate) const NAME: &str = "legs";

/// Writes the table.
pub(crate) struct Legs;

/// The aircraft and the flight, of an event that names both.
fn leg(event: &Recorded<FlightEvent>) -> Option<(String, FlightId)> {
    let FlightEvent::Scheduled(plan) = &event.event else { return None };
    // A stream with another id was not written by this program.
    Some((plan.aircraft.clone()?, event.stream.key().parse().ok()?))
}

impl Projection<MemoryTables> for Legs {
    const NAME: &'static str = NAME;
    type Event = FlightEvent;
    type Error = TableMismatch;

    async fn handle(
        &self,
        tables: &mut MemoryTables,
        event: &Recorded<FlightEvent>,
    ) -> Result<(), TableMismatch> {
        if let Some(leg) = leg(event) {
            tables.table(NAME)?.insert(leg, ());
        }
        Ok(())
    }
}

// No schema is named: the table is that of the version which is fed.
const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS legs (
        aircraft text,
        flight text,
        PRIMARY KEY (aircraft, flight)
    )";

// $1 the aircraft, $2 the flights
const INSERT: &str = "
    INSERT INTO legs (aircraft, flight)
    SELECT * FROM unnest($1::text[], $2::text[])";

impl Projection<PgConnection> for Legs {
    const NAME: &'static str = NAME;
    type Event = FlightEvent;
    type Error = sqlx::Error;

    async fn set_up(&self, db: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query(TABLE).execute(db).await?;
        Ok(())
    }

    async fn handle(
        &self,
        db: &mut PgConnection,
        event: &Recorded<FlightEvent>,
    ) -> Result<(), sqlx::Error> {
        self.handle_batch(db, &[event]).await
    }

    /// All rows of a transaction in one statement, however many there are.
    async fn handle_batch(
        &self,
        db: &mut PgConnection,
        events: &[&Recorded<FlightEvent>],
    ) -> Result<(), sqlx::Error> {
        let legs = events.iter().filter_map(|event| leg(event));
        let (aircraft, flights): (Vec<_>, Vec<_>) =
            legs.map(|(aircraft, flight)| (aircraft, flight.to_string())).unzip();
        if !aircraft.is_empty() {
            sqlx::query(INSERT).bind(aircraft).bind(flights).execute(db).await?;
        }
        Ok(())
    }
}

/// The flights of an aircraft, by SQL.
pub(crate) async fn of_aircraft(pool: &PgPool, aircraft: &str) -> Result<Vec<FlightId>, Failure> {
    let query = sqlx::query_scalar("SELECT flight FROM legs WHERE aircraft = $1 ORDER BY flight");
    let flights: Vec<String> = query.bind(aircraft).fetch_all(pool).await?;
    flights.iter().map(|flight| Ok(flight.parse()?)).collect()
}
