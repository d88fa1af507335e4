//! What `#[derive(Event)]` refuses, and the words in which it does.
//!
//! The words are the compiler's in part, so they are compared on the stable
//! toolchain only; `TRYBUILD=overwrite` writes them anew.

#[test]
fn the_derive_refuses_what_could_not_be_read_back() {
    trybuild::TestCases::new().compile_fail("tests/ui/event/*.rs");
}
