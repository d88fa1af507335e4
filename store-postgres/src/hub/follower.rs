//! One who follows a partition.

use std::sync::Arc;

use annals::{Partition, Position};
use tokio::sync::watch;

use crate::hub::board::{Seen, Signal};
use crate::hub::{End, Hub};

/// Follows a partition: is told when it is worth a look.
///
/// It begins before the first look, so that what happens between a look and the wait
/// behind it is not missed.
pub(crate) struct Follower {
    hub: Arc<Hub>,
    partition: Partition,
    /// None if the log has no such partition.
    signal: Option<watch::Receiver<Signal>>,
    /// How often it was looked, when it was last considered.
    looks: u64,
    /// The hint for which the bell was rung last.
    rung: Position,
}

impl Follower {
    pub(crate) fn new(hub: &Arc<Hub>, partition: Partition) -> Self {
        let signal = hub.boards.get(partition.index()).map(|board| board.signal.subscribe());
        let looks = signal.as_ref().map_or(0, |signal| signal.borrow().looks);
        Self { hub: hub.clone(), partition, signal, looks, rung: Position::START }
    }

    /// Waits until the partition seems to go on behind `after`, or not to end with
    /// the event `known` any more. It is a hint: whoever is woken looks, and may find
    /// nothing. Dropping the future stops waiting.
    pub(crate) async fn wait(&mut self, known: End, after: Position) {
        let hub = self.hub.clone();
        let _waiting = hub.enter(self.partition);
        loop {
            // Only what is new is considered: what was there has been looked at.
            let changed = match &mut self.signal {
                Some(signal) => signal.changed().await,
                None => return,
            };
            if changed.is_err() || self.wakes(known, after) {
                return;
            }
        }
    }

    /// How many events there may be behind `after`, as far as a writer has said so.
    pub(crate) fn expects(&self, after: Position) -> Option<u64> {
        let hinted = self.signal.as_ref()?.borrow().hinted;
        hinted.get().checked_sub(after.get()).filter(|events| *events > 0)
    }

    fn wakes(&mut self, known: End, after: Position) -> bool {
        let Some(signal) = &mut self.signal else { return true };
        let signal = signal.borrow_and_update();
        let looked = std::mem::replace(&mut self.looks, signal.looks) != signal.looks;
        if signal.hinted > after {
            if !self.hub.ways.standby {
                return true;
            }
            // The standby may not have it yet: the lookout waits for it, for all.
            if std::mem::replace(&mut self.rung, signal.hinted) != signal.hinted {
                self.hub.ways.bell.notify_one();
            }
        }
        // An end before the known event, or another event in its place, is a lost tail.
        looked && signal.seen != Seen::End(known)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use annals::LogId;
    use annals::store::LogInfo;
    use sqlx::PgPool;

    use super::*;
    use crate::options::{PostgresStoreBuilder, Source};
    use crate::page::Pages;
    use crate::sql::{Schema, Sql};

    /// A hub whose server never answers.
    fn hub() -> Arc<Hub> {
        let settings = PostgresStoreBuilder::new(Source::Url(String::new())).settings;
        let pool = PgPool::connect_lazy("postgres://nobody@192.0.2.1/none").unwrap();
        let pages = Pages::new(pool, Arc::new(Sql::new(&Schema::default())), &settings);
        let info = LogInfo::new(LogId::from_uuid(uuid::Uuid::now_v7()));
        Hub::new(&info, &settings, pages.clone(), pages, None)
    }

    #[tokio::test]
    async fn a_hint_between_a_look_and_the_wait_behind_it_is_not_missed() {
        let hub = hub();
        let mut follower = Follower::new(&hub, Partition::FIRST);
        hub.hint(Partition::FIRST, Position::new(1));
        let woken = follower.wait(None, Position::START);
        tokio::time::timeout(Duration::from_secs(20), woken).await.unwrap();
    }

    #[tokio::test]
    async fn a_hint_that_was_looked_at_wakes_nobody_again() {
        let hub = hub();
        let mut follower = Follower::new(&hub, Partition::FIRST);
        hub.hint(Partition::FIRST, Position::new(9));
        follower.wait(None, Position::START).await;
        // The look has found nothing: the tail was lost.
        let again = follower.wait(None, Position::START);
        assert!(tokio::time::timeout(Duration::from_millis(100), again).await.is_err());
    }
}
