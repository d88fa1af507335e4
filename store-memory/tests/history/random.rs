//! Whatever was recorded, it comes through.

use annals::history;
use annals::store::{Append, NewEvent};
use annals::{Codec, EventId, EventStore, ExpectedVersion, Metadata, Payload, StreamId};
use annals_memory::MemoryStore;
use proptest::prelude::*;
use time::{Duration, OffsetDateTime, UtcOffset};

use crate::support::{Disturbance, Disturbed, events, portable, store, text};

/// A time of the user's own, with any offset that has no seconds.
fn time() -> impl Strategy<Value = OffsetDateTime> {
    (-60_000_000_000_i64..60_000_000_000, 0..1_000_000_000_i32, -23..24_i8).prop_map(
        |(seconds, nanoseconds, hours)| {
            let time = OffsetDateTime::UNIX_EPOCH + Duration::new(seconds, nanoseconds);
            time.to_offset(UtcOffset::from_hms(hours, 0, 0).unwrap())
        },
    )
}

fn payload() -> impl Strategy<Value = Payload> {
    let json = |text: String| Payload::encode(Codec::Json, &text.replace('\0', "")).unwrap();
    prop_oneof![
        any::<String>().prop_map(json),
        any::<(u64, f32, String)>()
            .prop_map(|value| { Payload::encode(Codec::MessagePack, &value).unwrap() }),
        "[ \n]{0,2}\\{\"a\":[ \r\n]?[0-9]\\}[ \n]{0,2}"
            .prop_map(|text| Payload::json(text).unwrap()),
    ]
}

fn metadata() -> impl Strategy<Value = Metadata> {
    proptest::option::of(("[^\0]{0,8}", "[^\0]{0,8}")).prop_map(|texts| match texts {
        None => Metadata::new(),
        Some((actor, value)) => Metadata::new().with_actor(actor).with_header("h", value),
    })
}

fn event() -> impl Strategy<Value = NewEvent> {
    let parts = (payload(), metadata(), proptest::option::of(time()), 1..u16::MAX);
    parts.prop_map(|(payload, metadata, occurred_at, schema_version)| {
        let mut event = NewEvent::new("order.placed", payload).with_metadata(metadata);
        event.occurred_at = occurred_at;
        event.schema_version = schema_version;
        event
    })
}

fn stream() -> impl Strategy<Value = StreamId> {
    "[abü]-[^\0]{1,3}".prop_map(|text| text.parse().unwrap())
}

fn append() -> impl Strategy<Value = Vec<(StreamId, Vec<NewEvent>)>> {
    let write = (stream(), proptest::collection::vec(event(), 1..3));
    proptest::collection::vec(write, 1..4)
}

/// Events of one moment may stand in another order in several partitions.
fn sorted(text: &str) -> Vec<String> {
    let mut lines = portable(text);
    lines.sort_unstable();
    lines
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(work)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn random_histories_come_through(
        appends in proptest::collection::vec(append(), 0..12),
        from in 1..9_u16,
        to in 1..9_u16,
        batch in 1..9_usize,
    ) {
        block_on(async {
            let source = store(from);
            for writes in appends {
                let mut writes = writes.into_iter();
                let (stream, mut events) = writes.next().unwrap();
                events[0].id = EventId::new();
                let first = Append::to(stream, ExpectedVersion::Any, events);
                let all = writes.fold(first, |append, (stream, events)| {
                    append.and(stream, ExpectedVersion::Any, events)
                });
                source.append(all).await.unwrap();
            }
            let exported = text(&source).await;
            let target = MemoryStore::builder().partitions(to).build();
            let small = Disturbed::new(&target, batch, Disturbance::None, 0);
            let imported = small.import(&exported).await.unwrap();
            assert_eq!(imported.written, events(&source).await.len() as u64);
            let copied = text(&target).await;
            assert_eq!(sorted(&copied), sorted(&exported));
            let again = history::import_text(&target, &exported).await.unwrap();
            assert_eq!(again.written, 0);
        });
    }
}
