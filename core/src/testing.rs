//! Helpers for the tests of applications: given / when / then for aggregates, a
//! store that fails on demand, a clock that is moved by hand, and a check that
//! a state survives its snapshot.
//!
//! ```
//! # use annals::{Aggregate, Decide, Event};
//! # use serde::{Deserialize, Serialize};
//! # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
//! # #[event(prefix = "account")]
//! # enum AccountEvent { Opened { owner: String }, Deposited { cents: u64 }, Withdrawn { cents: u64 } }
//! # #[derive(Debug, Default, PartialEq)]
//! # struct Account { cents: u64 }
//! # impl Aggregate for Account {
//! #     const CATEGORY: &'static str = "account";
//! #     type Id = str;
//! #     type Event = AccountEvent;
//! #     fn evolve(&mut self, event: &AccountEvent) {
//! #         match event {
//! #             AccountEvent::Opened { .. } => {}
//! #             AccountEvent::Deposited { cents } => self.cents += cents,
//! #             AccountEvent::Withdrawn { cents } => self.cents -= cents,
//! #         }
//! #     }
//! # }
//! # struct Withdraw { cents: u64 }
//! # #[derive(Debug, PartialEq)]
//! # struct Overdrawn { missing: u64 }
//! # impl std::fmt::Display for Overdrawn {
//! #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { write!(f, "overdrawn") }
//! # }
//! # impl std::error::Error for Overdrawn {}
//! # impl Decide<Withdraw> for Account {
//! #     type Error = Overdrawn;
//! #     fn decide(&self, command: &Withdraw) -> Result<Vec<AccountEvent>, Overdrawn> {
//! #         match command.cents.checked_sub(self.cents) {
//! #             None | Some(0) => Ok(vec![AccountEvent::Withdrawn { cents: command.cents }]),
//! #             Some(missing) => Err(Overdrawn { missing }),
//! #         }
//! #     }
//! # }
//! # use AccountEvent::*;
//! use annals::testing::Given;
//!
//! Account::given([Deposited { cents: 100 }])
//!     .when(Withdraw { cents: 50 })
//!     .then(Withdrawn { cents: 50 });
//! Account::given([]).when(Withdraw { cents: 50 }).then_refused(Overdrawn { missing: 50 });
//! ```

mod clock;
mod given;
mod scripted;
mod snapshot;

pub use clock::ManualClock;
pub use given::{Given, History, Outcome};
pub use scripted::{Counts, Fault, ScriptedStore};
pub use snapshot::assert_snapshot_equals_replay;
