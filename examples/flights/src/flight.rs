//! The aggregate: what one flight may do next, whatever the messages say.
//!
//! Everything here is pure. The times come in with the commands.

mod command;
mod event;
mod id;
mod refusal;
#[cfg(test)]
mod tests;
mod view;

use annals::{Aggregate, Decide};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::serde::rfc3339;

pub(crate) use command::FlightCommand;
pub(crate) use event::{FlightEvent, Plan};
pub(crate) use id::{FlightId, NotAFlightId};
pub(crate) use refusal::Refusal;

/// What is known about a flight.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Flight {
    /// `None` until it is put on the schedule.
    pub(crate) plan: Option<Plan>,
    pub(crate) progress: Progress,
}

/// How far a flight has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) enum Progress {
    /// It has not departed.
    #[default]
    Waiting,
    Cancelled,
    Departed(Moment),
    Arrived {
        departed: Moment,
        arrived: Moment,
    },
    /// It departed, and nobody heard of its arrival.
    Lost {
        departed: Moment,
    },
}

/// A departure or an arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Moment {
    #[serde(with = "rfc3339")]
    pub(crate) at: OffsetDateTime,
    /// Minutes behind the schedule; negative when early.
    pub(crate) delay: i64,
}

impl Progress {
    /// When it departed, if it did.
    pub(crate) fn departed(self) -> Option<Moment> {
        match self {
            Self::Waiting | Self::Cancelled => None,
            Self::Departed(departed) | Self::Arrived { departed, .. } | Self::Lost { departed } => {
                Some(departed)
            }
        }
    }

    /// When it arrived, if it did.
    pub(crate) fn arrived(self) -> Option<Moment> {
        match self {
            Self::Arrived { arrived, .. } => Some(arrived),
            _ => None,
        }
    }
}

impl Aggregate for Flight {
    const CATEGORY: &'static str = "flight";
    type Id = FlightId;
    type Event = FlightEvent;

    fn evolve(&mut self, event: &FlightEvent) {
        match *event {
            FlightEvent::Scheduled(ref plan) => self.plan = Some(plan.clone()),
            FlightEvent::Cancelled => self.progress = Progress::Cancelled,
            FlightEvent::Departed { at, delay } => {
                self.progress = Progress::Departed(Moment { at, delay });
            }
            FlightEvent::Arrived { at, delay } => {
                // `decide` lets no flight arrive that has not departed.
                if let Progress::Departed(departed) = self.progress {
                    let arrived = Moment { at, delay };
                    self.progress = Progress::Arrived { departed, arrived };
                }
            }
            FlightEvent::ArrivalMissing => {
                if let Progress::Departed(departed) = self.progress {
                    self.progress = Progress::Lost { departed };
                }
            }
        }
    }
}

impl Decide<FlightCommand> for Flight {
    type Error = Refusal;

    fn decide(&self, command: &FlightCommand) -> Result<Vec<FlightEvent>, Refusal> {
        let event = match *command {
            FlightCommand::Schedule(ref plan) => self.schedule(plan)?,
            FlightCommand::Cancel => self.cancel()?,
            FlightCommand::Depart { at } => self.depart(at)?,
            FlightCommand::Arrive { at, delay } => self.arrive(at, delay)?,
            FlightCommand::MissArrival => self.miss_arrival()?,
        };
        Ok(vec![event])
    }
}

impl Flight {
    fn schedule(&self, plan: &Plan) -> Result<FlightEvent, Refusal> {
        match self.plan {
            None => Ok(FlightEvent::Scheduled(plan.clone())),
            Some(_) => Err(Refusal::AlreadyScheduled),
        }
    }

    fn cancel(&self) -> Result<FlightEvent, Refusal> {
        self.waiting()?;
        Ok(FlightEvent::Cancelled)
    }

    fn depart(&self, at: OffsetDateTime) -> Result<FlightEvent, Refusal> {
        let plan = self.waiting()?;
        let delay = (at - plan.departure).whole_minutes();
        Ok(FlightEvent::Departed { at, delay })
    }

    fn arrive(&self, at: OffsetDateTime, delay: i64) -> Result<FlightEvent, Refusal> {
        let departed = self.in_the_air()?;
        if at < departed.at {
            return Err(Refusal::ArrivesBeforeDeparture {
                minutes: (departed.at - at).whole_minutes(),
            });
        }
        Ok(FlightEvent::Arrived { at, delay })
    }

    fn miss_arrival(&self) -> Result<FlightEvent, Refusal> {
        self.in_the_air()?;
        Ok(FlightEvent::ArrivalMissing)
    }

    /// The plan of a flight that may still depart, or why it may not.
    fn waiting(&self) -> Result<&Plan, Refusal> {
        let plan = self.plan.as_ref().ok_or(Refusal::NotScheduled)?;
        match self.progress {
            Progress::Waiting => Ok(plan),
            Progress::Cancelled => Err(Refusal::Cancelled),
            Progress::Departed(_) | Progress::Arrived { .. } | Progress::Lost { .. } => {
                Err(Refusal::AlreadyDeparted)
            }
        }
    }

    /// The departure of a flight that may still arrive, or why it may not.
    fn in_the_air(&self) -> Result<Moment, Refusal> {
        match self.progress {
            Progress::Departed(departed) => Ok(departed),
            Progress::Waiting => Err(Refusal::NotDeparted),
            Progress::Cancelled => Err(Refusal::Cancelled),
            Progress::Arrived { .. } => Err(Refusal::AlreadyArrived),
            Progress::Lost { .. } => Err(Refusal::GivenUp),
        }
    }
}
