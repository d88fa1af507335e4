//! The derive macro of the `annals` crate, which re-exports it.
//!
//! Reading order: `attributes` reads what the user wrote, `kind` resolves it
//! into event types with their names and versions, and `enums`, `structs` and
//! `unions` write the code.

mod attributes;
mod enums;
mod errors;
mod foreign;
mod generate;
mod keys;
mod kind;
mod names;
mod structs;
mod unions;
mod versions;

use proc_macro::TokenStream;
use syn::{Data, DeriveInput, parse_macro_input};

use crate::attributes::Attributes;
use crate::errors::Errors;
use crate::keys::Place;

/// Derives `annals::Event` for an enum whose variants are event
/// types, for a struct that is one event type, or for a union of enums.
///
/// Derive serde's `Serialize` and `Deserialize` beside it, except on a union,
/// which needs neither.
/// The module documentation of `annals::event` tells how names, versions and
/// upcasters are used; this is the list of what may be written.
///
/// # On an enum
///
/// | attribute | meaning |
/// |---|---|
/// | `#[event(prefix = "account")]` | A variant `MoneyDeposited` is stored as `account.money_deposited`. Without it each variant needs its own `name`. |
/// | `#[event(union)]` | Every variant holds one other event type, and everything is left to those. Also writes `From` for each. |
///
/// # On a variant, and on a struct
///
/// | attribute | meaning |
/// |---|---|
/// | `#[event(name = "account.paid_in")]` | The whole stored name; no prefix is put before it. |
/// | `#[event(alias = "account.credited")]` | One more whole stored name that is read as this event, but never written. May be repeated. |
/// | `#[event(version = 3)]` | The schema version written today, from 1 to 65535. The default is 1. |
/// | `#[event(upcast(1 = PaidInV1, 2 = PaidInV2))]` | The shapes of older payloads. Each becomes the next by `From`, the last one the event itself. |
/// | `#[event(retired)]` | The event is still read, but `is_retired` tells that nobody may write it. |
/// | `#[event(prefix = "account")]` | On a struct only: `prefix.struct_name` instead of a `name`. |
///
/// Stored names have 1 to 128 bytes, all of them visible ASCII, without
/// quotes, `,` and `*`.
/// In names made from Rust's, an acronym is one word: `HTTPCalled` becomes
/// `http_called`.
///
/// # What is refused
///
/// Attributes of serde with which a payload could not be read back: on the
/// enum `tag`, `content`, `untagged`, `from`, `try_from`, `into` and `remote`;
/// on a variant `skip`, `skip_serializing`, `skip_deserializing`, `other` and
/// `untagged`. Those of the fields, `rename` and `rename_all` have their usual
/// meaning.
#[proc_macro_derive(Event, attributes(event))]
pub fn derive_event(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let mut errors = Errors::default();
    errors::no_lifetimes(&input.generics, &mut errors);
    let code = match &input.data {
        Data::Enum(data) => {
            let attributes = Attributes::read(&input.attrs, Place::Enum, &mut errors);
            if attributes.union {
                unions::derive(&input, data, &attributes, &mut errors)
            } else {
                enums::derive(&input, data, &attributes, &mut errors)
            }
        }
        Data::Struct(data) => structs::derive(&input, data, &mut errors),
        Data::Union(data) => {
            errors.push(
                data.union_token.span,
                "an event is an enum or a struct; a Rust `union` cannot be stored",
            );
            proc_macro2::TokenStream::new()
        }
    };
    errors.or(code).into()
}
