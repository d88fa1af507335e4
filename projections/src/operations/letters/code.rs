//! A dead letter, written down as a test.

use std::fmt;

use annals::RawEvent;
use annals::read_model::{DeadLetter, SessionMismatch, Shape};

use super::gather::Gathered;

/// A dead letter as the code of a test; its `Display` writes it.
#[derive(Debug, Clone)]
pub struct LetterCode {
    letter: DeadLetter,
    shape: Shape,
    /// The type of what the store gives to write through.
    session: &'static str,
    gathered: Gathered,
}

impl LetterCode {
    /// How many positions before the letter are searched for events of other streams that
    /// name one of its keys.
    pub const LOOK_BACK: u64 = 100_000;

    /// How many events of other streams it holds at most: the last ones before the letter.
    pub const MOST_OTHERS: usize = 1_000;

    pub(super) fn new(
        letter: &DeadLetter,
        shape: Shape,
        session: Option<SessionMismatch>,
        gathered: Gathered,
    ) -> Self {
        let session = session.map_or("", |session| session.given);
        Self { letter: letter.clone(), shape, session, gathered }
    }

    /// The events that the test is given.
    #[must_use]
    pub fn events(&self) -> &[RawEvent] {
        &self.gathered.events
    }

    /// Why it failed, and what the test is given.
    fn comment(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DeadLetter { unit, position, reason, stream, keys, .. } = &self.letter;
        let (model, partition) = (&unit.model, unit.partition);
        writeln!(f, "/// {model} failed at position {position} of partition {partition}:")?;
        for line in reason.as_deref().unwrap_or("it waits behind another event").lines() {
            writeln!(f, "/// {line}")?;
        }
        let keys = keys.iter().map(|key| format!("{key:?}")).collect::<Vec<_>>().join(", ");
        writeln!(
            f,
            "///\n/// Given are the events of {stream} up to it, and of other streams those"
        )?;
        writeln!(f, "/// before it in which one of its keys stands as a word: {keys}.")?;
        writeln!(f, "/// Not given are events whose keys are computed, metadata, and times.")?;
        if self.gathered.cut {
            let (back, most) = (Self::LOOK_BACK, Self::MOST_OTHERS);
            writeln!(
                f,
                "/// Of other streams, not given is what is in other partitions, further back than"
            )?;
            writeln!(f, "/// {back} positions, or before the last {most} events. So it may pass.")?;
        }
        Ok(())
    }

    fn given(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for event in self.events() {
            let payload = String::from_utf8_lossy(event.event.bytes());
            let hashes = "#".repeat(fence(&payload));
            let (stream, name, schema) = (event.stream.as_str(), &event.name, event.schema_version);
            writeln!(
                f,
                "        ({stream:?}, {name:?}, {schema}, r{hashes}\"{payload}\"{hashes}),"
            )?;
        }
        writeln!(f, "    ]);")
    }

    /// Makes the store that a projection writes to, where its kind is known.
    fn models(&self) -> &'static str {
        if self.session.contains("MemoryTables") {
            "    let models = annals_memory::MemoryReadModels::new();\n"
        } else if self.session.contains("PgConnection") {
            "    let database = annals_postgres::testing::Database::create().await.unwrap();\n    \
             annals_postgres::PostgresReadModels::migrate(database.url()).await.unwrap();\n    \
             let models = annals_postgres::PostgresReadModels::connect(database.url()).await.unwrap();\n"
        } else {
            "    let models = YourReadModels::new(); // Make a store here, new and empty.\n"
        }
    }
}

impl fmt::Display for LetterCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DeadLetter { unit, position, .. } = &self.letter;
        let test = format!("{}_takes_the_event_at_{position}()", unit.model.name);
        self.comment(f)?;
        match self.shape {
            Shape::Tables => {
                writeln!(f, "#[tokio::test]\nasync fn {test} {{")?;
                writeln!(f, "    let projection = YourProjection; // Name the projection here.")?;
                f.write_str(self.models())?;
                writeln!(f, "    let given = annals_projections::testing::given_stored_events([")?;
                self.given(f)?;
                writeln!(f, "    given.when_projected(projection, models).await.unwrap();\n}}")
            }
            Shape::Elsewhere => {
                writeln!(f, "#[tokio::test]\nasync fn {test} {{")?;
                writeln!(f, "    use annals_projections::ExternalProjection;")?;
                writeln!(f, "    let projection = YourProjection; // Name what hands over here.")?;
                writeln!(f, "    let given = annals_projections::testing::given_stored_events([")?;
                self.given(f)?;
                writeln!(f, "    for event in given.events() {{")?;
                writeln!(f, "        projection.handle(&[event]).await.unwrap();\n    }}\n}}")
            }
            _ => {
                writeln!(f, "#[test]\nfn {test} {{\n    // Name the view here.")?;
                writeln!(f, "    annals_projections::testing::given_stored::<YourView>([")?;
                self.given(f)?;
                writeln!(f, "}}")
            }
        }
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
