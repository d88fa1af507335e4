//! Goes through MessagePack bytes to know that they can be read.

use crate::codec::{Codec, InvalidPayload, MAX_DEPTH};

/// Whether the bytes are exactly one value that every later reader can read.
///
/// # Errors
/// What is wrong with them.
pub(in crate::codec) fn check(bytes: &[u8]) -> Result<(), InvalidPayload> {
    let mut scan = Scan { bytes, at: 0 };
    // How many values each open array or map still waits for. A stack of our
    // own: the bytes may come from anybody.
    let mut open: Vec<u64> = Vec::new();
    loop {
        let inside = scan.value().ok_or_else(|| scan.malformed())?;
        if open.len() + usize::from(inside.is_some()) > MAX_DEPTH {
            return Err(InvalidPayload::TooDeep { limit: MAX_DEPTH });
        }
        open.extend(inside);
        // Each value that has come to its end is one less to wait for above it.
        let mut ended = inside.is_none();
        while let Some(left) = open.last_mut() {
            *left -= u64::from(ended);
            if *left > 0 {
                break;
            }
            open.pop();
            ended = true;
        }
        if open.is_empty() {
            break;
        }
    }
    if scan.at == bytes.len() { Ok(()) } else { Err(scan.malformed()) }
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scan<'a> {
    /// Goes past a scalar, or past the head of an array or a map and tells how
    /// many values follow. `None` when the bytes are no value.
    fn value(&mut self) -> Option<Option<u64>> {
        let marker = *self.take(1)?.first()?;
        match marker {
            // Positive and negative numbers, nil, booleans.
            0x00..=0x7f | 0xe0..=0xff | 0xc0 | 0xc2 | 0xc3 => {}
            0x80..=0x8f => return Some(Some(2 * u64::from(marker & 0x0f))),
            0x90..=0x9f => return Some(Some(u64::from(marker & 0x0f))),
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
            0xdc | 0xdd => return Some(Some(self.number(2 << (marker - 0xdc))?)),
            0xde | 0xdf => return Some(Some(2 * self.number(2 << (marker - 0xde))?)),
        }
        Some(None)
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
