//! What one process tells the others: where partitions end now.

use std::collections::BTreeMap;

use annals::{Partition, Position};

/// A payload must be shorter than 8,000 bytes.
const MOST: usize = 7_999;
/// Stands for more than fits.
const ANYTHING: &str = "all";

/// The ends of some partitions, as `0=17,3=42`; or that something has happened.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum News {
    Ends(BTreeMap<Partition, Position>),
    Anything,
}

impl News {
    pub(super) fn write(ends: &BTreeMap<Partition, Position>) -> String {
        let ends: Vec<_> =
            ends.iter().map(|(p, end)| format!("{}={}", p.get(), end.get())).collect();
        let text = ends.join(",");
        if text.len() > MOST { ANYTHING.to_owned() } else { text }
    }

    /// Whatever cannot be read, as of a later version, may mean anything.
    pub(super) fn read(text: &str) -> Self {
        let end = |text: &str| {
            let (partition, end) = text.split_once('=')?;
            Some((Partition::new(partition.parse().ok()?), Position::new(end.parse().ok()?)))
        };
        text.split(',').map(end).collect::<Option<_>>().map_or(News::Anything, News::Ends)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(count: u16, end: u64) -> BTreeMap<Partition, Position> {
        (0..count).map(|p| (Partition::new(p), Position::new(end))).collect()
    }

    #[test]
    fn what_was_written_is_read() {
        for count in [1, 2, 300] {
            let ends = ends(count, 4_711);
            assert_eq!(News::read(&News::write(&ends)), News::Ends(ends));
        }
    }

    #[test]
    fn what_does_not_fit_may_mean_anything() {
        let text = News::write(&ends(1_024, u64::MAX));
        assert!(text.len() <= MOST);
        assert_eq!(News::read(&text), News::Anything);
        let (least, most) = (ends(363, u64::MAX), News::write(&ends(300, u64::MAX)));
        assert!(most.len() <= MOST && News::read(&most) != News::Anything);
        assert_eq!(News::write(&least), ANYTHING);
    }

    #[test]
    fn what_cannot_be_read_may_mean_anything() {
        for text in ["", "all", "0", "0=", "=1", "0=1,", "70000=1", "0=-1", "0=1;1=2"] {
            assert_eq!(News::read(text), News::Anything, "{text}");
        }
    }
}
