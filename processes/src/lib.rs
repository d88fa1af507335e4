#![doc = include_str!("../docs/processes.md")]

mod agenda;
mod book;
#[cfg_attr(
    not(feature = "testing"),
    allow(unreachable_pub, reason = "tests see it, and nobody else")
)]
mod boundary;
mod calls;
mod driver;
mod engine;
mod error;
mod executor;
mod input;
mod instance;
mod instances;
mod mark;
mod operations;
mod options;
mod overview;
mod process;
mod reaction;
mod reactor;
pub mod step;
mod worker;

pub use agenda::Agenda;
pub use book::Book;
#[cfg(feature = "testing")]
#[doc(hidden)]
pub use boundary::{Boundary, Hook};
pub use calls::CallOptions;
pub use error::ProcessError;
pub use executor::{Call, Executor, Failure};
pub use input::{Completion, Failed, Input};
pub use operations::{DecideError, ProcessOperations};
pub use options::ProcessOptions;
pub use overview::Overview;
pub use process::{Process, Route};
pub use reaction::Reaction;
pub use worker::{Processes, RunningProcesses, StartError};
