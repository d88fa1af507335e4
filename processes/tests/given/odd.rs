//! Reactions at the edge.

use annals::{Event, Recorded};
use annals_processes::testing::Given;
use annals_processes::{Input, Process, Reaction, Route};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(prefix = "visit")]
enum VisitEvent {
    Announced { guest: String },
    Weighed { kilograms: f64 },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(prefix = "reception")]
enum ReceptionEvent {
    Begun { guest: String },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Ask {
    Send { guest: String },
    Carry { kilograms: f64 },
}

/// Who is not let in at all.
#[derive(Debug, Default)]
struct Reception {
    guest: String,
}

impl Process for Reception {
    const NAME: &'static str = "reception";
    type Input = VisitEvent;
    type Event = ReceptionEvent;
    type Command = Ask;
    type Reply = ();
    type Timer = ();

    fn route(event: &Recorded<VisitEvent>) -> Route {
        Route::start(event.stream.key())
    }

    fn react(&self, input: &Input<'_, Self>) -> Reaction<Self> {
        match input {
            Input::Event(Recorded { event: VisitEvent::Announced { guest }, .. }) => {
                Reaction::none()
                    .record(ReceptionEvent::Begun { guest: guest.clone() })
                    .compensate("nobody is let in")
            }
            Input::Event(Recorded { event: VisitEvent::Weighed { kilograms }, .. }) => {
                Reaction::none().command(Ask::Carry { kilograms: *kilograms })
            }
            Input::Compensated { .. } => {
                Reaction::none().command(Ask::Send { guest: self.guest.clone() })
            }
            _ => Reaction::none(),
        }
    }

    fn evolve(&mut self, event: &ReceptionEvent) {
        let ReceptionEvent::Begun { guest } = event;
        self.guest.clone_from(guest);
    }
}

#[test]
fn what_is_recorded_is_known_when_all_is_undone() {
    let guest = "ada".to_owned();
    Reception::given([])
        .when("visit-1", VisitEvent::Announced { guest: guest.clone() })
        .then_compensating("nobody is let in")
        .when_it_goes_on()
        .then_commands([Ask::Send { guest }])
        .then_ending();
}

#[test]
#[should_panic(expected = "a command cannot be written as JSON")]
fn what_would_be_read_back_as_something_else_is_not_written() {
    Reception::given([]).when("visit-1", VisitEvent::Weighed { kilograms: f64::NAN });
}
