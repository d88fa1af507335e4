//! Runs the program against throw-away databases, and looks at what it prints and how it
//! ends.

#![expect(clippy::unwrap_used, reason = "in tests an unwrap is an assertion")]

mod audit;
mod connect;
mod domain;
mod history;
mod letters;
mod processes;
mod publishers;
mod rebuild;
mod status;
mod support;
