//! What comes out is what went in.

use annals::history::{self, Scope};
use annals::store::{Append, Filter};
use annals::{EventStore, ExpectedVersion, Origin};
use annals_memory::MemoryStore;
use futures::TryStreamExt;
use time::UtcOffset;
use time::macros::datetime;

use crate::support::{event, events, filled, lines, portable, store, stream, text};

async fn comes_through(from: u16, to: u16) {
    let source = filled(from, 100).await;
    let exported = text(&source).await;
    let target = MemoryStore::builder().partitions(to).build();
    let imported = history::import_text(&target, &exported).await.unwrap();
    assert_eq!((imported.events, imported.written), (134, 134));
    assert_eq!((imported.streams, imported.already_there), (5, 0));
    assert_eq!(imported.source, source.log().id);
    let again = text(&target).await;
    assert_eq!(portable(&again), portable(&exported));
    for checkpoint in imported.token.checkpoints() {
        let head = target.log_head(checkpoint.partition()).await.unwrap();
        assert_eq!(checkpoint, head);
    }
}

#[tokio::test]
async fn a_log_comes_through_whatever_the_partitions() {
    comes_through(1, 1).await;
    comes_through(8, 1).await;
    comes_through(1, 8).await;
    comes_through(8, 3).await;
}

#[tokio::test]
async fn one_partition_to_one_is_the_same_text_but_for_the_log() {
    let source = filled(1, 20).await;
    let target = MemoryStore::new();
    let exported = text(&source).await;
    history::import_text(&target, &exported).await.unwrap();
    let renamed = exported.replace(&source.log().id.to_string(), &target.log().id.to_string());
    assert_eq!(text(&target).await, renamed);
}

#[tokio::test]
async fn an_empty_log_is_a_history_too() {
    let exported = text(&store(4)).await;
    assert_eq!(exported.lines().count(), 2);
    let imported = history::import_text(&MemoryStore::new(), &exported).await.unwrap();
    assert_eq!((imported.events, imported.token.is_empty()), (0, true));
}

#[tokio::test]
async fn imported_events_are_marked_and_keep_everything_but_their_places() {
    let source = filled(8, 30).await;
    let target = MemoryStore::new();
    history::import_text(&target, text(&source).await).await.unwrap();
    let theirs = events(&source).await;
    for (ours, mut theirs) in events(&target).await.into_iter().zip(theirs) {
        assert_eq!((ours.origin, theirs.origin), (Origin::Imported, Origin::Native));
        theirs.origin = Origin::Imported;
        (theirs.partition, theirs.position) = (ours.partition, ours.position);
        assert_eq!(ours, theirs);
    }
}

#[tokio::test]
async fn streams_and_categories_come_alone() {
    let source = filled(8, 40).await;
    let order = Append::to("order-1".parse().unwrap(), ExpectedVersion::Any, vec![event(1)]);
    source.append(order).await.unwrap();

    let two = Scope::Streams(vec![stream(1), stream(3), stream(1), stream(999)]);
    let exported = history::export_text(&source, two).await.unwrap();
    let checked = history::check(lines(&exported)).await.unwrap();
    assert_eq!(checked.streams, 2);
    assert!(exported.starts_with(r#"{"annals":"history","format":1,"#));
    history::import_text(&MemoryStore::new(), exported).await.unwrap();

    let orders = Scope::Categories(vec!["order".to_owned()]);
    let exported = history::export_text(&source, orders).await.unwrap();
    assert_eq!(history::check(lines(&exported)).await.unwrap().events, 1);
    let none = history::export_text(&source, Scope::Categories(vec![])).await.unwrap();
    assert_eq!(history::check(lines(&none)).await.unwrap().events, 0);
}

#[tokio::test]
async fn too_many_named_streams_are_refused() {
    let streams = (0..=history::MAX_STREAMS as u64).map(stream).collect();
    let error = history::export_text(&store(1), Scope::Streams(streams)).await.unwrap_err();
    assert!(error.to_string().contains("at most 1000"), "{error}");
}

#[tokio::test]
async fn the_merged_order_agrees_with_time_and_partitions() {
    let source = filled(8, 200).await;
    let merged: Vec<_> = history::merged(&source, &Filter::all()).try_collect().await.unwrap();
    assert!(merged.is_sorted_by_key(|e| (e.recorded_at, e.partition, e.position)));
    for partition in source.log().partitions.iter() {
        let own = merged.iter().filter(|e| e.partition == partition);
        assert!(own.map(|e| e.position).is_sorted());
    }
}

#[tokio::test]
async fn an_export_ends_though_others_go_on_writing() {
    let source = filled(8, 50).await;
    let before = events(&source).await.len();
    let mut exported = String::new();
    let mut export = Box::pin(history::export(&source, Scope::Log));
    let mut number = 0;
    // For each line that is read, somebody writes two more events.
    while let Some(line) = export.try_next().await.unwrap() {
        exported += &(line + "\n");
        for _ in 0..2 {
            let append = Append::to(stream(number % 20), ExpectedVersion::Any, vec![event(number)]);
            source.append(append).await.unwrap();
            number += 1;
        }
    }
    let imported = history::import_text(&MemoryStore::new(), exported).await;
    let imported = imported.unwrap().events;
    // What was appended between the first line and the first event may come.
    assert!((before as u64..=before as u64 + 2).contains(&imported));
}

#[tokio::test]
async fn import_and_export_can_be_spawned() {
    let source = filled(2, 10).await;
    let exported = text(&source).await;
    let copied = tokio::spawn(async move {
        let target = MemoryStore::new();
        history::import_text(&target, exported).await.unwrap();
        history::import_streaming(&target, lines(&text(&target).await)).await.unwrap()
    });
    assert_eq!(copied.await.unwrap().written, 0);
}

#[tokio::test]
async fn a_time_that_no_text_can_tell_is_an_error_and_no_panic() {
    let store = store(1);
    let mut odd = event(1);
    // In UTC this is in the year 10000, and its offset has seconds.
    let offset = UtcOffset::from_hms(-1, 0, -1).unwrap();
    odd.occurred_at = Some(datetime!(9999-12-31 23:59:59 UTC).replace_offset(offset));
    store.append(Append::to(stream(1), ExpectedVersion::Any, vec![odd])).await.unwrap();
    assert!(history::export_text(&store, Scope::Log).await.is_err());
}
