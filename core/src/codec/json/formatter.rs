//! Watches `serde_json` while it writes.

use std::io;

use serde_json::ser::{CharEscape, CompactFormatter, Formatter};

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
}

/// Writes compact JSON and notes what it sees.
pub(super) struct Checked<'a>(&'a mut Findings);

impl<'a> Checked<'a> {
    pub(super) const fn new(findings: &'a mut Findings) -> Self {
        Self(findings)
    }

    fn refuse(&mut self, refusal: InvalidPayload) -> io::Result<()> {
        self.0.refusal = Some(refusal);
        // Only stops the serializer: the caller looks at the refusal.
        Err(io::ErrorKind::InvalidData.into())
    }

    fn enter(&mut self) -> io::Result<()> {
        self.0.depth += 1;
        if self.0.depth > MAX_DEPTH {
            return self.refuse(InvalidPayload::TooDeep { limit: MAX_DEPTH });
        }
        Ok(())
    }
}

impl Formatter for Checked<'_> {
    fn write_null<W: ?Sized + io::Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.null = true;
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
        self.0.depth -= 1;
        CompactFormatter.end_array(to)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.enter()?;
        CompactFormatter.begin_object(to)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.depth -= 1;
        CompactFormatter.end_object(to)
    }

    fn write_raw_fragment<W: ?Sized + io::Write>(
        &mut self,
        to: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        self.0.raw = true;
        CompactFormatter.write_raw_fragment(to, fragment)
    }
}
