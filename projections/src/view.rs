//! What a view is.

use annals::{Event, Recorded, StreamId};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Keys, ViewKey};

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
    /// The name under which the documents are kept: 1 to 40 of the characters `a-z`,
    /// `0-9` and `_`, beginning with a letter. It stays when the Rust type is renamed.
    const NAME: &'static str;

    /// Raised by one whenever the code would fold the same events to other documents, or
    /// to documents of another shape: then the view is built anew beside the one before,
    /// and takes over when it has caught up.
    const VERSION: u32 = 1;

    /// What a document is found by.
    type Key: ViewKey;

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

    /// The document that every event of a stream touches, and the only one, where that is
    /// so. An event that does not decode can then be parked, with those behind it in its
    /// stream; without, it stops the view.
    fn key_of_stream(stream: &StreamId) -> Option<Self::Key> {
        let _ = stream;
        None
    }
}
