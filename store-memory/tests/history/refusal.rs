//! A history is never mixed with events of the log's own.

use annals::history::{self, ImportError, Scope};
use annals::store::Append;
use annals::{EventStore, ExpectedVersion, Version};
use annals_memory::MemoryStore;

use crate::support::{Disturbance, Disturbed, event, events, filled, limits, stream, text};

async fn write(store: &MemoryStore, number: u64) {
    let append = Append::to(stream(number), ExpectedVersion::Any, vec![event(number)]);
    store.append(append).await.unwrap();
}

#[tokio::test]
async fn a_stream_with_a_history_of_its_own_is_refused_before_anything_is_written() {
    let exported = text(&filled(1, 30).await).await;
    let target = filled(1, 3).await;
    let before = events(&target).await;
    let error = history::import_text(&target, exported).await.unwrap_err();
    let ImportError::Foreign { stream: refused, version } = error else {
        panic!("{error:?}");
    };
    assert_eq!((refused, version), (stream(0), Version::FIRST));
    assert_eq!(events(&target).await, before);
}

#[tokio::test]
async fn a_log_with_newer_events_is_refused_before_anything_is_written() {
    for partitions in [1, 8] {
        let exported = text(&filled(1, 30).await).await;
        let target = MemoryStore::builder().partitions(partitions).build();
        for number in 1_000..1_050 {
            write(&target, number).await;
        }
        let error = history::import_text(&target, exported).await.unwrap_err();
        assert!(matches!(error, ImportError::Interleaves { .. }), "{error:?}");
        assert!(error.to_string().contains("empty log"), "{error}");
        assert_eq!(events(&target).await.len(), 50);
    }
}

#[tokio::test]
async fn somebody_who_writes_meanwhile_is_never_overtaken() {
    let exported = text(&filled(1, 30).await).await;
    for at in 0..4 {
        let store = MemoryStore::new();
        let target = Disturbed::new(&store, 10, Disturbance::StrangerWrites, at);
        let error = target.import(&exported).await.unwrap_err();
        assert!(matches!(error, ImportError::Interleaves { .. }), "{error:?}");
        assert_eq!(events(&store).await.len(), at * 10 + 1);
    }
}

#[tokio::test]
async fn events_behind_an_imported_history_do_no_harm_to_a_repeat() {
    let exported = text(&filled(1, 30).await).await;
    let target = MemoryStore::new();
    history::import_text(&target, &exported).await.unwrap();
    write(&target, 0).await;
    let again = history::import_text(&target, &exported).await.unwrap();
    assert_eq!((again.written, again.already_there), (0, again.events));
}

#[tokio::test]
async fn a_stream_that_begins_in_the_middle_needs_what_comes_before() {
    let source = filled(1, 12).await;
    let first = text(&source).await;
    write(&source, 0).await;
    let tail = tail_of(&source).await;
    let target = MemoryStore::new();
    let error = history::import_text(&target, &tail).await.unwrap_err();
    assert!(matches!(error, ImportError::Predecessors { actual: Version::NONE, .. }));
    assert!(events(&target).await.is_empty());

    history::import_text(&target, first).await.unwrap();
    let imported = history::import_text(&target, tail).await.unwrap();
    assert_eq!(imported.written, 1);
}

/// A history of the last event alone, as somebody may make by hand.
async fn tail_of(source: &MemoryStore) -> String {
    let all = text(source).await;
    let lines: Vec<&str> = all.lines().collect();
    let [header, .., event, _] = lines[..] else {
        panic!("an event");
    };
    let guess = format!("{header}\n{event}\n{{\"annals\":\"end\",\"events\":1,\"hash\":\"\"}}");
    let error = history::import_text(&MemoryStore::new(), guess).await;
    let Err(ImportError::Altered { end }) = error else {
        panic!("{error:?}");
    };
    format!("{header}\n{event}\n{end}\n")
}

#[tokio::test]
async fn an_event_beyond_the_limits_is_refused_before_anything_is_written() {
    let source = filled(1, 5).await;
    let exported = history::export_text(&source, Scope::Log).await.unwrap();
    let mut limits = limits(100);
    limits.payload_bytes = 10;
    let target = MemoryStore::builder().limits(limits).build();
    let error = history::import_text(&target, exported).await.unwrap_err();
    assert!(matches!(error, ImportError::Invalid { line: 2, .. }), "{error:?}");
}

#[tokio::test]
async fn a_source_that_changes_between_the_looks_is_noticed() {
    let mut texts = vec![text(&filled(1, 4).await).await, text(&filled(1, 3).await).await];
    let target = MemoryStore::new();
    let open = || Ok(crate::support::lines(&texts.pop().unwrap()));
    let error = history::import(&target, open).await.unwrap_err();
    assert!(matches!(error, ImportError::Changed), "{error:?}");
}
