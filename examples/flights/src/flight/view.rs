//! The read model `flights`: each flight as a document, which is the aggregate itself.
//!
//! What a flight has come to is the same for who decides on it and who looks at it. Where
//! that is not so, a view has a document of its own.

use annals::{Aggregate, Recorded, StreamId};
use annals_projections::{Keys, View, ViewKey};

use super::{Flight, FlightEvent, FlightId};

impl View for Flight {
    const NAME: &'static str = "flights";
    type Key = FlightId;
    type Event = FlightEvent;

    fn keys(event: &Recorded<FlightEvent>) -> Keys<FlightId> {
        Self::key_of_stream(&event.stream).into()
    }

    fn evolve(&mut self, _: &FlightId, event: &Recorded<FlightEvent>) {
        Aggregate::evolve(self, &event.event);
    }

    fn key_of_stream(stream: &StreamId) -> Option<FlightId> {
        // A stream with another id was not written by this program.
        stream.key().parse().ok()
    }
}

impl ViewKey for FlightId {
    type Column = String;

    fn to_column(&self) -> String {
        self.to_string()
    }

    fn from_column(column: String) -> Option<Self> {
        column.parse().ok()
    }
}
