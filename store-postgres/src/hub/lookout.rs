//! Looks where the partitions end, for all who wait.

use std::sync::{Arc, Weak};
use std::time::Duration;

use annals::{EventId, Partition, Position};
use sqlx::Row;
use tokio::time::{Instant, sleep};

use crate::error::{Failure, read_error};
use crate::hub::{End, Hub, LEAST, Ways, listen};
use crate::row::unsigned;

/// How long the lookout stays when nobody waits: readers who handle events come back.
const LINGER: Duration = Duration::from_secs(5);

/// Looks and listens until nobody has waited for a while, or the hub is gone.
pub(super) async fn watch(hub: Weak<Hub>, ways: Arc<Ways>) {
    tokio::select! {
        () = look(&hub, &ways) => {}
        () = listen::listen(&hub, &ways) => {}
    }
}

async fn look(hub: &Weak<Hub>, ways: &Ways) {
    let mut waited = Instant::now();
    let mut soon = LEAST;
    let mut failing = false;
    loop {
        let asked = match hub.upgrade() {
            Some(hub) => hub.asked(),
            None => return,
        };
        if !asked.is_empty() {
            waited = Instant::now();
        } else if waited.elapsed() > LINGER && hub.upgrade().is_none_or(|hub| hub.retire()) {
            return;
        }
        let interval = ways.interval();
        let ends = ends(ways, &asked).await;
        report(&ends, &mut failing);
        let Some(hub) = hub.upgrade() else { return };
        // A hint may come before a standby has the event: it is looked for in growing
        // steps, up to the interval, and then no more.
        let expected = ways.standby && soon < interval;
        let expects = hub.answer(&asked, ends, expected);
        drop(hub);
        soon = if expects { soon * 2 } else { LEAST };
        sleep(LEAST).await;
        tokio::select! {
            () = sleep(if expects { soon.min(interval) } else { interval }) => {}
            () = ways.bell.notified() => {}
        }
    }
}

/// A partition for which somebody waits, and what was hinted of it.
struct Asked {
    partition: Partition,
    mark: Position,
}

impl Hub {
    fn asked(&self) -> Vec<Asked> {
        let boards = self.boards.iter().zip(0..);
        let waited = boards.filter(|(board, _)| board.waited_for());
        waited
            .map(|(board, nth)| Asked { partition: Partition::new(nth), mark: board.hinted() })
            .collect()
    }

    /// Tells those who wait; returns whether more is expected.
    fn answer(&self, asked: &[Asked], ends: sqlx::Result<Vec<End>>, expected: bool) -> bool {
        let boards = asked.iter().filter_map(|asked| self.boards.get(asked.partition.index()));
        match ends {
            Ok(ends) => {
                let mut expects = false;
                for ((board, asked), end) in boards.zip(asked).zip(ends) {
                    expects |= board.seen(end, asked.mark, expected);
                }
                expects
            }
            Err(error) => {
                if !read_error(error).is_transient() {
                    boards.for_each(super::board::Board::failed);
                }
                false
            }
        }
    }
}

/// Where the partitions end, in their order.
async fn ends(ways: &Ways, asked: &[Asked]) -> sqlx::Result<Vec<End>> {
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let partitions: Vec<i16> = asked.iter().map(|a| a.partition.get().cast_signed()).collect();
    let query = || ways.followed.sql.log_ends.query().bind(partitions.clone());
    let rows = ways.followed.read(query).await?;
    let mut ends = vec![None; asked.len()];
    for row in rows {
        let partition: i16 = row.try_get(0)?;
        let position = Position::new(unsigned(row.try_get(1)?));
        let id = EventId::from_uuid(row.try_get(2)?);
        if let Some(nth) = partitions.iter().position(|p| *p == partition) {
            ends[nth] = Some((position, id));
        }
    }
    Ok(ends)
}

/// Says once that looking fails, and once that it works again.
fn report(ends: &sqlx::Result<Vec<End>>, failing: &mut bool) {
    let failed = ends.as_ref().err();
    match failed {
        Some(error) if !*failing => {
            let error = Failure::new(error);
            tracing::warn!(target: "annals", %error, "cannot look for new events: trying again");
        }
        None if *failing => tracing::info!(target: "annals", "looking for new events again"),
        _ => {}
    }
    *failing = failed.is_some();
}
