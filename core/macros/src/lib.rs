//! The derive macro of the `annals` crate, which re-exports it.

use proc_macro::TokenStream;

/// Derives `annals::Event`.
#[proc_macro_derive(Event, attributes(event))]
pub fn derive_event(_input: TokenStream) -> TokenStream {
    TokenStream::new()
}
