//! A struct that is one event type by itself.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{DataStruct, DeriveInput, Fields};

use crate::attributes::{self, Attributes};
use crate::errors::Errors;
use crate::generate::{Bodies, Serde, implement, shown_at};
use crate::keys::Place;
use crate::kind::Kind;
use crate::names::{self, Taken};

pub(crate) fn derive(input: &DeriveInput, data: &DataStruct, errors: &mut Errors) -> TokenStream {
    attributes::none_on(&data.fields, errors);
    let mut own = Attributes::read(&input.attrs, Place::Struct, errors);
    let prefix = own.prefix.take();
    if let Some(prefix) = &prefix {
        names::check_prefix(prefix, errors);
        if own.name.is_some() {
            errors.push(prefix.span(), "`name` is the whole stored name: leave out the prefix");
        }
    }
    let mut taken = Taken::default();
    let Some(kind) = Kind::resolve(&input.ident, prefix.as_ref(), own, &mut taken, errors) else {
        let ident = &input.ident;
        let message = format!(
            "`{ident}` has no stored name: add `#[event(name = \"...\")]`, \
             or `#[event(prefix = \"...\")]`"
        );
        errors.push(ident.span(), message);
        return TokenStream::new();
    };
    let serde = match data.fields {
        // As with a variant: `{}` can take fields later, serde's `null` cannot.
        Fields::Unit => Serde::Unused,
        Fields::Named(_) | Fields::Unnamed(_) => Serde::Used,
    };
    implement(input, &bodies(input, &kind, serde), serde)
}

fn bodies(input: &DeriveInput, kind: &Kind, serde: Serde) -> Bodies {
    let schemas = kind.schemas();
    let name = kind.name();
    let newest = kind.versions.newest;
    let retired = kind.retired;
    let at = shown_at(input.ident.span());
    let (write, read) = match serde {
        Serde::Used => (
            quote_spanned!(at=> ::annals::__private::Serialize::serialize(self, __to)),
            quote_spanned!(at=> ::annals::__private::Deserialize::deserialize(__from)),
        ),
        Serde::Unused => (
            quote!(::annals::__private::write_nothing(__to)),
            quote! {
                ::core::result::Result::map(::annals::__private::read_nothing(__from), |()| Self)
            },
        ),
    };
    let arm = kind.arm(&read);
    Bodies {
        schemas: quote!(&[#(#schemas),*]),
        name: quote!(#name),
        version: quote!(#newest),
        retired: quote!(#retired),
        serialize: write,
        deserialize: quote! {
            match __name {
                #arm
                _ => ::annals::__private::unknown(),
            }
        },
    }
}
