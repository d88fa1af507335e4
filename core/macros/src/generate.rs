//! What all three kinds of types share: the frame of the implementation.
//!
//! Everything in it is named by an absolute path, and what it declares starts
//! with two underscores: the user's scope may hold anything.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{DeriveInput, WherePredicate};

/// The bodies of `annals::Event`.
pub(crate) struct Bodies {
    pub(crate) schemas: TokenStream,
    /// In these three, `self` is the event.
    pub(crate) name: TokenStream,
    pub(crate) version: TokenStream,
    pub(crate) retired: TokenStream,
    /// Has `__to`, the serializer.
    pub(crate) serialize: TokenStream,
    /// Has `__name`, `__version` and `__from`, the deserializer.
    pub(crate) deserialize: TokenStream,
}

/// Whether the type's own implementations of serde are used.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Serde {
    Used,
    Unused,
}

/// Where an error about `span` is shown, for code which uses our own names.
///
/// The names see each other although `span` may come from another macro.
pub(crate) fn shown_at(span: Span) -> Span {
    span.resolved_at(Span::call_site())
}

/// The implementation of `annals::Event` with these bodies.
pub(crate) fn implement(input: &DeriveInput, bodies: &Bodies, serde: Serde) -> TokenStream {
    let ident = &input.ident;
    let mut generics = input.generics.clone();
    if !generics.params.is_empty() {
        generics.make_where_clause().predicates.push(bound(serde));
    }
    let (parameters, arguments, conditions) = generics.split_for_impl();
    let Bodies { schemas, name, version, retired, serialize, deserialize } = bodies;
    quote! {
        #[automatically_derived]
        impl #parameters ::annals::Event for #ident #arguments #conditions {
            const SCHEMAS: &'static [::annals::__private::Schema] = #schemas;

            fn name(&self) -> &'static ::core::primitive::str {
                #name
            }

            fn schema_version(&self) -> ::core::primitive::u16 {
                #version
            }

            fn is_retired(&self) -> ::core::primitive::bool {
                #retired
            }

            fn serialize_payload<__S: ::annals::__private::Serializer>(
                &self,
                __to: __S,
            ) -> ::core::result::Result<__S::Ok, __S::Error> {
                #serialize
            }

            fn deserialize_payload<'__de, __D: ::annals::__private::Deserializer<'__de>>(
                __name: &::core::primitive::str,
                __version: ::core::primitive::u16,
                __from: __D,
            ) -> ::core::result::Result<Self, __D::Error> {
                #deserialize
            }
        }
    }
}

/// What a generic type must meet: said of the whole type, because only serde
/// knows what its parameters need.
fn bound(serde: Serde) -> WherePredicate {
    match serde {
        Serde::Used => syn::parse_quote! {
            Self: ::annals::__private::Serialize
                + ::annals::__private::de::DeserializeOwned
                + ::core::marker::Send
                + ::core::marker::Sync
                + 'static
        },
        Serde::Unused => syn::parse_quote! {
            Self: ::core::marker::Send + ::core::marker::Sync + 'static
        },
    }
}
