//! What makes two decisions on one key meet.

use annals::read_model::{DocumentError, ModelId};
use annals::store::{Append, NewEvent, StreamHead, Write};
use annals::{AnyStore, EventStore, LoadError, Payload, ReadError, StreamId, Version};
use bytes::Bytes;
use xxhash_rust::xxh3::xxh3_128;

use crate::View;
use crate::view_key::stored;

/// The category of all guards. No aggregate can have it: a repository of a category that
/// begins with `annals.` does not build. What anybody else writes there raises a version, and
/// so costs a needless retry and nothing more.
const CATEGORY: &str = "annals.guard";

/// The name of the events of guards. No view knows it, and so they pass every view by.
const NAME: &str = "annals.guard";

/// A stream of its own for a key of a view, which every decision on the key writes to.
///
/// The stream is that of the view's name and not of its version: code with another
/// version decides on the same key. The key is hashed, so that it may be long or have any
/// content, and so that a log which never forgets does not spell out an e-mail address.
/// Two keys of one hash share a guard: a decision on one is then retried needlessly
/// because of the other.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    stream: StreamId,
    head: Option<StreamHead>,
}

impl Guard {
    /// The guard of a key, as it stands now.
    ///
    /// Streams are read where they are written, so a guard that was committed before is
    /// seen here.
    pub(super) async fn read(store: &AnyStore, stream: StreamId) -> Result<Self, ReadError> {
        let head = store.stream_head(&stream).await?;
        Ok(Self { stream, head })
    }

    /// Whether nobody has decided on the key since.
    pub(super) async fn stands(&self, store: &AnyStore) -> Result<bool, ReadError> {
        Ok(store.stream_head(&self.stream).await? == self.head)
    }

    pub(super) fn stream(&self) -> &StreamId {
        &self.stream
    }

    /// Lets the append succeed only if nobody has decided on the key since.
    ///
    /// Where the append has a write to the guard already, another rule on the same key has
    /// read it before, and says the same: two writes of one version would exclude each
    /// other.
    pub(super) fn join(&self, append: &mut Append, store: &AnyStore) {
        if append.writes.iter().any(|write| write.stream == self.stream) {
            return;
        }
        // One byte, and a number in every codec. Nobody reads it.
        let payload = Payload::from_stored(store.log().codec, Bytes::from_static(b"0"));
        let version = self.head.map_or(Version::NONE, |head| head.version);
        let mut write =
            Write::new(self.stream.clone(), version, vec![NewEvent::new(NAME, payload)]);
        // The event as well: a log that has lost its tail may have grown another one, up to
        // the same version.
        write.behind = self.head.map(|head| head.event);
        append.writes.push(write);
    }
}

/// The stream of the guard of a key.
pub(super) fn stream_of<V: View>(key: &V::Key) -> Result<StreamId, DocumentError> {
    let ModelId { name, .. } = ModelId::new(V::NAME, V::VERSION)?;
    let key = stored(key);
    key.check()?;
    let hash = xxh3_128(key.to_string().as_bytes());
    let stream = StreamId::new(CATEGORY, format_args!("{name}-{hash:032x}"));
    stream.map_err(|invalid| DocumentError::Load(LoadError::InvalidId(invalid)))
}
