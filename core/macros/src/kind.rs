//! One event type: its stored names, its versions, and whether it is retired.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Ident, LitStr, Type};

use crate::attributes::Attributes;
use crate::errors::Errors;
use crate::generate::shown_at;
use crate::names::{Name, Taken};
use crate::versions::Versions;

/// An event type that can be stored: a variant, or a struct.
pub(crate) struct Kind {
    /// The name to write first, then the aliases. Empty only after an error.
    pub(crate) names: Vec<String>,
    pub(crate) versions: Versions,
    pub(crate) retired: bool,
}

impl Kind {
    /// What the attributes of `ident` mean; without a stored name, nothing.
    pub(crate) fn resolve(
        ident: &Ident,
        prefix: Option<&LitStr>,
        mut attributes: Attributes,
        taken: &mut Taken,
        errors: &mut Errors,
    ) -> Option<Self> {
        let versions = Versions::resolve(&mut attributes, errors);
        let first = match (&attributes.name, prefix) {
            (Some(name), _) => Some(Name::written(name)),
            (None, Some(prefix)) => Some(Name::made(prefix, ident)),
            (None, None) => None,
        };
        let named = first.is_some();
        let mut names = Vec::new();
        for name in first.into_iter().chain(attributes.aliases.iter().map(Name::written)) {
            taken.take(&name, ident, errors);
            names.push(name.text);
        }
        named.then_some(Self { names, versions, retired: attributes.retired })
    }

    /// The name under which the event is written.
    pub(crate) fn name(&self) -> Option<&String> {
        self.names.first()
    }

    /// One `Schema { .. }` for the name and each alias.
    pub(crate) fn schemas(&self) -> impl Iterator<Item = TokenStream> {
        let (oldest, newest) = (self.versions.oldest(), self.versions.newest);
        self.names.iter().map(move |name| {
            quote!(::annals::__private::Schema { name: #name, oldest: #oldest, newest: #newest })
        })
    }

    /// The arm that reads this event type: `read_newest` for today's version,
    /// and the way through the older shapes for the others.
    pub(crate) fn arm(&self, read_newest: &TokenStream) -> TokenStream {
        let Self { names, versions, .. } = self;
        let newest = versions.newest;
        let older = versions.chain.iter().enumerate().map(|(at, upcast)| {
            let version = upcast.version.value;
            let shapes: Vec<_> = versions.chain[at..].iter().map(|upcast| &upcast.shape).collect();
            let read = lift(&shapes);
            quote!(#version => return #read,)
        });
        quote! {
            #(#names)|* => match __version {
                #newest => #read_newest,
                #(#older)*
                _ => return ::annals::__private::unknown(),
            },
        }
    }
}

/// Reads the first shape and turns it into the next, up to the event itself.
fn lift(shapes: &[&Type]) -> TokenStream {
    let first = shapes[0];
    // The spans make a missing `From` an error at the shape that needs it.
    let last = shown_at(shapes[shapes.len() - 1].span());
    let event: Type = syn::parse_quote_spanned!(last=> Self);
    let next = shapes[1..].iter().copied().chain([&event]);
    let steps = shapes.iter().zip(next).map(|(shape, next)| {
        quote_spanned! {shown_at(shape.span())=>
            let __payload = <#next as ::core::convert::From<#shape>>::from(__payload);
        }
    });
    let read = quote_spanned! {shown_at(first.span())=>
        <#first as ::annals::__private::Deserialize<'__de>>::deserialize(__from)
    };
    quote! {
        ::core::result::Result::map(#read, |__payload| {
            #(#steps)*
            __payload
        })
    }
}
