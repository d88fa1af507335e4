//! What is known of the end of one partition.

use std::sync::atomic::{AtomicUsize, Ordering};

use annals::{EventId, Position};
use tokio::sync::watch;

/// The last event of a partition: its position and its id.
pub(crate) type End = Option<(Position, EventId)>;

/// Tells those who wait in a partition what is said of its end, and what was seen.
#[derive(Default)]
pub(super) struct Board {
    pub(super) waiting: AtomicUsize,
    pub(super) signal: watch::Sender<Signal>,
}

#[derive(Debug, Default)]
pub(super) struct Signal {
    /// What a writer said last, until a look shows it or shows that it is not true.
    pub(super) hinted: Position,
    /// How often it was looked.
    pub(super) looks: u64,
    /// What the last look has shown.
    pub(super) seen: Seen,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// Looking fails in a way that does not pass: whoever waits shall find out why.
    #[default]
    Failure,
    End(End),
}

impl Board {
    pub(super) fn waited_for(&self) -> bool {
        self.waiting.load(Ordering::SeqCst) > 0
    }

    pub(super) fn hinted(&self) -> Position {
        self.signal.borrow().hinted
    }

    pub(super) fn hint(&self, end: Position) {
        self.signal.send_if_modified(|signal| {
            let newer = end > signal.hinted;
            signal.hinted = end.max(signal.hinted);
            newer
        });
    }

    /// The partition was seen to end here; `mark` is the hint before it was looked.
    ///
    /// A hint that was not confirmed is forgotten: a tail may have been lost, and the
    /// next hints will be lower. Where the server may be behind it is `expected`
    /// still; returns whether it is.
    pub(super) fn seen(&self, end: End, mark: Position, expected: bool) -> bool {
        let position = end.map_or(Position::START, |(position, _)| position);
        let mut expects = false;
        // Each look is announced, also one that shows the same as the one before: who
        // waits may have moved meanwhile, and the log may have moved back.
        self.signal.send_modify(|signal| {
            signal.looks += 1;
            signal.seen = Seen::End(end);
            expects = expected && signal.hinted > position;
            if !expects && signal.hinted == mark {
                signal.hinted = position;
            }
        });
        expects
    }

    pub(super) fn failed(&self) {
        self.signal.send_modify(|signal| {
            signal.looks += 1;
            signal.seen = Seen::Failure;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(position: u64) -> Position {
        Position::new(position)
    }

    #[test]
    fn a_hint_that_a_look_does_not_confirm_is_forgotten() {
        let board = Board::default();
        board.hint(at(9));
        assert!(!board.seen(Some((at(4), EventId::new())), at(9), false));
        assert_eq!(board.hinted(), at(4));
    }

    #[test]
    fn a_hint_that_came_during_a_look_is_kept() {
        let board = Board::default();
        let mark = board.hinted();
        board.hint(at(9));
        board.seen(None, mark, false);
        assert_eq!(board.hinted(), at(9));
    }

    #[test]
    fn a_hint_is_expected_on_a_server_that_may_be_behind() {
        let board = Board::default();
        board.hint(at(9));
        assert!(board.seen(Some((at(4), EventId::new())), at(9), true));
        assert_eq!(board.hinted(), at(9));
        assert!(!board.seen(Some((at(9), EventId::new())), at(9), true));
    }
}
