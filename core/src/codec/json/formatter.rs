//! Watches `serde_json` while it writes.

use std::cell::RefCell;
use std::io;

use serde_json::ser::{CharEscape, CompactFormatter, Formatter};

use crate::codec::keys::{Key, Keys};
use crate::codec::{InvalidPayload, MAX_DEPTH};

/// What came by while a value was written.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// What can never be read back. Writing stopped there.
    pub(super) refusal: Option<InvalidPayload>,
    /// A `null`: a `None`, or a float that is not finite.
    pub(super) null: bool,
    /// A piece of JSON which the value had ready.
    pub(super) raw: bool,
    depth: usize,
    keys: Keys,
}

/// Where the text is written to.
pub(super) struct Text<'a>(pub(super) &'a RefCell<Vec<u8>>);

impl io::Write for Text<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    // serde_json writes single quotes and commas: each would be a call.
    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write(bytes).map(drop)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes compact JSON and notes what it sees.
pub(super) struct Checked<'a> {
    findings: &'a mut Findings,
    /// What was written, to see each key as a whole.
    text: &'a RefCell<Vec<u8>>,
    /// Where the present key begins in it.
    key: usize,
}

impl<'a> Checked<'a> {
    pub(super) const fn new(findings: &'a mut Findings, text: &'a RefCell<Vec<u8>>) -> Self {
        Self { findings, text, key: 0 }
    }

    fn refuse(&mut self, refusal: InvalidPayload) -> io::Result<()> {
        self.findings.refusal = Some(refusal);
        // Only stops the serializer: the caller looks at the refusal.
        Err(io::ErrorKind::InvalidData.into())
    }

    fn enter(&mut self) -> io::Result<()> {
        self.findings.depth += 1;
        if self.findings.depth > MAX_DEPTH {
            return self.refuse(InvalidPayload::TooDeep { limit: MAX_DEPTH });
        }
        Ok(())
    }

    /// A type's own `Serialize` may announce fewer elements than it writes;
    /// `serde_json` then closes what is closed already.
    fn leave(&mut self) -> io::Result<()> {
        match self.findings.depth.checked_sub(1) {
            Some(depth) => {
                self.findings.depth = depth;
                Ok(())
            }
            None => self.refuse(InvalidPayload::Serialize {
                reason: "the type's own `Serialize` announced another length".to_owned(),
            }),
        }
    }
}

impl Formatter for Checked<'_> {
    fn write_null<W: ?Sized + io::Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.findings.null = true;
        CompactFormatter.write_null(to)
    }

    fn write_char_escape<W: ?Sized + io::Write>(
        &mut self,
        to: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        if matches!(escape, CharEscape::AsciiControl(0)) {
            return self.refuse(InvalidPayload::Nul);
        }
        CompactFormatter.write_char_escape(to, escape)
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.enter()?;
        CompactFormatter.begin_array(to)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.leave()?;
        CompactFormatter.end_array(to)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.enter()?;
        self.findings.keys.open();
        CompactFormatter.begin_object(to)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.leave()?;
        if let Err(refusal) = self.findings.keys.close() {
            return self.refuse(refusal);
        }
        CompactFormatter.end_object(to)
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        to: &mut W,
        first: bool,
    ) -> io::Result<()> {
        CompactFormatter.begin_object_key(to, first)?;
        self.key = self.text.borrow().len();
        Ok(())
    }

    fn end_object_key<W: ?Sized + io::Write>(&mut self, to: &mut W) -> io::Result<()> {
        // With its quotes and escapes, which are the same for the same key.
        if let Some(key) = self.text.borrow().get(self.key..) {
            self.findings.keys.add(Key::Text, key);
        }
        CompactFormatter.end_object_key(to)
    }

    fn write_raw_fragment<W: ?Sized + io::Write>(
        &mut self,
        to: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        self.findings.raw = true;
        CompactFormatter.write_raw_fragment(to, fragment)
    }
}
