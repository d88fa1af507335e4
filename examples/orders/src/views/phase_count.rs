//! How many orders stand where.

use annals::Recorded;
use annals_projections::{Keys, View, ViewKey};
use serde::{Deserialize, Serialize};

use crate::order::{OrderEvent, Phase};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PhaseCount {
    pub(crate) orders: u64,
}

impl View for PhaseCount {
    const NAME: &'static str = "phase_counts";
    type Key = Phase;
    type Event = OrderEvent;

    /// An order leaves one phase and enters another; the event names both.
    fn keys(event: &Recorded<OrderEvent>) -> Keys<Phase> {
        Keys::many([event.event.ends(), event.event.phase()].into_iter().flatten())
    }

    fn evolve(&mut self, phase: &Phase, recorded: &Recorded<OrderEvent>) {
        if recorded.event.phase() == Some(*phase) {
            self.orders += 1;
        } else {
            self.orders -= 1;
        }
    }
}

impl ViewKey for Phase {
    type Column = String;

    fn to_column(&self) -> String {
        self.name().to_owned()
    }

    fn from_column(column: String) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.name() == column)
    }
}
