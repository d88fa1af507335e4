//! The line in which the commands on one hot aggregate wait, and the states
//! that they hand to each other before these are committed.
//!
//! The calls of a line take turns. Whose turn it is decides on the tip, the
//! state that the append of the call before would leave, begins an append of its
//! own behind it, and passes the turn on without waiting for either. So many
//! appends are under way at once, and a store commits them together.
//!
//! Nothing rests on the order in which they reach the store: each names the
//! version and the event behind which it stands, so that it is written behind
//! what it was decided on, or not at all.

mod lines;
mod link;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, Semaphore, SemaphorePermit};

pub(crate) use lines::Lines;
pub(crate) use link::Link;

use crate::fold::Folded;
use crate::{Checkpoint, Version};

/// How many calls may be in one line, and so how many may be decided ahead of
/// the last commit. Further ones wait at its end until another call has ended.
const LONGEST: usize = 256;

/// The calls that are under way on one aggregate.
pub(crate) struct Line<A> {
    room: Semaphore,
    turn: tokio::sync::Mutex<()>,
    chain: Mutex<Chain<A>>,
    /// Told whenever an append of the chain was committed, or the chain broke.
    news: Notify,
}

/// Appends of a line, each decided on what the one before it leaves.
struct Chain<A> {
    /// Raised when the chain breaks: what was decided on it may mean nothing.
    number: u64,
    /// The chain that began with what the log holds. Another one has to read on
    /// first: why the last one broke is in the log.
    read: u64,
    /// How many appends the line has begun.
    begun: u64,
    /// How many of these have not ended.
    under_way: usize,
    /// The state behind the last append, until that is known to be committed:
    /// then the state is in the cache.
    tip: Option<Tip<A>>,
    /// How far the chain is known to be committed. Each append stands behind the
    /// one before it, so that one commit speaks for all that came earlier.
    committed: Option<(Version, Checkpoint)>,
}

struct Tip<A> {
    folded: Arc<Folded<A>>,
    append: u64,
    /// The call was dropped, or ended in doubt: its append may be written, and
    /// only one behind it can tell.
    orphaned: bool,
}

/// The right to decide next.
pub(crate) type Turn<'a> = tokio::sync::MutexGuard<'a, ()>;

/// The append on which a state rests that was not known to be committed when it
/// was taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Footing {
    chain: u64,
    version: Version,
    append: u64,
}

impl Footing {
    /// Whether its append began after the line was at this mark.
    pub(crate) fn began_after(&self, mark: Mark) -> bool {
        self.append > mark.0
    }
}

/// A moment in the life of a line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark(u64);

impl<A> Line<A> {
    fn new() -> Self {
        let chain =
            Chain { number: 0, read: 0, begun: 0, under_way: 0, tip: None, committed: None };
        Self {
            room: Semaphore::new(LONGEST),
            turn: tokio::sync::Mutex::default(),
            chain: Mutex::new(chain),
            news: Notify::new(),
        }
    }

    /// Waits until the line is short enough to join it; in order of arrival.
    /// `None` never comes, because nobody closes the line.
    pub(crate) async fn room(&self) -> Option<SemaphorePermit<'_>> {
        self.room.acquire().await.ok()
    }

    /// Waits until it is the caller's turn; in order of arrival.
    pub(crate) async fn turn(&self) -> Turn<'_> {
        self.turn.lock().await
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark(self.chain().begun)
    }

    /// The uncommitted state on which to decide, if there is one that fits.
    pub(crate) fn tip(
        &self,
        fits: impl FnOnce(&Folded<A>) -> bool,
    ) -> Option<(Arc<Folded<A>>, Footing)> {
        let chain = self.chain();
        let tip = chain.tip.as_ref().filter(|tip| fits(&tip.folded))?;
        let (version, append) = (tip.folded.version, tip.append);
        Some((tip.folded.clone(), Footing { chain: chain.number, version, append }))
    }

    /// The broken chain behind which nobody has read the log yet, if there is
    /// one; to be handed to [`Line::has_read`] by who reads.
    pub(crate) fn unread(&self) -> Option<u64> {
        let chain = self.chain();
        (chain.read != chain.number).then_some(chain.number)
    }

    /// A chain that broke during the reading is still unread.
    pub(crate) fn has_read(&self, chain: u64) {
        let mut known = self.chain();
        known.read = known.read.max(chain);
    }

    /// Waits until the footing is known to be committed, and says up to where
    /// the log is; `None` if the chain has broken, so that it may not be. Where
    /// nobody is left to tell, the chain is broken here.
    pub(crate) async fn settled(&self, footing: Footing) -> Option<Checkpoint> {
        loop {
            let mut news = std::pin::pin!(self.news.notified());
            // From here on no news is missed.
            news.as_mut().enable();
            {
                let mut chain = self.chain();
                if chain.number != footing.chain {
                    return None;
                }
                if let Some(checkpoint) = chain.committed_at(footing.version) {
                    return Some(checkpoint);
                }
                if chain.tip.as_ref().is_some_and(|tip| tip.orphaned) {
                    chain.end();
                    self.news.notify_waiters();
                    return None;
                }
            }
            news.await;
        }
    }

    /// What is done under the lock is done or not, whatever panicked beside it.
    fn chain(&self) -> MutexGuard<'_, Chain<A>> {
        self.chain.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<A> Chain<A> {
    /// Where the log is known to be, if that is at this version or behind it.
    fn committed_at(&self, version: Version) -> Option<Checkpoint> {
        let committed = self.committed.filter(|(committed, _)| *committed >= version);
        committed.map(|(_, checkpoint)| checkpoint)
    }

    /// Nobody decides on its tip any more.
    fn end(&mut self) {
        self.number += 1;
        self.tip = None;
        self.committed = None;
    }
}
