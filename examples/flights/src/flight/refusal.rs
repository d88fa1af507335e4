//! Why a flight may refuse a command.

/// The command says something that cannot be; nothing was recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("it is not on the schedule")]
    NotScheduled,
    #[error("it is on the schedule already")]
    AlreadyScheduled,
    #[error("it was cancelled")]
    Cancelled,
    #[error("it has not departed")]
    NotDeparted,
    #[error("it has departed already")]
    AlreadyDeparted,
    #[error("it would arrive {minutes} min before it departs")]
    ArrivesBeforeDeparture { minutes: i64 },
    #[error("it has arrived already")]
    AlreadyArrived,
    #[error("its arrival was given up")]
    GivenUp,
}
