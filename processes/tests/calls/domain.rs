//! Bills: each asks for what its event says, and notes what became of it.

use annals::{Aggregate, Event, Recorded};
use annals_processes::{Input, Process, Reaction, Route};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(prefix = "bill")]
pub enum BillEvent {
    /// The kinds of the commands that it asks for.
    Issued { asks: Vec<String> },
}

#[derive(Debug, Default)]
pub struct Bill;

impl Aggregate for Bill {
    const CATEGORY: &'static str = "bill";
    type Id = str;
    type Event = BillEvent;

    fn evolve(&mut self, _: &BillEvent) {}
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Ask {
    Pay,
    Refund,
    Mail,
    /// What code of another day has asked for, and this one cannot read.
    #[serde(skip_deserializing)]
    Forgotten,
}

impl Ask {
    pub fn kind(self) -> &'static str {
        match self {
            Ask::Pay => "pay",
            Ask::Refund => "refund",
            Ask::Mail => "mail",
            Ask::Forgotten => "forgotten",
        }
    }

    fn of(kind: &str) -> Self {
        let all = [Ask::Pay, Ask::Refund, Ask::Mail, Ask::Forgotten];
        all.into_iter().find(|ask| ask.kind() == kind).expect("a kind of ours")
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Event)]
#[event(prefix = "billing")]
pub enum Became {
    Done { reply: String },
    Failed { reason: String, in_doubt: bool },
}

#[derive(Debug, Default)]
pub struct Billing;

impl Process for Billing {
    const NAME: &'static str = "billing";
    type Input = BillEvent;
    type Event = Became;
    type Command = Ask;
    type Reply = String;
    type Timer = ();

    fn route(event: &Recorded<BillEvent>) -> Route {
        Route::start(event.stream.key())
    }

    fn react(&self, input: &Input<'_, Self>) -> Reaction<Self> {
        match input {
            Input::Event(event) => {
                let BillEvent::Issued { asks } = &event.event;
                let asks = asks.iter().map(|kind| Ask::of(kind));
                asks.fold(Reaction::none(), Reaction::command)
            }
            Input::Done { reply, .. } if *reply == "poison" => panic!("poison"),
            Input::Done { reply, .. } => {
                Reaction::none().record(Became::Done { reply: (*reply).clone() })
            }
            Input::Failed { failure, .. } => {
                let (reason, in_doubt) = (failure.reason.clone(), failure.in_doubt);
                Reaction::none().record(Became::Failed { reason, in_doubt })
            }
            Input::Timer(()) | Input::Compensated { .. } => Reaction::none(),
        }
    }

    fn evolve(&mut self, _: &Became) {}

    fn kind(command: &Ask) -> &'static str {
        command.kind()
    }
}
