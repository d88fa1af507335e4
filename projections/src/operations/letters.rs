//! Dead letters.

mod code;
mod gather;

use annals::read_model::{DeadLetter, LetterQuery, ReadModelStore, Wish};
use annals::store::LogQuery;
use annals::{EventStore, Position, RawEvent};
use futures::TryStreamExt;

use super::{Failed, Operations};
pub use code::LetterCode;

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
    /// Nothing waits for the outcome. Look at the letters again: one that was taken is
    /// gone; one that has failed again has no wish any more, and more `attempts`.
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
    /// read model: of a view, of a projection, or of what hands events over.
    ///
    /// It holds payloads: of the events that the letter's stream has up to it, and of the
    /// events of other streams that name one of the letter's keys, as far as
    /// [`LetterCode::LOOK_BACK`] reaches. What it holds and what it may lack is written
    /// into its comment.
    ///
    /// # Errors
    /// There is no such read model any more, or the log could not be read.
    pub async fn letter_as_test(&self, letter: &DeadLetter) -> Result<LetterCode, Failed> {
        let model = &letter.unit.model;
        let declaration = self.model(&model.name, Some(model.version)).await?.declaration;
        // A store says of what type its sessions are only where that is not what one asks for.
        let session = self.models.check_session::<()>(&model.name).err();
        let gathered = gather::gather(&self.log, letter, &declaration).await?;
        Ok(LetterCode::new(letter, declaration.shape, session, gathered))
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
