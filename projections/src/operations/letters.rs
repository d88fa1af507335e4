//! Dead letters.

use std::fmt;

use annals::read_model::{DeadLetter, LetterQuery, ReadModelStore, Wish};
use annals::store::LogQuery;
use annals::{EventStore, Position, RawEvent};
use futures::TryStreamExt;

use super::{Failed, Operations};

impl Operations {
    /// Dead letters, in the order of their units and positions. Give a limit, and ask again
    /// [behind](LetterQuery::after) the last one.
    ///
    /// # Errors
    /// The store failed.
    pub async fn letters(&self, query: &LetterQuery) -> Result<Vec<DeadLetter>, Failed> {
        Ok(self.models.letters(query).await?)
    }

    /// Has dead letters tried again, in their order, by the workers that feed them; returns
    /// how many. One that fails again stays, with those behind it.
    ///
    /// # Errors
    /// The store failed.
    pub async fn retry(&self, query: &LetterQuery) -> Result<u64, Failed> {
        Ok(self.models.wish(query, &Wish::Retry).await?)
    }

    /// Has an event left out of the read model for good, and those that wait behind it
    /// tried again. The note says who has decided so, and why.
    ///
    /// # Errors
    /// The store failed.
    pub async fn skip(&self, letter: &DeadLetter, note: &str) -> Result<(), Failed> {
        // First the one before: a worker that saw those behind alone would leave them
        // waiting, and they would have to be asked for again.
        let unit = || LetterQuery::unit(letter.unit.clone());
        self.models.wish(&unit().at(letter.position), &Wish::skip(note)).await?;
        for key in &letter.keys {
            for behind in self.models.letters(&unit().key(key)).await? {
                if behind.position > letter.position && behind.wish.is_none() {
                    self.models.wish(&unit().at(behind.position), &Wish::Retry).await?;
                }
            }
        }
        Ok(())
    }

    /// A dead letter as a test that fails as it did, to be pasted into the tests of the
    /// read model. It holds the payloads of the events that its stream has up to it.
    ///
    /// # Errors
    /// The log could not be read.
    pub async fn letter_as_test(&self, letter: &DeadLetter) -> Result<LetterCode, Failed> {
        let stream = annals::store::StreamQuery::forwards(letter.stream.clone());
        let events: Vec<RawEvent> =
            self.log.read(stream.limit(letter.version.get())).try_collect().await?;
        Ok(LetterCode { letter: letter.clone(), events })
    }

    /// The event of a dead letter, as the log holds it.
    ///
    /// # Errors
    /// The log could not be read.
    pub async fn letter_event(&self, letter: &DeadLetter) -> Result<Option<RawEvent>, Failed> {
        let before = Position::new(letter.position.get().saturating_sub(1));
        let query = LogQuery::partition(letter.unit.partition).after(before).limit(1);
        let event = self.log.read_all(query).try_next().await?;
        Ok(event.filter(|event| event.id == letter.event))
    }
}

/// A dead letter as the code of a test; its `Display` writes it.
#[derive(Debug, Clone)]
pub struct LetterCode {
    letter: DeadLetter,
    events: Vec<RawEvent>,
}

impl LetterCode {
    /// The events that the test is given.
    #[must_use]
    pub fn events(&self) -> &[RawEvent] {
        &self.events
    }
}

impl fmt::Display for LetterCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DeadLetter { unit, position, reason, .. } = &self.letter;
        let name = &unit.model.name;
        writeln!(
            f,
            "/// {} failed at position {position} of partition {}:",
            unit.model, unit.partition
        )?;
        for line in reason.as_deref().unwrap_or("it waits behind another event").lines() {
            writeln!(f, "/// {line}")?;
        }
        writeln!(f, "#[test]\nfn {name}_takes_the_event_at_{position}() {{")?;
        writeln!(f, "    // Name the view here.")?;
        writeln!(f, "    annals_projections::testing::given_stored::<YourView>([")?;
        for event in &self.events {
            let payload = String::from_utf8_lossy(event.event.bytes());
            let hashes = "#".repeat(fence(&payload));
            let (stream, name, schema) = (event.stream.as_str(), &event.name, event.schema_version);
            writeln!(
                f,
                "        ({stream:?}, {name:?}, {schema}, r{hashes}\"{payload}\"{hashes}),"
            )?;
        }
        writeln!(f, "    ]);\n}}")
    }
}

/// How many `#` a raw string around this text needs.
fn fence(text: &str) -> usize {
    let mut longest = 0;
    for (at, _) in text.match_indices('"') {
        let run = text[at + 1..].bytes().take_while(|byte| *byte == b'#').count();
        longest = longest.max(run + 1);
    }
    longest.max(1)
}
