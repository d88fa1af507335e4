#![doc = include_str!("../docs/processes.md")]
//!
#![doc = include_str!("../docs/calls.md")]
#![doc = include_str!("../docs/policies.md")]
//!
#![doc = include_str!("../docs/schedules.md")]

mod agenda;
mod alerts;
mod append;
mod book;
#[cfg_attr(
    not(feature = "testing"),
    allow(unreachable_pub, reason = "tests see it, and nobody else")
)]
mod boundary;
mod calls;
mod display;
mod driver;
mod engine;
mod error;
mod executor;
mod input;
mod instance;
mod instances;
mod kept;
mod mark;
mod meter;
mod monitor;
mod operations;
mod options;
mod overview;
mod policy;
mod process;
mod reaction;
mod reactor;
mod schedule;
mod standing;
pub mod step;
pub mod testing;
mod troubles;
mod worker;

pub use agenda::Agenda;
pub use alerts::Alert;
pub use book::Book;
#[cfg(feature = "testing")]
#[doc(hidden)]
pub use boundary::{Boundary, Hook};
pub use calls::{
    BreakerOptions, CallError, CallOptions, Calls, Circuit, CircuitState, RetryBudget,
};
pub use error::ProcessError;
pub use executor::{Call, Executor, Failure};
pub use input::{Completion, Failed, Input};
pub use monitor::Monitor;
pub use operations::{DecideError, ProcessOperations};
pub use options::ProcessOptions;
pub use overview::Overview;
pub use policy::{Policy, PolicyOptions, Refusal};
pub use process::{Process, Route};
pub use reaction::Reaction;
pub use schedule::{CancelError, Cancelled, Schedule, ScheduleError, Scheduled, ScheduledCommand};
pub use standing::Standing;
pub use step::Decision;
pub use troubles::{Trouble, TroubleKind};
pub use worker::{Processes, RunningProcesses, StartError};
