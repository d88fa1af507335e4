//! An enum which joins other event types: every variant holds one of them.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{DataEnum, DeriveInput, Fields, Ident, Type, Variant};

use crate::attributes::{self, Attributes};
use crate::errors::Errors;
use crate::generate::{Bodies, Serde, implement, shown_at};
use crate::keys::Place;

/// One variant of the union, and the event type in it.
struct Member<'a> {
    ident: &'a Ident,
    inner: &'a Type,
}

pub(crate) fn derive(
    input: &DeriveInput,
    data: &DataEnum,
    attributes: &Attributes,
    errors: &mut Errors,
) -> TokenStream {
    if let Some(prefix) = &attributes.prefix {
        errors.push(prefix.span(), "a union has no names of its own: leave out the prefix");
    }
    if input.generics.type_params().next().is_some()
        || input.generics.const_params().next().is_some()
    {
        let message = "a union cannot be generic: its names are joined when it is compiled";
        errors.push(input.generics.span(), message);
    }
    if data.variants.is_empty() {
        errors
            .push(input.ident.span(), "a union needs at least one member: `Account(AccountEvent)`");
    }
    let mut members: Vec<Member<'_>> = Vec::new();
    for variant in &data.variants {
        Attributes::read(&variant.attrs, Place::Member, errors);
        attributes::none_on(&variant.fields, errors);
        let Some(member) = newtype(variant, errors) else {
            continue;
        };
        if let Some(first) = members.iter().find(|first| first.inner == member.inner) {
            let message = format!("`{}` holds the same event type already", first.ident);
            errors.push(member.inner.span(), message);
        }
        members.push(member);
    }
    write(input, &members)
}

fn newtype<'a>(variant: &'a Variant, errors: &mut Errors) -> Option<Member<'a>> {
    let ident = &variant.ident;
    if let Fields::Unnamed(fields) = &variant.fields
        && let (Some(field), 1) = (fields.unnamed.first(), fields.unnamed.len())
    {
        return Some(Member { ident, inner: &field.ty });
    }
    let message = format!(
        "`{ident}` must hold exactly one other event type, as in `{ident}({ident}Event)`: \
         a union has no events of its own"
    );
    errors.push(ident.span(), message);
    None
}

fn write(input: &DeriveInput, members: &[Member<'_>]) -> TokenStream {
    let ident = &input.ident;
    let label = ident.unraw().to_string();
    let labels = members.iter().map(|member| member.ident.unraw().to_string());
    let schemas = schemas(members);
    let implementation = implement(input, &bodies(members), Serde::Unused);
    let check = quote_spanned! {shown_at(ident.span())=>
        const _: () =
            ::annals::__private::schemas::assert_distinct(#label, &[#(#labels),*], #schemas);
    };
    let conversions = members.iter().map(|member| {
        let (variant, inner) = (member.ident, member.inner);
        quote! {
            #[automatically_derived]
            impl ::core::convert::From<#inner> for #ident {
                fn from(__event: #inner) -> Self {
                    Self::#variant(__event)
                }
            }
        }
    });
    quote! {
        #implementation
        #[allow(long_running_const_eval)]
        #check
        #(#conversions)*
    }
}

fn schemas(members: &[Member<'_>]) -> TokenStream {
    let inner = members.iter().map(|member| member.inner);
    quote!(&[#(<#inner as ::annals::Event>::SCHEMAS),*])
}

fn bodies(members: &[Member<'_>]) -> Bodies {
    let schemas = schemas(members);
    let reads = members.iter().map(|Member { ident, inner }| {
        quote! {
            if ::annals::__private::schemas::contains(<#inner as ::annals::Event>::SCHEMAS, __name) {
                return ::core::result::Result::map(
                    <#inner as ::annals::Event>::deserialize_payload(__name, __version, __from),
                    Self::#ident,
                );
            }
        }
    });
    Bodies {
        schemas: quote! {{
            const __MEMBERS: &[&[::annals::__private::Schema]] = #schemas;
            #[allow(long_running_const_eval)]
            const __JOINED: [::annals::__private::Schema;
                ::annals::__private::schemas::count(__MEMBERS)] =
                ::annals::__private::schemas::concat(__MEMBERS);
            &__JOINED
        }},
        name: delegate(members, &quote!(name(__event))),
        version: delegate(members, &quote!(schema_version(__event))),
        retired: delegate(members, &quote!(is_retired(__event))),
        serialize: delegate(members, &quote!(serialize_payload(__event, __to))),
        deserialize: quote! {
            #(#reads)*
            ::annals::__private::unknown()
        },
    }
}

/// Calls the same method of whichever event is inside, as `__event`.
fn delegate(members: &[Member<'_>], call: &TokenStream) -> TokenStream {
    let arms = members.iter().map(|Member { ident, inner }| {
        quote!(Self::#ident(__event) => <#inner as ::annals::Event>::#call,)
    });
    quote!(match self { #(#arms)* })
}
