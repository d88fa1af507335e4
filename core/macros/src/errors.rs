//! All mistakes are collected, so that one compilation shows them all.

use proc_macro2::{Span, TokenStream};
use syn::Generics;

/// The mistakes found so far.
#[derive(Default)]
pub(crate) struct Errors(Option<syn::Error>);

impl Errors {
    pub(crate) fn push(&mut self, at: Span, message: impl std::fmt::Display) {
        self.add(syn::Error::new(at, message));
    }

    pub(crate) fn add(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            none => *none = Some(error),
        }
    }

    /// The code, or the mistakes instead of it.
    pub(crate) fn or(self, code: TokenStream) -> TokenStream {
        self.0.map_or(code, |errors| errors.to_compile_error())
    }
}

/// An event outlives every request, so it can borrow from none.
pub(crate) fn no_lifetimes(generics: &Generics, errors: &mut Errors) {
    for lifetime in generics.lifetimes() {
        errors.push(
            lifetime.lifetime.span(),
            "an event owns its data: use `String` or `Vec` instead of a borrowed field",
        );
    }
}
