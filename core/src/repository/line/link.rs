//! One append of a line, from its beginning to its end.

use std::sync::Arc;

use crate::fold::Folded;
use crate::repository::line::{Chain, Footing, Line, Tip};
use crate::{Checkpoint, Version};

/// An append that is under way. Dropped before it has ended, it may still be
/// written: the appends behind it will tell. Where there is none yet, its state
/// stays for one that will be.
pub(crate) struct Link<'a, A> {
    line: &'a Line<A>,
    footing: Option<Footing>,
    chain: u64,
    append: u64,
    /// The version that it makes.
    version: Version,
    /// Whether it began while no other append of the line was under way.
    alone: bool,
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
        let alone = chain.under_way == 0;
        chain.under_way += 1;
        let (append, version) = (chain.begun, base.advanced_by(events));
        Link { line: self, footing, chain: number, append, version, alone }
    }
}

impl<A> Link<'_, A> {
    /// Lets others decide on the state that this append will leave, unless what
    /// it rests on has failed meanwhile.
    pub(crate) fn offer(&self, folded: Folded<A>) {
        let mut chain = self.line.chain();
        if chain.number == self.chain {
            chain.tip =
                Some(Tip { folded: Arc::new(folded), append: self.append, orphaned: false });
        }
    }

    /// The append is committed, and the cache has been told.
    pub(crate) fn committed(self, checkpoint: Checkpoint) {
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

    /// The append conflicted. Says whether others were faster: it rested on what
    /// is known to be committed, and no append of this line was under way that
    /// could have come before it. Else it is likely that its base has failed,
    /// and this append could not but fail with it.
    pub(crate) fn was_overtaken(&self) -> bool {
        let chain = self.line.chain();
        self.footing.map_or(self.alone, |footing| {
            chain.number == footing.chain && chain.committed_at(footing.version).is_some()
        })
    }

    /// Nothing was written, and so nothing will be of what was decided behind it.
    pub(crate) fn failed(self) {
        self.end_chain(&mut self.line.chain());
    }

    fn end_chain(&self, chain: &mut Chain<A>) {
        // A commit behind this append shows that it was written after all.
        if chain.number == self.chain && chain.committed_at(self.version).is_none() {
            chain.end();
            self.line.news.notify_waiters();
        }
    }
}

impl<A> Drop for Link<'_, A> {
    fn drop(&mut self) {
        let mut chain = self.line.chain();
        chain.under_way -= 1;
        if chain.begun != self.append || chain.committed_at(self.version).is_some() {
            return;
        }
        match &mut chain.tip {
            Some(tip) if tip.append == self.append => {
                tip.orphaned = true;
                self.line.news.notify_waiters();
            }
            // Nobody was shown what it leaves, so nobody can stand behind it.
            _ => self.end_chain(&mut chain),
        }
    }
}
