//! What keeps instances back that their history does not show.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use annals::{Clock, Partition};
use time::OffsetDateTime;
use tokio::time::Instant;

use crate::engine::shortened;
use crate::meter;

/// So many are kept; what comes beyond is only logged.
const MOST: usize = 1_000;

/// Something that keeps a worker from going on with an instance, or with a whole partition. It
/// is looked at again and again, and no trouble any more as soon as it succeeds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trouble {
    /// The process.
    pub process: &'static str,
    /// In which partition.
    pub partition: Partition,
    /// What it is.
    pub kind: TroubleKind,
    /// With which instance; `None` where it is with all of the partition.
    pub instance: Option<String>,
    /// With which of its tasks.
    pub task: Option<u32>,
    /// What the last try said; at most 1,000 characters.
    pub error: String,
    /// Since when.
    pub since: OffsetDateTime,
}

/// What a trouble is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum TroubleKind {
    /// The agenda cannot be read: nothing of the partition goes on. See to the store.
    AgendaUnreadable,
    /// A command cannot be read by this code. Deploy code that can.
    CommandUnreadable,
    /// An instance cannot be told what has become of its task: nothing of it goes on.
    InstanceNotTold,
}

/// With what there is trouble.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) process: &'static str,
    pub(crate) partition: Partition,
    pub(crate) kind: TroubleKind,
    pub(crate) of: Option<(String, u32)>,
}

/// The troubles of a worker.
pub(crate) struct Troubles {
    clock: Arc<dyn Clock>,
    all: Mutex<All>,
}

#[derive(Default)]
struct All {
    known: BTreeMap<Place, Known>,
    next: u64,
}

struct Known {
    /// Who has told of it last: only that one takes it back.
    teller: u64,
    error: String,
    since: OffsetDateTime,
    /// It is over then, where nobody tells of it again.
    until: Option<Instant>,
}

impl Troubles {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, all: Mutex::default() }
    }

    /// Tells of a trouble, which lasts as long as the answer is kept.
    pub(crate) fn tell(self: &Arc<Self>, place: Place, error: &str) -> Telling {
        let mut all = self.all();
        let now = Instant::now();
        all.known.retain(|_, known| known.until.is_none_or(|until| until > now));
        all.next += 1;
        let teller = all.next;
        let error = shortened(error);
        if let Some(known) = all.known.get_mut(&place) {
            (known.teller, known.error, known.until) = (teller, error, None);
        } else {
            meter::trouble(place.process);
            if all.known.len() < MOST {
                let since = self.clock.now();
                all.known.insert(place.clone(), Known { teller, error, since, until: None });
            }
        }
        Telling { troubles: self.clone(), place, teller, lasts: Duration::ZERO }
    }

    /// What is in trouble now, the oldest first.
    pub(crate) fn look(&self) -> Vec<Trouble> {
        let now = Instant::now();
        let all = self.all();
        let lasting = all.known.iter();
        let lasting = lasting.filter(|(_, known)| known.until.is_none_or(|until| until > now));
        let troubles = lasting.map(|(place, known)| Trouble {
            process: place.process,
            partition: place.partition,
            kind: place.kind,
            instance: place.of.as_ref().map(|(instance, _)| instance.clone()),
            task: place.of.as_ref().map(|(_, task)| *task),
            error: known.error.clone(),
            since: known.since,
        });
        let mut troubles: Vec<_> = troubles.collect();
        troubles.sort_by_key(|trouble| trouble.since);
        troubles
    }

    fn all(&self) -> MutexGuard<'_, All> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A trouble that lasts until this is dropped.
pub(crate) struct Telling {
    troubles: Arc<Troubles>,
    place: Place,
    teller: u64,
    lasts: Duration,
}

impl Telling {
    /// Lets it last longer, so that who looks again after a pause finds it as it was.
    pub(crate) fn lasting(mut self, lasts: Duration) -> Self {
        self.lasts = lasts;
        self
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        let mut all = self.troubles.all();
        let own = |known: &&mut Known| known.teller == self.teller;
        let Some(known) = all.known.get_mut(&self.place).filter(own) else { return };
        if self.lasts.is_zero() {
            all.known.remove(&self.place);
        } else {
            known.until = Some(Instant::now() + self.lasts);
        }
    }
}

#[cfg(test)]
mod tests;
