//! What `#[derive(Event)]` refuses, and the words in which it does.
//!
//! Some of the words are the compiler's and change with it:
//! `TRYBUILD=overwrite` writes them anew, and the difference is for reading.

#[test]
fn the_derive_refuses_what_could_not_be_read_back() {
    trybuild::TestCases::new().compile_fail("tests/ui/event/*.rs");
}
