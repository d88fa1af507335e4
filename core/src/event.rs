//! What an event type promises to the log: stable names, schema versions, and
//! a payload without an enum tag.
//!
#![doc = include_str!("../docs/events.md")]

#[doc(hidden)]
pub mod private;
#[doc(hidden)]
pub mod schemas;
mod variant;

use serde::{Deserializer, Serializer};

/// One stored event type that an [`Event`] can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schema {
    /// The stored name, such as `account.opened`.
    pub name: &'static str,
    /// The oldest schema version which can still be read, through upcasters.
    pub oldest: u16,
    /// The schema version that is written today.
    pub newest: u16,
}

/// Events of one aggregate, or a union of the events of several.
///
/// Implement it with `#[derive(Event)]`: see [the derive](macro@crate::Event)
/// for its attributes and [the module](self) for how to use them. What the log keeps of an event is its stored name, its
/// schema version and its payload: the content of the variant, without an
/// enum tag, so that the Rust names may change while the log stays readable.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event type",
    label = "not an event type",
    note = "add `#[derive(Event)]` with `#[event(prefix = \"..\")]`, beside serde's `Serialize` and `Deserialize`"
)]
pub trait Event: Sized + Send + Sync + 'static {
    /// Every stored event type that can be read, old names and retired
    /// variants included. No name occurs twice.
    const SCHEMAS: &'static [Schema];

    /// The stored name of this event.
    fn name(&self) -> &'static str;

    /// The schema version under which this event is written.
    fn schema_version(&self) -> u16 {
        1
    }

    /// Whether this event can only be read: nobody may write it any more.
    fn is_retired(&self) -> bool {
        false
    }

    /// Writes the payload: the content of the variant, without a tag.
    ///
    /// # Errors
    /// Whatever the serializer says.
    fn serialize_payload<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error>;

    /// Reads the payload of the stored event type `name` at `schema_version`,
    /// lifting older shapes to the newest.
    ///
    /// Callers look into [`SCHEMAS`](Event::SCHEMAS) first; a pair that is not
    /// covered there is an error of the deserializer.
    ///
    /// # Errors
    /// Whatever the deserializer says.
    fn deserialize_payload<'de, D: Deserializer<'de>>(
        name: &str,
        schema_version: u16,
        from: D,
    ) -> Result<Self, D::Error>;
}
