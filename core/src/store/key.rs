//! Keys by which a caller makes an append repeatable.

use std::fmt;

use serde::Serialize;
use xxhash_rust::xxh3::Xxh3;

/// A caller's key for one command, scoped to the stream it is for: however
/// often and whenever the command comes again under the same key, it happens
/// once, and every time the first outcome is the answer.
///
/// A [fingerprint](IdempotencyKey::for_command) tells a repeat from another
/// command that uses the same key by mistake.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey {
    text: String,
    fingerprint: Option<u64>,
}

impl IdempotencyKey {
    /// The greatest length of a key, in bytes.
    pub const MAX_BYTES: usize = 255;

    /// The key with this text, without a fingerprint.
    ///
    /// # Errors
    /// The text is empty, too long, or holds a NUL.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidIdempotencyKey> {
        let text = text.into();
        if text.is_empty() || text.len() > Self::MAX_BYTES || text.contains('\0') {
            return Err(InvalidIdempotencyKey { bytes: text.len() });
        }
        Ok(Self { text, fingerprint: None })
    }

    /// The same key with this fingerprint of the command.
    #[must_use]
    pub fn with_fingerprint(self, fingerprint: u64) -> Self {
        Self { fingerprint: Some(fingerprint), ..self }
    }

    /// The same key with the fingerprint of `command`: the XXH3 hash (64 bits)
    /// of its JSON. Two commands that serialize alike count as one; commands
    /// that hold maps with an order of their own (`HashMap`) do not serialize
    /// alike and need [`with_fingerprint`](Self::with_fingerprint).
    ///
    /// # Errors
    /// The command does not serialize to JSON.
    pub fn for_command(self, command: &impl Serialize) -> Result<Self, UnserializableCommand> {
        let mut hash = Xxh3::new();
        serde_json::to_writer(Hashing(&mut hash), command).map_err(|_| UnserializableCommand)?;
        Ok(self.with_fingerprint(hash.digest()))
    }

    /// The key's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The fingerprint of the command, if one was given.
    #[must_use]
    pub fn fingerprint(&self) -> Option<u64> {
        self.fingerprint
    }

    /// Whether `self`, known from a first try, may stand for a try under
    /// `other`: the texts are equal, and so are the fingerprints, if both have
    /// one.
    #[must_use]
    pub fn same_command(&self, other: &IdempotencyKey) -> bool {
        let fingerprints = self.fingerprint.zip(other.fingerprint);
        self.text == other.text && fingerprints.is_none_or(|(ours, theirs)| ours == theirs)
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

struct Hashing<'a>(&'a mut Xxh3);

impl std::io::Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The text cannot be an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "an idempotency key has 1 to {} bytes and no NUL character; this one has {bytes} bytes",
    IdempotencyKey::MAX_BYTES
)]
pub struct InvalidIdempotencyKey {
    bytes: usize,
}

/// The command does not serialize to JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the command does not serialize to JSON: give a fingerprint of your own")]
pub struct UnserializableCommand;
