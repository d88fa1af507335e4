//! The mistakes of those who implement and use the traits, and the words in
//! which the compiler tells them.
//!
//! The words are in part the compiler's and change with it:
//! `TRYBUILD=overwrite` writes them anew, and the difference is for reading.

#[test]
fn a_mistake_is_told_in_the_words_of_the_trait() {
    trybuild::TestCases::new().compile_fail("tests/ui/traits/*.rs");
}
