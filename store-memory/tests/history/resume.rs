//! An import that stopped goes on where it was, and writes nothing twice.

use annals::history::{self, ImportError};
use annals_memory::MemoryStore;

use crate::support::{Disturbance, Disturbed, events, filled, lines, portable, text};

const EVENTS: u64 = 40;

/// Stops an import at every append, in every way, and goes on with other
/// batches.
async fn goes_on(partitions: u16, first: usize, then: usize) {
    let exported = text(&filled(1, 30).await).await;
    for disturbance in [Disturbance::Fails, Disturbance::AnswerLost] {
        for at in 0..usize::try_from(EVENTS).unwrap().div_ceil(first) {
            let store = MemoryStore::builder().partitions(partitions).build();
            let stopped = Disturbed::new(&store, first, disturbance, at);
            let error = stopped.import(&exported).await.unwrap_err();
            let ImportError::Append { written, .. } = error else {
                panic!("{error:?}");
            };
            assert_eq!(written, (at * first) as u64);
            let there = events(&store).await.len() as u64;

            let again = Disturbed::new(&store, then, Disturbance::None, 0);
            let imported = again.import(&exported).await.unwrap();
            assert_eq!(imported.events, EVENTS);
            assert_eq!((imported.already_there, imported.written), (there, EVENTS - there));
            assert_eq!(portable(&text(&store).await), portable(&exported));
        }
    }
}

#[tokio::test]
async fn it_goes_on_at_every_batch() {
    goes_on(1, 7, 7).await;
    goes_on(8, 7, 7).await;
}

#[tokio::test]
async fn it_goes_on_with_smaller_larger_and_other_batches() {
    goes_on(1, 7, 1).await;
    goes_on(1, 7, 5).await;
    goes_on(8, 7, 100).await;
    goes_on(8, 1, 9).await;
}

#[tokio::test]
async fn a_pipe_that_breaks_off_at_any_line_can_be_gone_on_with() {
    let exported = text(&filled(1, 30).await).await;
    for cut in 1..exported.lines().count() {
        let store = MemoryStore::new();
        let target = Disturbed::new(&store, 6, Disturbance::None, 0);
        let part: Vec<&str> = exported.lines().take(cut).collect();
        let error = history::import_streaming(&target, lines(&part.join("\n"))).await;
        assert!(matches!(error, Err(ImportError::Truncated { .. })), "{error:?}");
        let there = events(&store).await.len() as u64;
        // Every whole batch before the cut, and nothing of the last one.
        assert_eq!(there, (cut as u64 - 1).saturating_sub(1) / 6 * 6);

        let target = Disturbed::new(&store, 4, Disturbance::None, 0);
        let imported = history::import_streaming(&target, lines(&exported)).await.unwrap();
        assert_eq!((imported.already_there, imported.written), (there, EVENTS - there));
        assert_eq!(portable(&text(&store).await), portable(&exported));
    }
}

#[tokio::test]
async fn a_history_that_grew_brings_only_what_is_new() {
    let source = filled(8, 30).await;
    let target = MemoryStore::new();
    history::import_text(&target, text(&source).await).await.unwrap();
    let more = annals::store::Append::to(
        crate::support::stream(1),
        annals::ExpectedVersion::Any,
        vec![crate::support::event(1)],
    );
    annals::EventStore::append(&source, more).await.unwrap();
    let grown = text(&source).await;
    let imported = history::import_text(&target, &grown).await.unwrap();
    assert_eq!((imported.written, imported.already_there), (1, EVENTS));
    let head = imported.token.checkpoints().last().unwrap();
    assert_eq!(head.position().get(), EVENTS + 1);
}
