//! What is read: pure folds of events into documents.

mod newest;
mod order_page;
mod phase_count;
mod stock_level;
#[cfg(test)]
mod tests;

use annals::read_model::AnySession;
use annals_projections::{Runner, View};

pub(crate) use newest::{Newest, NewestFirst, NotAPlace};
pub(crate) use order_page::OrderPage;
pub(crate) use phase_count::PhaseCount;
pub(crate) use stock_level::StockLevel;

/// Their names.
pub(crate) const NAMES: [&str; 4] =
    [OrderPage::NAME, StockLevel::NAME, PhaseCount::NAME, Newest::NAME];

/// A runner that feeds them, beside whatever it feeds already.
pub(crate) fn feed(runner: Runner<AnySession>) -> Runner<AnySession> {
    runner.view::<OrderPage>().view::<StockLevel>().view::<PhaseCount>().view::<Newest>()
}
