//! Whether a snapshot was written by a type of the same shape.
//!
//! bincode writes no names: after two fields of one type have changed places,
//! an old snapshot is read without an error into wrong values. So a fingerprint
//! of the whole type stands beside each snapshot, and another fingerprint
//! discards it.

mod access;
mod outline;
mod sample;
mod trace;
mod tracer;

#[cfg(test)]
mod tests;

use serde::{Serialize, de::DeserializeOwned};
use xxhash_rust::xxh3::xxh3_64;

use sample::ATTEMPTS;
use trace::Trace;
use tracer::Tracer;

/// A type with more leaves than this is not looked at to the end.
const MOST_LEAVES: usize = 10_000;

/// What serde asks for when it reads a type.
///
/// Names of fields and variants are part of it, and every kind of value. Names
/// of structs and enums are not: renaming a type moves no byte of its
/// snapshots, and is the commonest refactoring of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Equal for equal shapes, in every process and build.
    pub(crate) fingerprint: u64,
    /// Whether some part of the type looks at the data before it says what it
    /// wants (`flatten`, tagged and untagged enums, `Value`), or refused the
    /// samples, so that changes behind it are not seen.
    pub(crate) opaque: bool,
}

impl Shape {
    /// The shape of a type, found without a value of it.
    ///
    /// A type is read again and again by a deserializer that has no data, each
    /// time down to one leaf: it gives the type another field, variant or
    /// element each time, writes down what is asked for on the way, and stops.
    pub(crate) fn of<T: DeserializeOwned>() -> Self {
        let mut trace = Trace::default();
        let mut found = String::new();
        for _ in 0..MOST_LEAVES {
            follow::<T>(&mut trace);
            found.push_str(trace.trail());
            found.push('\n');
            if !trace.advance() {
                return Self { fingerprint: xxh3_64(found.as_bytes()), opaque: trace.is_opaque() };
            }
        }
        Self { fingerprint: xxh3_64(found.as_bytes()), opaque: true }
    }

    /// Adds what can be seen of an opaque type at its initial value: the keys
    /// of its objects and the kinds of its values, as JSON shows them.
    pub(crate) fn with_default<T: Serialize>(self, initial: &T) -> Self {
        if !self.opaque {
            return self;
        }
        let mut seen = self.fingerprint.to_le_bytes().to_vec();
        seen.extend(outline::of(initial).into_bytes());
        Self { fingerprint: xxh3_64(&seen), ..self }
    }
}

/// Goes down to one leaf.
///
/// What comes before the leaf in a tuple must be given to the type, and the
/// type may refuse it: then the same way is tried with other samples.
fn follow<T: DeserializeOwned>(trace: &mut Trace) {
    for attempt in ATTEMPTS {
        trace.begin(attempt);
        let done = T::deserialize(Tracer::new(trace)).is_ok();
        if done || trace.has_ended() {
            return;
        }
    }
    trace.refused();
}
