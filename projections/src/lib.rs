//! Read models for annals: views, folded from the events of a log.
//!
//! A [`View`] says which documents an event touches and what it changes in them,
//! and nothing else: no SQL, no store, no clock. So it can be folded anywhere: over
//! the whole log or up to a moment in the past ([`replay`]), for one key at the time
//! of the question ([`ask`]), and over events that a test writes down
//! ([`given_events`](testing::given_events)).
//!
//! ```
//! # use annals::{Event, Recorded};
//! # use serde::{Deserialize, Serialize};
//! use annals_projections::testing::given_events;
//! use annals_projections::{Keys, View};
//!
//! #[derive(Debug, Clone, Serialize, Deserialize, Event)]
//! #[event(prefix = "account")]
//! enum AccountEvent {
//!     Opened { owner: String },
//!     Deposited { cents: u64 },
//! }
//!
//! #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
//! struct Balance {
//!     owner: String,
//!     cents: u64,
//! }
//!
//! impl View for Balance {
//!     const NAME: &'static str = "balances";
//!     type Key = String;
//!     type Event = AccountEvent;
//!
//!     fn keys(event: &Recorded<AccountEvent>) -> Keys<String> {
//!         Keys::one(event.stream.key().to_owned())
//!     }
//!
//!     fn evolve(&mut self, _account: &String, event: &Recorded<AccountEvent>) {
//!         match &event.event {
//!             AccountEvent::Opened { owner } => self.owner = owner.clone(),
//!             AccountEvent::Deposited { cents } => self.cents += cents,
//!         }
//!     }
//! }
//!
//! given_events([
//!     ("account-1", AccountEvent::Opened { owner: "ada".into() }),
//!     ("account-1", AccountEvent::Deposited { cents: 70 }),
//! ])
//! .then_view("1", Balance { owner: "ada".into(), cents: 70 });
//! ```

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
