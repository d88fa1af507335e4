//! Read models for annals: views and projections, fed from the events of a log.
//!
#![doc = include_str!("../docs/views.md")]
//!
#![doc = include_str!("../docs/runner.md")]
//!
#![doc = include_str!("../docs/local.md")]
#![doc = include_str!("../docs/rules.md")]

mod ask;
mod deadline;
mod difference;
mod documents;
mod keys;
mod local;
mod meter;
pub mod operations;
mod options;
mod projection;
mod raw;
mod replay;
mod rules;
mod runner;
pub mod testing;
mod view;
mod view_key;
mod views;

pub use ask::{LiveView, ask};
pub use difference::{ChangedDocument, ViewDifference};
pub use documents::Documents;
pub use keys::Keys;
pub use local::{
    Begun, Discarded, LocalError, LocalView, OpenLocal, SaveError, StopError, WaitError,
};
pub use operations::Operations;
pub use options::{OnFailure, OnUnreadable, Options};
pub use projection::{ExternalProjection, Projection};
pub use raw::{RawProjection, Verdict};
pub use replay::{Replay, replay};
pub use rules::{Deciding, LiveRules, Rule, Rules};
pub use runner::{Fed, Feeding, RunError, Runner, Running, StartError};
pub use view::View;
pub use view_key::{Column, ViewKey};
pub use views::{Count, Query, QueryError, Views};
