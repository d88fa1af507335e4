//! How commands are carried out: the limits of one kind of command, and what is seen of them.

mod breaker;
mod budget;
mod caller;
mod callers;
mod options;
mod status;
mod tally;
mod wanted;

pub use self::breaker::BreakerOptions;
pub(crate) use self::breaker::Circuits;
pub use self::budget::RetryBudget;
pub(crate) use self::caller::Caller;
pub(crate) use self::callers::Callers;
pub use self::options::CallOptions;
pub use self::status::{CallError, Calls, Circuit, CircuitState};
pub(crate) use self::wanted::Wanted;

/// No option is longer: times that are added up stay within what a clock can tell.
const LONGEST: std::time::Duration = std::time::Duration::from_secs(366 * 24 * 3600);
