//! Who waits for new events is told of them here: by the store's own writer, by other
//! processes, or by looking now and then.

use std::sync::Arc;
use std::time::Duration;

use annals::store::LogInfo;
use annals::{Partition, Position};
use tokio::sync::watch;

use crate::options::Settings;
use crate::page::Pages;

/// How often it is looked for new events where nobody tells.
const POLL: Duration = Duration::from_millis(100);

/// The ends of the partitions, as far as they are known.
pub(crate) struct Hub {
    ends: Vec<watch::Sender<Position>>,
    poll: Duration,
}

impl Hub {
    pub(crate) fn new(info: &LogInfo, settings: &Settings, _primary: Pages, _followed: Pages) -> Arc<Self> {
        let ends = info.partitions.iter().map(|_| watch::Sender::new(Position::START)).collect();
        Arc::new(Self { ends, poll: settings.poll_interval.unwrap_or(POLL) })
    }

    /// The store's own writer has appended up to here.
    pub(crate) fn grown(&self, partition: Partition, end: Position) {
        if let Some(known) = self.ends.get(partition.index()) {
            known.send_if_modified(|known| {
                let newer = end > *known;
                *known = end.max(*known);
                newer
            });
        }
    }

    /// Waits until something may stand behind `after`. It is a hint: whoever is woken
    /// looks, and may find nothing.
    pub(crate) async fn wait(&self, partition: Partition, after: Position) {
        let Some(known) = self.ends.get(partition.index()) else { return };
        let mut known = known.subscribe();
        let grown = known.wait_for(|end| *end > after);
        drop(tokio::time::timeout(self.poll, grown).await);
    }
}
