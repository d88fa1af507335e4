//! Statement lines in memory.

use annals::Recorded;
use annals_memory::{MemoryTables, TableMismatch};
use annals_projections::Projection;

use super::{Booking, Line, LineKey, NAME, StatementLines};
use crate::account::AccountEvent;

impl Projection<MemoryTables> for StatementLines {
    const NAME: &'static str = NAME;
    type Event = AccountEvent;
    type Error = TableMismatch;

    async fn handle(
        &self,
        tables: &mut MemoryTables,
        event: &Recorded<AccountEvent>,
    ) -> Result<(), TableMismatch> {
        let Some(booking) = Booking::of(event) else { return Ok(()) };
        let mut lines = tables.table::<LineKey, Line>(NAME)?;
        let before = lines.get(&booking.before()).map_or(0, |line| line.balance);
        let Booking { key, text, cents } = booking;
        lines.insert(key, Line { text, cents, balance: before + cents });
        Ok(())
    }
}
