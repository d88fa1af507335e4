//! How the content of an event becomes bytes, and bytes become an event again.

#[cfg(test)]
mod tests;

mod error;
pub(crate) mod json;
mod keys;
#[cfg(feature = "msgpack")]
mod msgpack;
mod null;
mod payload;
mod sanitise;

use std::fmt;

pub use error::{InvalidPayload, Mismatch};
pub use payload::Payload;

/// How many arrays and objects of a payload may stand inside each other.
///
/// It is what `serde_json` reads before it gives up for fear of the stack.
/// MessagePack could nest deeper, but a thread with the usual 2 MiB of stack
/// would be at its mercy, and changing the codec must not make an event
/// impossible to write.
pub(crate) const MAX_DEPTH: usize = 127;

/// The format in which payloads are written.
///
/// Its [id](Codec::id) stands beside each payload, so a log may mix formats:
/// choosing another one changes what is written, never what can be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Codec {
    /// JSON: readable by people and by SQL. It cannot express NaN and the
    /// infinities, and U+0000 in strings is refused.
    #[default]
    Json,
    /// MessagePack with named fields: smaller and faster, with every number and
    /// every string.
    #[cfg(feature = "msgpack")]
    MessagePack,
}

impl Codec {
    /// The name which is stored beside each payload. It never changes.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Json => "json",
            #[cfg(feature = "msgpack")]
            Self::MessagePack => "msgpack",
        }
    }

    /// The codec of a stored name.
    ///
    /// # Errors
    /// [`UnknownCodec`] when this build cannot read that codec.
    pub fn from_id(id: &str) -> Result<Self, UnknownCodec> {
        match id {
            "json" => Ok(Self::Json),
            #[cfg(feature = "msgpack")]
            "msgpack" => Ok(Self::MessagePack),
            _ => Err(UnknownCodec { id: id.to_owned() }),
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// A payload was stored with a codec which this build cannot read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownCodec {
    id: String,
}

impl UnknownCodec {
    /// The stored name of the codec.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Display for UnknownCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // With the feature, this name is never unknown.
        if self.id == "msgpack" {
            return f.write_str(
                "the payload is stored as `msgpack`, which this build cannot read: \
                 enable the feature `msgpack` of the crate `annals`",
            );
        }
        write!(
            f,
            "the payload is stored with the codec `{}`, which this version of annals does not \
             know: a newer version wrote it, so upgrade this process",
            self.id
        )
    }
}

impl std::error::Error for UnknownCodec {}
