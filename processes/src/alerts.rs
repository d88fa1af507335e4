//! What should have been done long since, or waits for a person.

use std::time::Duration;

use annals::{Clock, EventStore, Partition, SystemClock};
use annals_projections::QueryError;
use time::OffsetDateTime;

use crate::agenda::{self, Agenda};
use crate::engine::{DECISION, EVENTS};
use crate::operations::ProcessOperations;
use crate::step::Task;

/// How many tasks are looked at at once.
const PAGE: u64 = 100;

/// Something that an instance waits for, and should not.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// The process.
    pub process: String,
    /// The key of the instance.
    pub instance: String,
    /// What is not done: a command or a timer that is late, a decision that somebody has to
    /// make, or events that have not come in [time](crate::Process::PATIENCE).
    pub task: Task,
}

impl Alert {
    /// Whether somebody has to decide.
    #[must_use]
    pub fn is_decision(&self) -> bool {
        self.task.kind == DECISION
    }

    /// Since when it is due.
    #[must_use]
    pub fn since(&self) -> OffsetDateTime {
        self.task.due
    }
}

impl ProcessOperations {
    /// What waits for a person's decision, what waits for events beyond the
    /// [patience](crate::Process::PATIENCE) of its process, and what has been due for longer than
    /// `late`: because no worker is there that knows the process, its circuit is open, it fails
    /// again and again.
    /// The oldest first within each partition, process and kind; `limit` at most.
    ///
    /// It costs one question for each partition, process and kind, and each page of alerts,
    /// however much else is waiting.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub async fn alerts(&self, late: Duration, limit: usize) -> Result<Vec<Alert>, QueryError> {
        let late = time::Duration::try_from(late).unwrap_or(time::Duration::MAX);
        let now = SystemClock.now();
        let late = now.checked_sub(late).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let mut alerts = Vec::new();
        for partition in self.log.log().partitions.iter() {
            self.alerts_in(partition, Since { late, now }, limit, &mut alerts).await?;
        }
        Ok(alerts)
    }

    async fn alerts_in(
        &self,
        partition: Partition,
        since: Since,
        limit: usize,
        alerts: &mut Vec<Alert>,
    ) -> Result<(), QueryError> {
        let mut behind = agenda::before(partition);
        let end = agenda::after(partition);
        while alerts.len() < limit {
            let page = self.views.page::<Agenda>(Some(&behind), PAGE).await?;
            if page.is_empty() {
                return Ok(());
            }
            for (place, item) in page {
                if place >= end || alerts.len() == limit {
                    return Ok(());
                }
                let Some((process, kind, due)) = agenda::read_place(&place) else { continue };
                if !since.tells(kind, due) {
                    behind = agenda::behind(partition, process, kind);
                    break;
                }
                let process = process.to_owned();
                behind.clone_from(&place);
                let Agenda { instance, task: Some(task), .. } = item else { continue };
                alerts.push(Alert { process, instance, task });
            }
        }
        Ok(())
    }
}

/// What is an alert by when it was due.
#[derive(Clone, Copy)]
struct Since {
    late: OffsetDateTime,
    now: OffsetDateTime,
}

impl Since {
    /// What is for people is told at once, however late something else may be.
    fn tells(self, kind: &str, due: i128) -> bool {
        match kind {
            DECISION => true,
            EVENTS => agenda::is_due(due, self.now),
            _ => agenda::is_due(due, self.late),
        }
    }
}
