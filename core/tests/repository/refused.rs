//! What cannot be stored: refused with a type and a name, and nothing written.

use annals::codec::InvalidPayload;
use annals::store::InvalidAppend;
use annals::{
    Aggregate, EncodeError, EncodeReason, Event, ExecuteError, InvalidStreamId, LoadError,
    Metadata, Repository,
};
use annals_memory::MemoryStore;
use futures::TryStreamExt;
use serde::{Deserialize, Serialize};

use crate::support::*;

#[tokio::test]
async fn an_id_that_cannot_name_a_stream_is_refused_everywhere() {
    let long = "x".repeat(505);
    let accounts = accounts(MemoryStore::new());
    for (id, why) in [
        ("", InvalidStreamId::EmptyKey),
        ("a\0b", InvalidStreamId::Nul),
        (long.as_str(), InvalidStreamId::TooLong { bytes: 513 }),
    ] {
        let executed = accounts.execute(id, Deposit(1)).await.unwrap_err();
        assert!(matches!(executed, ExecuteError::InvalidId(is) if is == why));
        let updated = accounts.update(id, |_| ()).await.unwrap_err();
        assert!(matches!(updated, ExecuteError::InvalidId(is) if is == why));
        let at = annals::At::Version(v(0));
        for loaded in [accounts.load(id).await, accounts.load_at(id, at).await] {
            assert!(matches!(loaded, Err(LoadError::InvalidId(is)) if is == why));
        }
        let history = accounts.history(id).try_collect::<Vec<_>>().await;
        assert!(matches!(history, Err(LoadError::InvalidId(is)) if is == why));
    }
    for id in [&long[1..], "'; drop table events; --", "ü\u{0308}", "-", " "] {
        accounts.execute(id, Deposit(1)).await.unwrap();
        assert_eq!(accounts.load(id).await.unwrap().version, v(1));
    }
}

/// A list of lists, as deep as it is told to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Nested(Vec<Nested>);

impl Nested {
    fn deep(levels: usize) -> Self {
        (1..levels).fold(Nested(vec![]), |inner, _| Nested(vec![inner]))
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(prefix = "meter")]
enum MeterEvent {
    Read {
        value: f64,
    },
    Noted {
        text: String,
    },
    Filed {
        tree: Nested,
    },
    #[event(retired)]
    Faxed {
        number: String,
    },
}

#[derive(Debug, Default)]
struct Meter;

impl Aggregate for Meter {
    const CATEGORY: &'static str = "meter";
    type Id = str;
    type Event = MeterEvent;

    fn evolve(&mut self, _: &MeterEvent) {}
}

/// Why this event is refused; a good one before it is not written either.
async fn refusal(event: MeterEvent) -> EncodeError {
    let meters = Repository::<Meter>::new(MemoryStore::new());
    let good = MeterEvent::Read { value: 1.0 };
    let failed = meters.update(ID, |_| [good.clone(), event.clone()]).await;
    assert_eq!(meters.load(ID).await.unwrap().version, v(0));
    match failed {
        Err(ExecuteError::Encode(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_event_that_could_not_be_read_back_is_not_written() {
    use MeterEvent::{Faxed, Filed, Noted, Read};
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = refusal(Read { value }).await;
        assert_eq!(error.reason, EncodeReason::Payload(InvalidPayload::NotFinite));
        assert_eq!(error.name, "meter.read");
    }
    let text = "a\0b".to_owned();
    let error = refusal(Noted { text }).await;
    assert_eq!(error.reason, EncodeReason::Payload(InvalidPayload::Nul));
    let tree = Nested::deep(127);
    let error = refusal(Filed { tree }).await;
    let limit = 127;
    let deep = InvalidPayload::TooDeep { limit };
    assert_eq!(error.reason, EncodeReason::Payload(deep));
    let number = "4711".to_owned();
    let error = refusal(Faxed { number }).await;
    assert_eq!(error.reason, EncodeReason::Retired);
    assert_eq!(error.name, "meter.faxed");
}

#[tokio::test]
async fn the_deepest_event_that_is_written_is_read_again() {
    let meters = Repository::<Meter>::new(MemoryStore::new());
    let tree = Nested::deep(126);
    let filed = MeterEvent::Filed { tree };
    meters.update(ID, |_| filed.clone()).await.unwrap();
    let history: Vec<_> = meters.history(ID).try_collect().await.unwrap();
    assert_eq!(history[0].event, filed);
}

#[tokio::test]
async fn what_is_beyond_a_limit_is_refused_with_the_limit() {
    let store = MemoryStore::new();
    let accounts = accounts(store.clone());
    let large = opened(&"x".repeat(1 << 20));
    let failed = accounts.update(ID, |_| [deposited(1), large.clone()]).await;
    let Err(ExecuteError::Invalid(InvalidAppend::PayloadTooLarge { name, limit, .. })) = failed
    else {
        panic!("{failed:?}")
    };
    assert_eq!((name.as_str(), limit), ("account.opened", 1 << 20));

    let many = vec![opened(&"x".repeat(1 << 19)); 33];
    let failed = accounts.update(ID, |_| many.clone()).await;
    assert!(matches!(failed, Err(ExecuteError::Invalid(InvalidAppend::AppendTooLarge { .. }))));

    for (metadata, nul) in [
        (Metadata::new().with_actor("x".repeat(20 << 10)), false),
        (Metadata::new().with_header("a\0b", "c"), true),
    ] {
        let failed = accounts.execute(ID, Deposit(1)).metadata(metadata).await;
        match failed {
            Err(ExecuteError::Invalid(InvalidAppend::NulInMetadata { .. })) if nul => {}
            Err(ExecuteError::Invalid(InvalidAppend::MetadataTooLarge { .. })) if !nul => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(log_of(&store).await, []);
}
