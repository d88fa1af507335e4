#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use annals::read_model::KeyKind;
use annals::{Event, Partition, Recorded};
use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::Keys;
use crate::local::frame::Parts;

#[derive(serde::Serialize, Deserialize, Event)]
#[event(prefix = "sum")]
enum SumEvent {
    Added,
}

#[derive(Debug, Default, Clone, PartialEq, serde::Serialize, Deserialize)]
struct Sum(u64);

impl View for Sum {
    const NAME: &'static str = "sums";
    type Key = i64;
    type Event = SumEvent;

    fn keys(_: &Recorded<SumEvent>) -> Keys<i64> {
        Keys::none()
    }

    fn evolve(&mut self, _: &i64, _: &Recorded<SumEvent>) {}
}

fn begin(documents: &Documents<Sum>, format: &SnapshotFormat<Sum>, most: usize) -> Copy<Sum> {
    let log = LogId::new();
    let places = vec![Checkpoint::start(log, Partition::FIRST)];
    Copy::begin(log, places, documents, format.codecs()[0], most)
}

fn read(bytes: &[u8], format: &SnapshotFormat<Sum>) -> Documents<Sum> {
    let (header, mut parts) = Parts::open(bytes, KeyKind::Integer).unwrap();
    assert_eq!(header.places.len(), 1);
    let mut documents = Documents::new();
    while let Some((key, bytes)) = parts.next().unwrap() {
        let document = format.read(format.codecs()[0].id(), bytes).unwrap();
        let twice = documents.put(restored(key).unwrap(), document);
        assert_eq!(twice, None, "written twice");
    }
    assert_eq!(documents.len() as u64, parts.documents());
    documents
}

/// What happens while a copy is written.
#[derive(Debug, Clone)]
enum Step {
    Change(i64, u64),
    Remove(i64),
    Piece(usize),
}

proptest! {
    #[test]
    fn a_copy_holds_the_documents_of_the_moment_in_which_it_began(
        first in proptest::collection::btree_map(0i64..12, 0u64..100, 0..12),
        steps in proptest::collection::vec(prop_oneof![
            (-2i64..14, 0u64..100).prop_map(|(key, sum)| Step::Change(key, sum)),
            (-2i64..14).prop_map(Step::Remove),
            (1usize..4).prop_map(Step::Piece),
        ], 0..40),
    ) {
        let format = SnapshotFormat::of(&Sum::default(), None);
        let mut documents = Documents::new();
        for (key, sum) in first {
            documents.put(key, Sum(sum));
        }
        let then: Vec<_> = documents.iter().map(|(key, sum)| (*key, sum.clone())).collect();
        let mut copy = begin(&documents, &format, usize::MAX);
        for step in steps {
            match step {
                Step::Change(key, sum) => {
                    copy.before(&key, documents.get(&key), &format);
                    documents.put(key, Sum(sum));
                }
                Step::Remove(key) => {
                    copy.before(&key, documents.get(&key), &format);
                    documents.take(&key);
                }
                Step::Piece(most) => drop(copy.piece(&documents, &format, most)),
            }
        }
        while !copy.piece(&documents, &format, 3) {}
        let read: Vec<_> = read(&copy.end().unwrap(), &format).into_iter().collect();
        prop_assert_eq!(read, then);
    }
}

#[test]
fn a_copy_that_grows_too_large_is_given_up() {
    let format = SnapshotFormat::of(&Sum::default(), None);
    let mut documents = Documents::new();
    for key in 0..100 {
        documents.put(key, Sum(1));
    }
    let mut copy = begin(&documents, &format, 1_000);
    assert!(copy.piece(&documents, &format, PIECE), "it goes no further");
    assert_eq!(copy.end(), Err(CopyError::TooLarge));
}

#[test]
fn a_snapshot_that_was_cut_or_changed_is_noticed() {
    let format = SnapshotFormat::of(&Sum::default(), None);
    let mut documents = Documents::new();
    documents.put(7, Sum(5));
    let mut copy = begin(&documents, &format, usize::MAX);
    copy.piece(&documents, &format, PIECE);
    let whole = copy.end().unwrap();
    assert!(Parts::open(&whole, KeyKind::Integer).is_some());
    for at in 0..whole.len() {
        assert!(Parts::open(&whole[..at], KeyKind::Integer).is_none(), "cut at {at}");
        let mut changed = whole.clone();
        changed[at] ^= 1;
        assert!(Parts::open(&changed, KeyKind::Integer).is_none(), "changed at {at}");
    }
}
