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
