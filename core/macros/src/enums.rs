//! An enum whose variants are event types.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{DataEnum, DeriveInput, Ident, Variant};

use crate::attributes::{self, Attributes};
use crate::errors::Errors;
use crate::foreign;
use crate::generate::{Bodies, Serde, implement, shown_at};
use crate::keys::Place;
use crate::kind::Kind;
use crate::names::{self, Taken};

pub(crate) fn derive(
    input: &DeriveInput,
    data: &DataEnum,
    attributes: &Attributes,
    errors: &mut Errors,
) -> TokenStream {
    foreign::check_enum(&input.ident, &input.attrs, errors);
    if let Some(prefix) = &attributes.prefix {
        names::check_prefix(prefix, errors);
    }
    let mut taken = Taken::default();
    let mut unnamed = Vec::new();
    let mut variants = Vec::new();
    for variant in &data.variants {
        foreign::check_variant(variant, errors);
        attributes::none_on(&variant.fields, errors);
        let own = Attributes::read(&variant.attrs, Place::Variant, errors);
        let prefix = attributes.prefix.as_ref();
        match Kind::resolve(&variant.ident, prefix, own, &mut taken, errors) {
            Some(kind) => variants.push((variant, kind)),
            None => unnamed.push(&variant.ident),
        }
    }
    refuse_unnamed(&unnamed, errors);
    implement(input, &bodies(&input.ident, &variants), Serde::Used)
}

fn refuse_unnamed(unnamed: &[&Ident], errors: &mut Errors) {
    let Some(first) = unnamed.first() else {
        return;
    };
    let list: Vec<_> = unnamed.iter().map(|ident| format!("`{ident}`")).collect();
    let message = format!(
        "without a stored name: {}; add `#[event(prefix = \"...\")]` to the enum, \
         or `#[event(name = \"...\")]` to each variant",
        list.join(", ")
    );
    errors.push(first.span(), message);
}

fn bodies(ident: &Ident, variants: &[(&Variant, Kind)]) -> Bodies {
    let schemas = variants.iter().flat_map(|(_, kind)| kind.schemas());
    let arms = variants.iter().zip(0_u32..).map(|((_, kind), index)| kind.arm(&quote!(#index)));
    // An error about serde's traits belongs to the type, not to the derive.
    let at = shown_at(ident.span());
    let read = quote_spanned!(at=> ::annals::__private::deserialize_variant(__variant, __from));
    Bodies {
        schemas: quote!(&[#(#schemas),*]),
        name: each(variants, |kind| {
            let name = kind.name();
            quote!(#name)
        }),
        version: each(variants, |kind| {
            let newest = kind.versions.newest;
            quote!(#newest)
        }),
        retired: each(variants, |kind| {
            let retired = kind.retired;
            quote!(#retired)
        }),
        serialize: quote_spanned!(at=> ::annals::__private::serialize_variant(self, __to)),
        deserialize: if variants.is_empty() {
            quote!(::annals::__private::unknown())
        } else {
            quote! {
                let __variant: ::core::primitive::u32 = match __name {
                    #(#arms)*
                    _ => return ::annals::__private::unknown(),
                };
                #read
            }
        },
    }
}

/// A `match` with one arm for each variant.
fn each(variants: &[(&Variant, Kind)], value: impl Fn(&Kind) -> TokenStream) -> TokenStream {
    let arms = variants.iter().map(|(variant, kind)| {
        let ident = &variant.ident;
        let value = value(kind);
        quote!(Self::#ident { .. } => #value,)
    });
    quote!(match *self { #(#arms)* })
}
