//! Read models for annals: views, folded from the events of a log.
//!
#![doc = include_str!("../docs/views.md")]

mod ask;
mod difference;
mod documents;
mod keys;
mod replay;
pub mod testing;
mod view;

pub use ask::{LiveView, ask};
pub use difference::{Changed, Difference};
pub use documents::Documents;
pub use keys::Keys;
pub use replay::{Replay, replay};
pub use view::View;
