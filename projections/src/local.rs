//! A view that lives in the memory of the process that asks it.

mod copy;
mod error;
mod follow;
mod frame;
mod open;
mod restore;
mod saver;
mod shared;

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use annals::{AnyStore, EventStore, Token};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use crate::deadline::after;
use crate::{Documents, View};
pub use error::{LocalError, SaveError, StopError, WaitError};
pub use open::OpenLocal;
pub use restore::{Begun, Discarded};
use shared::Shared;

/// A view in the memory of this process: folded over the whole log, following it, and asked
/// without a way to any database.
///
/// ```
/// # use std::time::Duration;
/// # use annals_memory::MemoryStore;
/// # use annals_projections::{LocalView, View};
/// # async fn example<Balance: View<Key = String> + Clone>(store: MemoryStore, token: annals::Token)
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let balances = LocalView::<Balance>::open(store.clone()).snapshots(store).start().await?;
/// balances.caught_up(Duration::from_secs(60)).await?;
///
/// let balance = balances.get("4711")?;
/// let accounts = balances.with(|documents| documents.len())?;
///
/// // Reads what the commit of this token has written, at least.
/// balances.at_least(&token, Duration::from_secs(5)).await?;
/// let balance = balances.get("4711")?;
///
/// balances.stop().await?; // saves a snapshot, and ends
/// # Ok(())
/// # }
/// ```
///
/// # Order
/// It is that of [`View`]: the events of a stream come in the order of their versions, those
/// of a partition in the order of the log; partitions are read side by side. Of an append
/// over several partitions a question may see one part before the other; what one event
/// changes is seen whole.
///
/// # What fails
/// A failure of the log that may pass is tried again until it has passed, and questions are
/// answered from what is there. An event that does not decode, code that panics, or a log
/// that has lost its tail ends the view: from then on every question is answered by that
/// [`LocalError`], and nothing is saved. Nothing is parked, because an answer that lacks an
/// event would be wrong in silence; who wants that keeps the view in a store, with a
/// [`Runner`](crate::Runner).
///
/// # Memory
/// All documents, and one page of events for each partition. While a snapshot is loaded or
/// saved, its bytes too: [`MAX_SNAPSHOT_BYTES`](Self::MAX_SNAPSHOT_BYTES) at most. Each
/// process that opens the view holds it whole and reads the log for itself.
///
/// # Dropping
/// Dropping the handle ends the task at once; nothing is saved. Share the handle in an `Arc`.
#[must_use = "a view in memory ends when its handle is dropped"]
pub struct LocalView<V: View> {
    log: AnyStore,
    shared: Arc<Shared<V>>,
    begun: Begun,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl<V: View> LocalView<V> {
    /// The most bytes of a snapshot, 256 MiB. `PostgreSQL` keeps 1 GiB in a field at most,
    /// and its dumps write each byte as two characters, so this is what every store takes.
    pub const MAX_SNAPSHOT_BYTES: usize = 256 << 20;

    /// The view over a log; it is read when it is [started](OpenLocal::start).
    pub fn open(log: impl EventStore) -> OpenLocal<V> {
        OpenLocal::new(log.erased())
    }

    /// Where the view has begun: from a snapshot, or from the beginning of the log, and why.
    pub fn begun(&self) -> &Begun {
        &self.begun
    }

    /// The document under a key; `None` if there is none.
    ///
    /// # Errors
    /// The view has ended: see [`LocalError`].
    pub fn get<Q>(&self, key: &Q) -> Result<Option<V>, LocalError>
    where
        V: Clone,
        V::Key: Borrow<Q>,
        Q: Ord + ?Sized,
    {
        self.with(|documents| documents.get(key).cloned())
    }

    /// Answers a question from all documents, as they are at one moment. The view takes no
    /// events until it is answered, and the thread waits for an event that is taken just
    /// now: keep it short, and ask nothing of the view within it.
    ///
    /// # Errors
    /// The view has ended: see [`LocalError`].
    pub fn with<T>(&self, ask: impl FnOnce(&Documents<V>) -> T) -> Result<T, LocalError> {
        self.shared.ask(ask)
    }

    /// How far it has come in each partition: the token of the last events that it has
    /// taken, or passed over.
    pub fn reached(&self) -> Token {
        let progress = self.shared.progress.borrow();
        progress.places.iter().copied().fold(Token::empty(self.log.log().id), Token::with)
    }

    /// Waits until the view has taken the events of a commit: then one reads one's own
    /// write. Dropping the future leaves nothing behind.
    ///
    /// # Errors
    /// See [`WaitError`].
    pub async fn at_least(&self, token: &Token, within: Duration) -> Result<(), WaitError> {
        self.wait(token, after(within)).await
    }

    /// Waits until the view has come to where the log ends now. Dropping the future leaves
    /// nothing behind.
    ///
    /// # Errors
    /// See [`WaitError`].
    pub async fn caught_up(&self, within: Duration) -> Result<(), WaitError> {
        let deadline = after(within);
        let info = self.log.log();
        let mut ends = Token::empty(info.id);
        for partition in info.partitions.iter() {
            let late = |_| WaitError::TimedOut { name: V::NAME, partition };
            ends =
                ends.with(timeout_at(deadline, self.log.log_head(partition)).await.map_err(late)??);
        }
        self.wait(&ends, deadline).await
    }

    async fn wait(&self, token: &Token, deadline: Instant) -> Result<(), WaitError> {
        if token.log() != self.log.log().id {
            return Err(WaitError::AnotherLog { name: V::NAME });
        }
        let mut progress = self.shared.progress.subscribe();
        loop {
            // What comes behind this look wakes the wait below.
            let Some(partition) = progress.borrow_and_update().behind(token)? else {
                return Ok(());
            };
            if !matches!(timeout_at(deadline, progress.changed()).await, Ok(Ok(()))) {
                return Err(WaitError::TimedOut { name: V::NAME, partition });
            }
        }
    }

    /// Stops taking events, saves a snapshot if there is something new to be saved, and
    /// ends: questions are refused from then on. It takes as long as the documents take to
    /// be written, and a minute at most for the store to save them.
    ///
    /// Dropping the future does not call it back: it stops while the handle lives.
    ///
    /// # Errors
    /// The view had ended before, or the snapshot was not saved: see [`StopError`].
    pub async fn stop(&self) -> Result<(), StopError> {
        self.stop.send_replace(true);
        let mut progress = self.shared.progress.subscribe();
        match progress.wait_for(|progress| progress.ended.is_some()).await {
            Ok(progress) => progress.stopped(),
            // The sender is ours.
            Err(_) => Err(LocalError::Stopped.into()),
        }
    }
}

impl<V: View> Drop for LocalView<V> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl<V: View> fmt::Debug for LocalView<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalView")
            .field("view", &V::NAME)
            .field("begun", &self.begun)
            .finish_non_exhaustive()
    }
}
