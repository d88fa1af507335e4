//! What becomes of a command that is scheduled, or cancelled.

use time::OffsetDateTime;

/// A command that is scheduled.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scheduled {
    /// When it is carried out, or was.
    pub due: OffsetDateTime,
    /// Whether it was scheduled before, under the same key: the time is the one that was said
    /// first. It may be so at the first call, too, where the answer of the log was lost.
    pub repeated: bool,
}

/// What became of a command that was cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cancelled {
    /// It is not carried out, and never was.
    InTime,
    /// Its time had come, to a second: it may be under way, or have been tried. It is not tried
    /// again.
    PerhapsTooLate,
    /// It is over: it was carried out, or could not be and was left out by somebody.
    TooLate,
}
