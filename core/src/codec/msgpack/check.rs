//! Goes through MessagePack bytes to know that they can be read.

use crate::codec::keys::{Key, Keys};
use crate::codec::{Codec, InvalidPayload, MAX_DEPTH};

/// What came by in bytes that are in order.
#[derive(Debug, Clone, Copy)]
pub(in crate::codec) struct Found {
    /// A nil, as for `None`.
    pub(in crate::codec) nil: bool,
}

/// An array or a map that has not come to its end.
struct Open {
    /// How many values it still waits for.
    left: u64,
    is_map: bool,
    /// Where its present key or element begins.
    value: usize,
}

impl Open {
    /// Whether what comes next is the key of an entry.
    const fn is_at_key(&self) -> bool {
        self.is_map && self.left.is_multiple_of(2)
    }
}

/// Whether the bytes are exactly one value that every later reader can read.
///
/// # Errors
/// What is wrong with them.
pub(in crate::codec) fn check(bytes: &[u8]) -> Result<Found, InvalidPayload> {
    let mut scan = Scan { bytes, at: 0, text: 0, nil: false };
    // A stack of our own: the bytes may come from anybody.
    let mut open: Vec<Open> = Vec::new();
    let mut keys = Keys::default();
    loop {
        if let Some(around) = open.last_mut() {
            around.value = scan.at;
        }
        let inside = scan.value().ok_or_else(|| scan.malformed())?;
        if open.len() + usize::from(inside.is_some()) > MAX_DEPTH {
            return Err(InvalidPayload::TooDeep { limit: MAX_DEPTH });
        }
        // Each value that has come to its end is one less to wait for above it.
        let mut ended = inside.is_none();
        if let Some(inside) = inside {
            if inside.is_map {
                keys.open();
            }
            open.push(inside);
        }
        while let Some(around) = open.last_mut() {
            if ended {
                if around.is_at_key() {
                    let (kind, key) = scan.key(around.value);
                    keys.add(kind, key);
                }
                around.left -= 1;
            }
            if around.left > 0 {
                break;
            }
            if around.is_map {
                keys.close()?;
            }
            open.pop();
            ended = true;
        }
        if open.is_empty() {
            break;
        }
    }
    if scan.at == bytes.len() { Ok(Found { nil: scan.nil }) } else { Err(scan.malformed()) }
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where the content of the last text begins.
    text: usize,
    nil: bool,
}

impl<'a> Scan<'a> {
    /// Goes past a scalar, or past the head of an array or a map, which is open
    /// then. `None` when the bytes are no value.
    fn value(&mut self) -> Option<Option<Open>> {
        let marker = *self.take(1)?.first()?;
        match marker {
            // Positive and negative numbers, nil, booleans.
            0x00..=0x7f | 0xe0..=0xff | 0xc2 | 0xc3 => {}
            0xc0 => self.nil = true,
            0x80..=0x8f => return Some(Some(self.map(u64::from(marker & 0x0f)))),
            0x90..=0x9f => return Some(Some(self.array(u64::from(marker & 0x0f)))),
            0xa0..=0xbf => self.text(u64::from(marker & 0x1f))?,
            0xc1 => return None,
            // Bytes, then extensions with a kind before their data.
            0xc4..=0xc6 => self.skip(|scan| scan.number(1 << (marker - 0xc4)))?,
            0xc7..=0xc9 => self.skip(|scan| Some(1 + scan.number(1 << (marker - 0xc7))?))?,
            0xd4..=0xd8 => self.skip(|_| Some(1 + (1 << (marker - 0xd4))))?,
            // Floats and integers of a fixed width.
            0xca => self.skip(|_| Some(4))?,
            0xcb => self.skip(|_| Some(8))?,
            0xcc..=0xcf => self.skip(|_| Some(1 << (marker - 0xcc)))?,
            0xd0..=0xd3 => self.skip(|_| Some(1 << (marker - 0xd0)))?,
            0xd9..=0xdb => {
                let length = self.number(1 << (marker - 0xd9))?;
                self.text(length)?;
            }
            0xdc | 0xdd => {
                let length = self.number(2 << (marker - 0xdc))?;
                return Some(Some(self.array(length)));
            }
            0xde | 0xdf => {
                let length = self.number(2 << (marker - 0xde))?;
                return Some(Some(self.map(length)));
            }
        }
        Some(None)
    }

    const fn array(&self, length: u64) -> Open {
        Open { left: length, is_map: false, value: self.at }
    }

    const fn map(&self, length: u64) -> Open {
        Open { left: 2 * length, is_map: true, value: self.at }
    }

    /// The key that begins there and ends here. The head of a text may be of
    /// several widths for one text; that of other keys is as it was written.
    fn key(&self, begin: usize) -> (Key, &'a [u8]) {
        let (kind, begin) = match self.bytes.get(begin) {
            Some(0xa0..=0xbf | 0xd9..=0xdb) => (Key::Text, self.text),
            _ => (Key::Other, begin),
        };
        (kind, self.bytes.get(begin..self.at).unwrap_or_default())
    }

    fn take(&mut self, length: u64) -> Option<&'a [u8]> {
        let end = self.at.checked_add(usize::try_from(length).ok()?)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn number(&mut self, width: u64) -> Option<u64> {
        let bytes = self.take(width)?;
        Some(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn text(&mut self, length: u64) -> Option<()> {
        self.text = self.at;
        std::str::from_utf8(self.take(length)?).ok().map(drop)
    }

    fn skip(&mut self, length: impl FnOnce(&mut Self) -> Option<u64>) -> Option<()> {
        let length = length(self)?;
        self.take(length).map(drop)
    }

    fn malformed(&self) -> InvalidPayload {
        InvalidPayload::Malformed { codec: Codec::MessagePack, at: format!("byte {}", self.at) }
    }
}
