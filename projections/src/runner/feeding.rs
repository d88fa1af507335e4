//! What a runner feeds at the moment, for work that goes along with a read model.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;

use annals::Checkpoint;

use super::feeder::Shared;

/// Which parts of a read model are fed by this runner, and how far they have come.
///
/// It says what is so as far as this process knows: for a moment, until a lease that has run
/// out is noticed, two processes may believe that they feed the same part.
pub struct Feeding {
    pub(super) shared: Arc<Shared>,
    pub(super) name: String,
    pub(super) told: Option<Vec<Fed>>,
}

/// A part of a read model that is fed here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fed {
    /// The version of the read model.
    pub version: u32,
    /// Which of the slices of the partition.
    pub slice: u16,
    /// How far it has come; the partition is in it.
    pub checkpoint: Checkpoint,
}

impl Feeding {
    /// The parts that are fed here now.
    #[must_use]
    pub fn now(&self) -> Vec<Fed> {
        let fed = self.shared.board.fed(&self.name).into_iter().map(|(unit, checkpoint)| Fed {
            version: unit.model.version,
            slice: unit.slice,
            checkpoint,
        });
        fed.collect()
    }

    /// Waits until this is something else than it has said before, and says it; the first time
    /// at once. Dropping it loses nothing.
    pub async fn changed(&mut self) -> Vec<Fed> {
        loop {
            let news = self.shared.board.news.notified();
            let mut news = pin!(news);
            // Before the look: what changes behind it rings.
            news.as_mut().enable();
            let now = self.now();
            if self.told.as_ref() != Some(&now) {
                self.told = Some(now.clone());
                return now;
            }
            news.await;
        }
    }
}

impl fmt::Debug for Feeding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feeding").field("name", &self.name).finish_non_exhaustive()
    }
}
