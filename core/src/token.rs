//! What a commit hands back, and how it travels.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::{Checkpoint, EventId, LogId, Partition, Partitions, Position};

/// What a commit hands back for reading one's own write: the last event of the
/// commit in each partition that it touched.
///
/// It travels as text (`Display` and `FromStr`), opaque and safe in an HTTP
/// header, of 58 characters for one partition and 35 at most for each further.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Token {
    log: LogId,
    places: Vec<(Partition, Position, EventId)>,
}

impl Token {
    const FORMAT: u8 = 1;
    const PLACE_BYTES: usize = 26;
    const HEAD_BYTES: usize = 17;
    /// A commit that touches every partition of the largest log.
    const MAX_CHARS: usize =
        (Self::HEAD_BYTES + Self::PLACE_BYTES * Partitions::MAX as usize).div_ceil(3) * 4;

    /// A token that every reader of `log` has reached.
    #[must_use]
    pub const fn empty(log: LogId) -> Self {
        Self { log, places: Vec::new() }
    }

    /// The log of the commit.
    #[must_use]
    pub const fn log(&self) -> LogId {
        self.log
    }

    /// Whether no partition was touched.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The place in one partition, if the commit touched it.
    #[must_use]
    pub fn checkpoint(&self, partition: Partition) -> Option<Checkpoint> {
        self.checkpoints().find(|checkpoint| checkpoint.partition() == partition)
    }

    /// The places in all partitions that the commit touched.
    pub fn checkpoints(&self) -> impl Iterator<Item = Checkpoint> {
        let log = self.log;
        self.places.iter().map(move |&(partition, position, event)| {
            Checkpoint::new(log, partition, position, event)
        })
    }

    /// Adds a place; of two in one partition the later one stays. A place in
    /// another log is left out: nothing can be known of it here.
    #[must_use]
    pub fn with(mut self, checkpoint: Checkpoint) -> Self {
        let Some(event) = checkpoint.event().filter(|_| checkpoint.log() == self.log) else {
            return self;
        };
        let place = (checkpoint.partition(), checkpoint.position(), event);
        match self.places.binary_search_by_key(&place.0, |known| known.0) {
            Err(at) => self.places.insert(at, place),
            Ok(at) if self.places[at].1 < place.1 => self.places[at] = place,
            Ok(_) => {}
        }
        self
    }

    /// The later place of both in every partition: what waits for the result
    /// waits for both.
    #[must_use]
    pub fn merge(self, other: &Token) -> Self {
        other.checkpoints().fold(self, Token::with)
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes =
            Vec::with_capacity(Self::HEAD_BYTES + Self::PLACE_BYTES * self.places.len());
        bytes.push(Self::FORMAT);
        bytes.extend_from_slice(self.log.as_uuid().as_bytes());
        for (partition, position, event) in &self.places {
            bytes.extend_from_slice(&partition.get().to_be_bytes());
            bytes.extend_from_slice(&position.get().to_be_bytes());
            bytes.extend_from_slice(event.as_uuid().as_bytes());
        }
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for Token {
    type Err = InvalidToken;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Tokens come from clients: what no commit has written is refused before
        // it costs anything.
        if text.len() > Self::MAX_CHARS {
            return Err(InvalidToken);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidToken)?;
        let (head, places) = bytes.split_at_checked(Self::HEAD_BYTES).ok_or(InvalidToken)?;
        let (format, log) = head.split_first().ok_or(InvalidToken)?;
        if *format != Self::FORMAT || places.len() % Self::PLACE_BYTES != 0 {
            return Err(InvalidToken);
        }
        let log = LogId::from_uuid(Uuid::from_slice(log).map_err(|_| InvalidToken)?);
        let places = places.chunks_exact(Self::PLACE_BYTES).map(place);
        let places: Vec<_> = places.collect::<Option<_>>().ok_or(InvalidToken)?;
        if !places.is_sorted_by(|(one, ..), (next, ..)| one < next) {
            return Err(InvalidToken);
        }
        Ok(Self { log, places })
    }
}

/// One place, as it was written.
fn place(bytes: &[u8]) -> Option<(Partition, Position, EventId)> {
    let (partition, rest) = bytes.split_first_chunk()?;
    let (position, event) = rest.split_first_chunk()?;
    let partition = Partition::new(u16::from_be_bytes(*partition));
    let position = Position::new(u64::from_be_bytes(*position));
    let event = EventId::from_uuid(Uuid::from_slice(event).ok()?);
    (position > Position::START).then_some((partition, position, event))
}

impl Serialize for Token {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The text is not a token of a commit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a commit token: pass on the token of a commit unchanged")]
pub struct InvalidToken;
