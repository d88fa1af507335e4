//! Attributes of serde with which an event could not be read back.
//!
//! Variants are told to serde by number; an attribute that changes which
//! variants there are, or what surrounds their content, would make a stored
//! payload decode as something else without any error.

use syn::punctuated::Punctuated;
use syn::{Attribute, Ident, Meta, Token, Variant};

use crate::errors::Errors;

/// The keys of `#[serde(..)]`; what does not parse is left for serde to refuse.
fn keys(attributes: &[Attribute]) -> Vec<Ident> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("serde"))
        .filter_map(|attribute| {
            attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).ok()
        })
        .flatten()
        .filter_map(|meta| meta.path().get_ident().cloned())
        .collect()
}

/// Refuses what changes the representation of the whole enum.
pub(crate) fn check_enum(ident: &Ident, attributes: &[Attribute], errors: &mut Errors) {
    for key in keys(attributes) {
        let instead = match key.to_string().as_str() {
            "tag" | "content" | "untagged" => {
                "remove it; the stored name is kept beside the payload, which has no tag"
            }
            "from" | "try_from" | "into" | "remote" => {
                "write `#[serde(with = \"..\")]` on the variants or fields instead, \
                 or `#[event(upcast(..))]` for an older shape"
            }
            _ => continue,
        };
        let message = format!("`#[serde({key})]` on `{ident}` hides its variants: {instead}");
        errors.push(key.span(), message);
    }
}

/// Refuses what makes a variant unreadable, or shifts the ones after it.
pub(crate) fn check_variant(variant: &Variant, errors: &mut Errors) {
    let ident = &variant.ident;
    for key in keys(&variant.attrs) {
        let message = match key.to_string().as_str() {
            "skip" | "skip_serializing" | "skip_deserializing" => format!(
                "with `#[serde({key})]`, stored `{ident}` events could not be read: \
                 use `#[event(retired)]` for a variant which is no longer written"
            ),
            "other" => format!(
                "`#[serde(other)]` on `{ident}` would take the events of others: \
                 remove it; unknown stored names are the reader's choice, not the payload's"
            ),
            "untagged" => format!(
                "`#[serde(untagged)]` on `{ident}` guesses the variant from the content: \
                 remove it; the stored name tells which variant it is"
            ),
            _ => continue,
        };
        errors.push(key.span(), message);
    }
}
