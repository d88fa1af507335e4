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

    /// The same key with the fingerprint of a command: the XXH3 hash (64 bits) of
    /// its name, a NUL, and its JSON. The name tells commands apart that
    /// serialize alike (`Deposit { cents: 5 }`, `Withdraw { cents: 5 }`); like
    /// the fields, it should stay as it is while keys are remembered. Commands
    /// that hold maps with an order of their own (`HashMap`) do not serialize
    /// alike twice and need [`with_fingerprint`](Self::with_fingerprint).
    ///
    /// ```
    /// # use annals::IdempotencyKey;
    /// #[derive(serde::Serialize)]
    /// struct Withdraw { cents: u64 }
    ///
    /// let key = IdempotencyKey::new("request-17")?;
    /// let key = key.for_command("withdraw", &Withdraw { cents: 50 })?;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The command does not serialize to JSON.
    pub fn for_command(
        self,
        name: &str,
        command: &impl Serialize,
    ) -> Result<Self, UnserializableCommand> {
        let mut hash = Xxh3::new();
        hash.update(name.as_bytes());
        hash.update(&[0]);
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

#[cfg(test)]
mod tests {
    use super::*;

    // Stores remember fingerprints for years.
    #[test]
    fn the_fingerprint_of_a_command_is_pinned_and_knows_its_name() {
        let key = |name| IdempotencyKey::new("k").unwrap().for_command(name, &[1, 2]).unwrap();
        assert_eq!(key("deposit").fingerprint(), Some(12_335_224_075_717_335_208));
        assert!(!key("deposit").same_command(&key("withdraw")));
        assert!(key("deposit").same_command(&key("deposit")));
        assert!(key("deposit").same_command(&IdempotencyKey::new("k").unwrap()));
    }
}
