//! One append of a line, from its beginning to its end.

use std::sync::Arc;

use crate::fold::Folded;
use crate::repository::line::{Footing, Line, Tip};
use crate::{Checkpoint, Version};

/// An append that is under way. Dropped before it is known to be committed, it
/// breaks the chain: what became of it is for the appends behind it to see.
pub(crate) struct Link<'a, A> {
    line: &'a Line<A>,
    footing: Option<Footing>,
    chain: u64,
    append: u64,
    /// The version that it makes.
    version: Version,
    ended: bool,
}

impl<A> Line<A> {
    /// Begins an append of so many events behind a base; the caller has the
    /// turn. A base without a footing comes from the log or the cache.
    pub(crate) fn begin(
        &self,
        footing: Option<Footing>,
        base: Version,
        events: u64,
    ) -> Link<'_, A> {
        let mut chain = self.chain();
        chain.begun += 1;
        if footing.is_none() {
            // Without a tip all of the chain is committed, and may go on, unless
            // the log has lost a part of it.
            let known = chain.committed.is_none_or(|(version, _)| version <= base);
            if chain.tip.is_some() || !known {
                let read = chain.read == chain.number;
                chain.end();
                chain.read += u64::from(read);
                self.news.notify_waiters();
            }
        }
        // Whoever comes next must not decide on what this append will replace.
        let number = footing.map_or(chain.number, |footing| footing.chain);
        if number == chain.number {
            chain.tip = None;
        }
        let (append, version) = (chain.begun, base.advanced_by(events));
        Link { line: self, footing, chain: number, append, version, ended: false }
    }
}

impl<A> Link<'_, A> {
    /// Lets others decide on the state that this append will leave, unless what
    /// it rests on has failed meanwhile.
    pub(crate) fn offer(&self, folded: Folded<A>) {
        let mut chain = self.line.chain();
        if chain.number == self.chain {
            chain.tip = Some(Tip { folded: Arc::new(folded), append: self.append });
        }
    }

    /// The append is committed, and the cache has been told.
    pub(crate) fn committed(mut self, checkpoint: Checkpoint) {
        self.ended = true;
        let mut chain = self.line.chain();
        if chain.number != self.chain {
            return;
        }
        if chain.committed.is_none_or(|(version, _)| version < self.version) {
            chain.committed = Some((self.version, checkpoint));
        }
        // What is committed is taken from the cache, where it is confirmed
        // before it is believed: a writer elsewhere may have come behind it.
        chain.tip.take_if(|tip| tip.append == self.append);
        self.line.news.notify_waiters();
    }

    /// The append conflicted. Says whether what it rested on is committed, so
    /// that others were faster; else it is likely that its base has failed, and
    /// this append could not but fail with it.
    pub(crate) fn was_overtaken(&self) -> bool {
        let chain = self.line.chain();
        self.footing.is_none_or(|footing| {
            chain.number == footing.chain && chain.committed_at(footing.version).is_some()
        })
    }

    fn break_chain(&self) {
        let mut chain = self.line.chain();
        // A commit behind this append shows that it was written after all.
        if chain.number == self.chain && chain.committed_at(self.version).is_none() {
            chain.end();
            self.line.news.notify_waiters();
        }
    }
}

impl<A> Drop for Link<'_, A> {
    fn drop(&mut self) {
        if !self.ended {
            self.break_chain();
        }
    }
}
