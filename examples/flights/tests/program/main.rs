//! Runs the program, and looks at what it prints and how it ends.

#![expect(clippy::unwrap_used, reason = "in tests an unwrap is an assertion")]

mod bad_input;
mod postgres;
mod punctuality;
mod support;
mod views;
