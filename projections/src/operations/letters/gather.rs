//! The events that a dead letter's test is given.

use std::collections::VecDeque;

use annals::read_model::{DeadLetter, Declaration};
use annals::store::{Filter, LogQuery, StreamQuery};
use annals::{AnyStore, EventStore, Position, RawEvent};
use futures::TryStreamExt;

use super::LetterCode;
use crate::operations::Failed;

/// What a test is given, and whether that may be too little.
#[derive(Debug, Clone)]
pub(super) struct Gathered {
    /// In the order of the log.
    pub(super) events: Vec<RawEvent>,
    /// Whether events were left out that stand further back, or in other partitions.
    pub(super) cut: bool,
}

/// The events of the letter's stream up to it, and those before it of other streams that
/// name one of its keys.
///
/// Which keys an event has is known to the code of the read model alone. But an event
/// carries whatever its keys are made of, so that most that share a key with the letter
/// hold it as a text.
pub(super) async fn gather(
    log: &AnyStore,
    letter: &DeadLetter,
    declaration: &Declaration,
) -> Result<Gathered, Failed> {
    let own = StreamQuery::forwards(letter.stream.clone()).limit(letter.version.get());
    let mut events: Vec<RawEvent> = log.read(own).try_collect().await?;
    // Others pass the read model by, and its type of events does not decode them.
    // One that names no type takes them all.
    let handled = &declaration.events;
    let handles = |event: &RawEvent| handled.iter().any(|handled| handled.name == event.name);
    events.retain(|event| handled.is_empty() || handles(event));
    let before = letter.position.get().saturating_sub(LetterCode::LOOK_BACK);
    let names = declaration.events.iter().map(|event| &event.name);
    let query = LogQuery::partition(letter.unit.partition)
        .after(Position::new(before))
        .filter(names.fold(Filter::all(), Filter::name));
    let mut cut = before > 0 || log.log().partitions.count() > 1;
    let mut others = VecDeque::new();
    let mut read = log.read_all(query);
    while let Some(event) = read.try_next().await? {
        // The letter's own event ends it: what comes behind is not even looked for.
        if event.position >= letter.position {
            break;
        }
        if event.stream != letter.stream && letter.keys.iter().any(|key| names_key(&event, key)) {
            others.push_back(event);
        }
        if others.len() > LetterCode::MOST_OTHERS {
            others.pop_front();
            cut = true;
        }
    }
    events.extend(others);
    events.sort_by_key(|event| event.position);
    Ok(Gathered { events, cut })
}

/// Whether a key stands in an event as a word of its own.
fn names_key(event: &RawEvent, key: &str) -> bool {
    let stands_in = |text: &str| {
        let word = |next: Option<char>| next.is_some_and(char::is_alphanumeric);
        !key.is_empty()
            && text.match_indices(key).any(|(at, _)| {
                !word(text[..at].chars().next_back())
                    && !word(text[at + key.len()..].chars().next())
            })
    };
    stands_in(event.stream.as_str()) || stands_in(&String::from_utf8_lossy(event.event.bytes()))
}
