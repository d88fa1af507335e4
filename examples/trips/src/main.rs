//! A trip is a flight, a hotel and a car, or nothing at all.
//!
//! Nobody directs it: whenever something has happened, a policy says what is to be done next.
//! That is also how, where no car is left, the hotel and the flight are given back.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use annals::store::{Filter, LogQuery};
use annals::{Aggregate, Event, EventStore, Partition, Recorded, Repository};
use annals_memory::{MemoryReadModels, MemoryStore};
use annals_processes::{Call, Executor, Failure, Policy, Processes};
use futures::TryStreamExt;
use serde::{Deserialize, Serialize};
use {Command::*, Happened::*, OfferEvent::*, TripEvent::*};

/// What happens to somebody's trip, in the stream `trip-<somebody>`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(prefix = "trip")]
enum TripEvent {
    Planned,
    Begun,
    Dropped,
}

/// What happens to what is on offer, in `offer-flight`, `offer-hotel` and `offer-car`.
#[derive(Debug, Clone, Serialize, Deserialize, Event)]
#[event(prefix = "offer")]
enum OfferEvent {
    Booked { who: String },
    SoldOut { who: String },
    GivenBack { who: String },
}

#[derive(Clone, Event)]
#[event(union)]
enum Happened {
    Trips(TripEvent),
    Offers(OfferEvent),
}

/// What is to be done.
enum Command {
    Book(&'static str, String),
    GiveBack(&'static str, String),
    End(TripEvent, String),
}

struct Travelling;
impl Policy for Travelling {
    const NAME: &'static str = "travelling";
    type Event = Happened;
    type Command = Command;
    /// Whenever the left has happened, the right is to be done.
    fn react(happened: &Recorded<Happened>) -> Vec<Command> {
        vec![match (happened.stream.key(), happened.event.clone()) {
            (who, Trips(Planned)) => Book("flight", who.to_owned()),
            ("flight", Offers(Booked { who })) => Book("hotel", who),
            ("hotel", Offers(Booked { who })) => Book("car", who),
            ("car", Offers(Booked { who })) => End(Begun, who),
            // And back: what was booked last is given back first.
            ("car", Offers(SoldOut { who })) => GiveBack("hotel", who),
            ("hotel", Offers(SoldOut { who } | GivenBack { who })) => GiveBack("flight", who),
            ("flight", Offers(SoldOut { who } | GivenBack { who })) => End(Dropped, who),
            _ => return vec![],
        }]
    }
}

#[derive(Default)]
struct Trip {
    is_over: bool,
}

impl Aggregate for Trip {
    const CATEGORY: &'static str = "trip";
    type Id = str;
    type Event = TripEvent;
    fn evolve(&mut self, event: &TripEvent) {
        self.is_over = *event != Planned;
    }
}

#[derive(Default)]
struct Offer {
    taken: u32,
}

impl Aggregate for Offer {
    const CATEGORY: &'static str = "offer";
    type Id = str;
    type Event = OfferEvent;
    fn evolve(&mut self, event: &OfferEvent) {
        match event {
            Booked { .. } => self.taken += 1,
            GivenBack { .. } => self.taken -= 1,
            SoldOut { .. } => {}
        }
    }
}

/// Has the commands decided; one that comes again after a crash has the same key, and is done once.
struct Agency(Repository<Trip>, Repository<Offer>);

impl Executor<Command> for Agency {
    type Reply = ();
    async fn execute(&self, command: &Command, call: &Call) -> Result<(), Failure> {
        let (Agency(trips, offers), key) = (self, call.key.clone());
        match command {
            Book(name, who) => {
                let there_are = if *name == "car" { 1 } else { 2 };
                let book = |offer: &Offer| match offer.taken < there_are {
                    true => Booked { who: who.clone() },
                    false => SoldOut { who: who.clone() }, // no error: the trip goes on from here
                };
                offers.update(name, book).idempotency_key(key).await?;
            }
            GiveBack(name, who) => {
                let back = |_: &Offer| GivenBack { who: who.clone() };
                offers.update(name, back).idempotency_key(key).await?;
            }
            End(how, who) => {
                trips.update(who, |_| how.clone()).idempotency_key(key).await?;
            }
        }
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let log = MemoryStore::new();
    let trips = Repository::<Trip>::new(log.clone());
    let agency = Agency(trips.clone(), Repository::new(log.clone()));
    let worker = Processes::new(log.clone(), MemoryReadModels::new());
    let worker = worker.policy::<Travelling>(agency).start().await?;
    for who in ["Ada", "Ben"] {
        trips.update(who, |_| Planned).await?;
        while !trips.load(who).await?.state.is_over {
            worker.caught_up().await?; // all that has happened by now has been reacted to
        }
    }
    worker.stop().await?;

    let all = LogQuery::partition(Partition::FIRST).filter(Filter::all().events::<Happened>());
    let mut events = log.read_all(all);
    while let Some(raw) = events.try_next().await? {
        let payload = raw.event.as_json_text().unwrap_or_default();
        println!("{:<14} {:<16} {payload}", raw.stream, raw.name);
    }
    Ok(())
}
