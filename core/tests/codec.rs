//! What could not be read back is refused before it is written, so that no
//! command can make its stream unreadable.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in tests an unwrap is an assertion")]

use std::collections::BTreeMap;

use annals::codec::InvalidPayload;
use annals::{Aggregate, Codec, EncodeReason, Event, ExecuteError, Payload, Repository};
use annals_memory::MemoryStore;
use serde::{Deserialize, Serialize};

type Labels = BTreeMap<String, String>;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(prefix = "parcel")]
enum ParcelEvent {
    Labelled {
        id: u64,
        #[serde(flatten)]
        labels: Labels,
    },
    Noted(Note),
    Limited {
        limit: Option<Option<u64>>,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Note {
    Labels(Labels),
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Parcel(Vec<ParcelEvent>);

impl Aggregate for Parcel {
    const CATEGORY: &'static str = "parcel";
    type Id = str;
    type Event = ParcelEvent;

    fn evolve(&mut self, event: &ParcelEvent) {
        self.0.push(event.clone());
    }
}

fn labels(key: &str) -> Labels {
    BTreeMap::from([(key.to_owned(), "secret".to_owned())])
}

/// Tries to write an event with every codec, and reads the stream again.
async fn outcome(event: ParcelEvent) -> Option<InvalidPayload> {
    let codecs = [
        Codec::Json,
        #[cfg(feature = "msgpack")]
        Codec::MessagePack,
    ];
    let mut outcomes = Vec::new();
    for codec in codecs {
        let parcels = Repository::<Parcel>::new(MemoryStore::builder().codec(codec).build());
        let done = parcels.update("1", |_| event.clone()).await;
        let state = parcels.load("1").await.unwrap().state;
        outcomes.push(match done {
            Ok(done) => {
                assert_eq!(state, done.state, "{codec}");
                None
            }
            Err(ExecuteError::Encode(error)) => match error.reason {
                EncodeReason::Payload(invalid) => {
                    assert!(!format!("{invalid} {invalid:?}").contains("secret"));
                    Some(invalid)
                }
                other => panic!("{codec}: {other:?}"),
            },
            Err(other) => panic!("{codec}: {other:?}"),
        });
    }
    outcomes.dedup();
    assert_eq!(outcomes.len(), 1, "the codecs agree");
    outcomes.remove(0)
}

#[tokio::test]
async fn a_flattened_key_that_is_called_like_a_field_is_refused() {
    let labelled = |key| ParcelEvent::Labelled { id: 1, labels: labels(key) };
    assert_eq!(outcome(labelled("id")).await, Some(InvalidPayload::DuplicateKey));
    assert_eq!(outcome(labelled("ids")).await, None);
}

#[tokio::test]
async fn a_key_that_is_called_like_the_tag_is_refused() {
    let noted = |key| ParcelEvent::Noted(Note::Labels(labels(key)));
    assert_eq!(outcome(noted("kind")).await, Some(InvalidPayload::DuplicateKey));
    assert_eq!(outcome(noted("king")).await, None);
}

#[tokio::test]
async fn some_of_nothing_is_refused() {
    let limited = |limit| ParcelEvent::Limited { limit };
    assert_eq!(outcome(limited(Some(None))).await, Some(InvalidPayload::NullInSome));
    assert_eq!(outcome(limited(None)).await, None);
    assert_eq!(outcome(limited(Some(Some(1)))).await, None);
}

#[tokio::test]
async fn an_event_that_its_own_type_does_not_read_back_is_not_written() {
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
    #[event(prefix = "shelf")]
    enum ShelfEvent {
        Counted {
            #[serde(flatten)]
            pieces: BTreeMap<u32, u64>,
        },
    }
    #[derive(Debug, Default)]
    struct Shelf;
    impl Aggregate for Shelf {
        const CATEGORY: &'static str = "shelf";
        type Id = str;
        type Event = ShelfEvent;
        fn evolve(&mut self, _: &ShelfEvent) {}
    }
    let shelves = Repository::<Shelf>::new(MemoryStore::new());
    let pieces = BTreeMap::from([(7, 4711)]);
    let counted = ShelfEvent::Counted { pieces };
    let refused = shelves.update("1", |_| counted.clone()).await.unwrap_err();
    let ExecuteError::Encode(error) = refused else { panic!("{refused:?}") };
    assert!(matches!(error.reason, EncodeReason::Unreadable { .. }), "{error:?}");
    assert!(!error.to_string().contains("4711"), "{error}");
    assert_eq!(shelves.load("1").await.unwrap().version, annals::Version::NONE);
}

#[test]
fn a_serialize_that_announces_another_length_is_refused() {
    struct Lies;
    impl Serialize for Lies {
        fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            use serde::ser::SerializeMap;
            let mut map = to.serialize_map(Some(0))?;
            map.serialize_entry("a", &1)?;
            map.end()
        }
    }
    #[derive(Serialize)]
    struct Within {
        lies: Lies,
        truth: u8,
    }
    let within = Payload::encode(Codec::Json, &Within { lies: Lies, truth: 1 });
    for refused in [Payload::encode(Codec::Json, &Lies), within] {
        assert!(matches!(refused, Err(InvalidPayload::Serialize { .. })), "{refused:?}");
    }
}
