//! What a view is.

use std::fmt::Debug;

use annals::{Event, Recorded};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Keys;

/// A read model of documents, each under a key, folded from events.
///
/// A view is pure: the same events in the same order give the same documents, on
/// every store, live or replayed. So it reads neither a clock nor a database; the
/// times of an event are in its [`Recorded`].
///
/// The events of a key come in the order of the log: those of one stream always in
/// the order of their versions. Where a key gathers events of streams in several
/// partitions, these come in an order that is the same for every replay of a whole
/// log, by their times of recording, but a view that follows the log may meet them in
/// another one. Fold such keys so that the order does not matter.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a view",
    label = "not a view",
    note = "implement `annals_projections::View` for the document: it needs `Default`, and serde's `Serialize` and `Deserialize`"
)]
pub trait View: Default + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The name under which the documents are kept. It stays when the Rust type is
    /// renamed.
    const NAME: &'static str;

    /// What a document is found by.
    type Key: Clone + Ord + Debug + Send + Sync + 'static;

    /// The events that the view knows: those of one aggregate, or a union. Events of
    /// other types pass it by.
    type Event: Event;

    /// The documents that an event touches: one, none or many. The event must carry what
    /// they are found by; see the page of this crate.
    fn keys(event: &Recorded<Self::Event>) -> Keys<Self::Key>;

    /// Changes the document under a key. A document begins as its default.
    ///
    /// An event that touches several documents is given to each once, which is told by
    /// its key: in a transfer one account pays, and the other is paid.
    fn evolve(&mut self, key: &Self::Key, event: &Recorded<Self::Event>);

    /// Whether the document is gone: it is deleted, and begins anew with the next event
    /// of its key.
    fn is_gone(&self) -> bool {
        false
    }
}
