//! One way from a type to one of its leaves, and the next way after it.

use std::fmt::{self, Display, Write as _};

use serde::de;

use super::sample::Sample;

/// A type nested deeper than this is taken for endless.
const DEEPEST: usize = 128;

/// Ends the reading of a type, at a leaf or because the type refused.
///
/// Which of the two is known to the [`Trace`]: a type may replace the errors
/// that pass through it.
#[derive(Debug)]
pub(super) struct Stop;

impl Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the shape was traced to here")
    }
}

impl std::error::Error for Stop {}

impl de::Error for Stop {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

/// A type that is being read, as far as serde lets it be known again.
///
/// The name of the visitor alone would do, were it certain to be unique. It
/// differs between compilers, so it may be compared but never be hashed.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    visitor: &'static str,
    name: &'static str,
    parts: &'static [&'static str],
}

#[derive(Debug, Default)]
pub(super) struct Trace {
    /// At each fork of the way: the branch taken, and how many there are.
    choices: Vec<(usize, usize)>,
    /// How many of the choices this run has come by.
    made: usize,
    /// The types around the present one.
    path: Vec<Place>,
    trail: String,
    sample: Sample,
    ended: bool,
    opaque: bool,
}

impl Trace {
    /// Starts again at the root, with the same choices.
    pub(super) fn begin(&mut self, sample: Sample) {
        self.made = 0;
        self.path.clear();
        self.trail.clear();
        self.sample = sample;
        self.ended = false;
    }

    /// Takes the next branch of the last fork that has one left. False when all
    /// ways have been gone.
    pub(super) fn advance(&mut self) -> bool {
        while let Some((taken, total)) = self.choices.last_mut() {
            *taken += 1;
            if taken < total {
                return true;
            }
            self.choices.pop();
        }
        false
    }

    /// The branch to take of `total`.
    pub(super) fn choose(&mut self, total: usize) -> Result<usize, Stop> {
        if self.ended {
            return Err(Stop);
        }
        let at = self.made;
        self.made += 1;
        match self.choices.get(at) {
            Some(&(taken, known)) if known == total => Ok(taken),
            // The type asks for something else than the last time.
            Some(_) => Err(self.opaque_leaf("changing")),
            None => {
                self.choices.push((0, total));
                Ok(0)
            }
        }
    }

    /// Enters a type, unless it is already being read: the way would not end.
    pub(super) fn enter<V>(
        &mut self,
        name: &'static str,
        parts: &'static [&'static str],
    ) -> Result<(), Stop> {
        let place = Place { visitor: std::any::type_name::<V>(), name, parts };
        if let Some(levels) = self.path.iter().rev().position(|outer| *outer == place) {
            return Err(self.leaf(format_args!("back {levels}")));
        }
        if self.path.len() == DEEPEST {
            return Err(self.opaque_leaf("deep"));
        }
        self.path.push(place);
        Ok(())
    }

    /// Leaves what was entered last.
    pub(super) fn leave(&mut self) {
        self.path.pop();
    }

    /// Writes down what the type asks for.
    pub(super) fn note(&mut self, token: impl Display) {
        if !self.ended {
            // Writing into a string cannot fail. The separator is no letter
            // that a name would have.
            let _ = write!(self.trail, "{token}\u{1f}");
        }
    }

    /// Writes down the leaf at which the run ends.
    pub(super) fn leaf(&mut self, token: impl Display) -> Stop {
        self.note(token);
        self.ended = true;
        Stop
    }

    /// Writes down a leaf behind which there is more than can be seen.
    pub(super) fn opaque_leaf(&mut self, token: impl Display) -> Stop {
        self.opaque |= !self.ended;
        self.leaf(token)
    }

    /// Notes that the type did not let itself be read down to a leaf.
    pub(super) fn refused(&mut self) {
        let _ = self.opaque_leaf("refused");
    }

    pub(super) const fn has_ended(&self) -> bool {
        self.ended
    }

    pub(super) const fn is_opaque(&self) -> bool {
        self.opaque
    }

    pub(super) const fn sample(&self) -> Sample {
        self.sample
    }

    pub(super) fn trail(&self) -> &str {
        &self.trail
    }
}
