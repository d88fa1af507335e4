//! What can be wrong with a payload. No message repeats any of its content:
//! errors end up in logs, where nobody may find a customer's data.

use super::Codec;

/// A payload cannot be stored, because it could not be read back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPayload {
    /// A float is NaN or infinite, which JSON would silently turn into `null`.
    #[error(
        "a number in the payload is NaN or infinite, which JSON cannot express: \
         refuse such numbers when deciding, or write with the codec `msgpack`"
    )]
    NotFinite,
    /// A string or a key contains U+0000.
    #[error(
        "a string in the payload contains U+0000, which databases refuse in JSON: \
         remove it from the command, or write with the codec `msgpack`"
    )]
    Nul,
    /// Arrays and objects stand inside each other more often than is readable.
    #[error(
        "the payload nests more than {limit} levels deep: \
         write a flatter event, or a reference to where the structure is kept"
    )]
    TooDeep {
        /// How many levels are readable.
        limit: usize,
    },
    /// One key stands twice in an object, so that a reader refuses it or loses
    /// one of the two values.
    #[error(
        "an object of the payload has one key twice, so it could not be read back: \
         keep free keys in a map of its own, not beside fields (`serde(flatten)`) \
         or a tag (`serde(tag = ..)`), or refuse such keys when deciding"
    )]
    DuplicateKey,
    /// An `Option` is `Some` of nothing, as `Some(None)`, which is written as a
    /// null and read back as `None`.
    #[error(
        "an optional value of the payload holds nothing, like `Some(None)` or `Some(())`, which \
         would be read back as `None`: say it with an enum, or leave out the outer `None`"
    )]
    NullInSome,
    /// The bytes are not exactly one value of the codec.
    #[error(
        "the payload is not exactly one value of the codec `{codec}` ({at}): hand in one value"
    )]
    Malformed {
        /// The codec which the bytes were said to be in.
        codec: Codec,
        /// The place of the mistake, such as `line 1 column 4` or `byte 3`.
        at: String,
    },
    /// The type cannot be written with the codec, or its own `Serialize`
    /// implementation refused.
    #[error("the payload cannot be serialized ({reason}): change the event type or the codec")]
    Serialize {
        /// What the codec says about it.
        reason: String,
    },
}

/// A stored payload does not fit the type that was to be read from it.
///
/// It tells what the type asked for, never what was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the stored payload does not fit the type ({expected}): \
     raise the schema version and add an upcaster, or make the type accept both"
)]
pub struct Mismatch {
    pub(super) expected: String,
}

impl Mismatch {
    /// What the type asked for, such as ``missing field `cents` ``.
    #[must_use]
    pub fn expected(&self) -> &str {
        &self.expected
    }
}
