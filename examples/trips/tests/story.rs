//! The README shows what the program prints.

use std::process::Command;

#[test]
fn ada_travels_and_ben_gives_everything_back() {
    let output = Command::new(env!("CARGO_BIN_EXE_trips")).output().unwrap();
    assert!(output.status.success());
    let readme = include_str!("../README.md");
    let shown = readme.split("```text\n").nth(1).and_then(|rest| rest.split("```").next());
    assert_eq!(std::str::from_utf8(&output.stdout).ok(), shown);
}

#[test]
fn it_can_be_read_at_one_sitting() {
    assert!(include_str!("../src/main.rs").lines().count() <= 150);
}
