//! Surroundings which make life hard for generated code.

use annals::Event;
use serde::{Deserialize, Serialize};

use crate::{read, round_trips};

/// A variant which is deprecated because it is retired, where that is denied.
#[deny(warnings, deprecated, unused_qualifications, clippy::all, clippy::pedantic)]
mod strict {
    /// Documented.
    #[derive(Debug, PartialEq, annals::Event)]
    #[event(prefix = "strict")]
    pub(crate) enum Strict {
        /// Documented.
        #[event(retired)]
        #[deprecated]
        Old,
        /// Documented.
        New {},
    }

    /// Serde's own derive does not allow what is deprecated.
    #[allow(deprecated, reason = "a reader has to name the variant")]
    mod serde_of_strict {
        use super::Strict;
        use serde::{Deserialize, Deserializer, Serialize, Serializer};

        #[derive(Serialize, Deserialize)]
        #[serde(remote = "Strict")]
        enum Remote {
            Old,
            New {},
        }

        impl Serialize for Strict {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                Remote::serialize(self, to)
            }
        }

        impl<'de> Deserialize<'de> for Strict {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                Remote::deserialize(from)
            }
        }
    }
}

#[test]
fn the_code_meets_strict_lints() {
    round_trips(&strict::Strict::New {}, "{}");
    assert!(read::<strict::Strict>("strict.old", 1, "{}").unwrap().is_retired());
}

/// A scope in which the names of the standard library mean something else.
#[allow(dead_code, reason = "most of it is only in the way")]
mod shadowed {
    pub(crate) struct Result;
    pub(crate) struct Ok;
    pub(crate) struct Err;
    pub(crate) struct Option;
    pub(crate) struct Some;
    pub(crate) struct From;
    pub(crate) struct Schema;
    pub(crate) struct Event;
    pub(crate) struct Serialize;
    pub(crate) struct Deserialize;
    pub(crate) mod core {}
    pub(crate) mod std {}
    pub(crate) mod annals {}
    pub(crate) mod serde {}

    #[derive(::serde::Deserialize)]
    pub(crate) struct OldClaimed;

    #[derive(Debug, PartialEq, ::annals::Event, ::serde::Serialize, ::serde::Deserialize)]
    #[event(prefix = "shadowed")]
    pub(crate) enum Claim {
        #[event(version = 2, upcast(1 = OldClaimed))]
        Claimed {
            amount: u8,
        },
        Dropped,
    }

    impl ::core::convert::From<OldClaimed> for Claim {
        fn from(_: OldClaimed) -> Self {
            Self::Dropped
        }
    }
}

/// Not even the primitive types are what they seem; serde's derive gives up.
#[allow(dead_code, non_camel_case_types, reason = "most of it is only in the way")]
mod deeper {
    use super::shadowed::*;

    pub(crate) struct str;
    pub(crate) struct bool;
    pub(crate) struct u16;
    pub(crate) struct u32;

    #[derive(Debug, PartialEq, ::annals::Event)]
    #[event(name = "shadowed.ended", retired)]
    pub(crate) struct Ended;

    #[derive(Debug, PartialEq, ::annals::Event)]
    #[event(union)]
    pub(crate) enum Shadowed {
        Claim(Claim),
        Ended(Ended),
    }
}

#[test]
fn the_code_does_not_depend_on_what_is_in_scope() {
    use deeper::{Ended, Shadowed};
    use shadowed::Claim;

    round_trips(&Shadowed::from(Claim::Claimed { amount: 1 }), r#"{"amount":1}"#);
    round_trips(&Shadowed::from(Ended), "{}");
    let old: Shadowed = read("shadowed.claimed", 1, "null").unwrap();
    assert_eq!(old, Shadowed::Claim(Claim::Dropped));
}

/// A type whose names come from a macro, and so from another place.
macro_rules! events {
    ($type:ident, $prefix:literal, $variant:ident, $union:ident, $old:ty) => {
        #[derive(Debug, PartialEq, Event, Serialize, Deserialize)]
        #[event(prefix = $prefix)]
        enum $type {
            #[event(version = 3, upcast(1 = $old, 2 = u8))]
            $variant(u8),
            Own,
        }

        impl From<u8> for $type {
            fn from(old: u8) -> Self {
                Self::$variant(old)
            }
        }

        #[derive(Debug, PartialEq, Event)]
        #[event(union)]
        enum $union {
            Only($type),
        }

        /// A type whose name comes from the macro itself.
        #[derive(Debug, PartialEq, Event, Serialize, Deserialize)]
        #[event(name = "macro.inside", version = 2, upcast(1 = (u8,)))]
        struct Inside {
            value: u8,
        }
    };
}

events!(FromMacro, "macro", Outside, UnionFromMacro, bool);

impl From<(u8,)> for Inside {
    fn from(old: (u8,)) -> Self {
        Self { value: old.0 }
    }
}

#[test]
fn the_code_works_for_types_which_a_macro_writes() {
    round_trips(&UnionFromMacro::from(FromMacro::Outside(3)), "3");
    round_trips(&FromMacro::Own, "{}");
    round_trips(&Inside { value: 1 }, r#"{"value":1}"#);
    assert_eq!(read::<FromMacro>("macro.outside", 1, "true").unwrap(), FromMacro::Outside(1));
    assert_eq!(read::<Inside>("macro.inside", 1, "[7]").unwrap(), Inside { value: 7 });
}

/// Implements serde's traits as something which is not an enum.
#[derive(Debug, Event)]
#[event(prefix = "odd")]
enum Odd {
    One,
}

impl Serialize for Odd {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str("one")
    }
}

impl<'de> Deserialize<'de> for Odd {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(|_| Self::One)
    }
}

#[test]
fn what_is_not_a_plain_enum_is_an_error_and_no_payload() {
    let error = Odd::One.serialize_payload(serde_json::value::Serializer).unwrap_err();
    assert!(error.to_string().contains("derive `Serialize`"), "{error}");
    let error = read::<Odd>("odd.one", 1, "\"one\"").unwrap_err();
    assert!(error.to_string().contains("derive `Deserialize`"), "{error}");
}
