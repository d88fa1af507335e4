//! The README shows this example, letter for letter.

#[test]
fn the_first_code_block_of_the_readme_is_this_example() {
    let readme = include_str!("../../../README.md");
    let block = readme.split("```rust\n").nth(1).and_then(|rest| rest.split("```").next());
    assert_eq!(block, Some(include_str!("../src/main.rs")));
}

#[test]
fn the_test_file_of_a_store_in_the_readme_is_that_of_the_memory_store() {
    let readme = include_str!("../../../README.md");
    let blocks =
        readme.split("```rust,ignore\n").skip(1).filter_map(|rest| rest.split("```").next());
    let block = blocks.filter(|block| block.contains("fn memory()")).last();
    let file = include_str!("../../../store-memory/tests/conformance.rs");
    assert!(file.contains(block.unwrap()));
}

#[test]
fn the_example_runs() {
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_account")).status().unwrap();
    assert!(status.success());
}
