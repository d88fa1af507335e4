//! Events as they are stored, handed to where no type of them is known.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use annals::RawEvent;
use annals::read_model::{LetterQuery, ModelId};
use annals_projections::{Options, RawProjection, Verdict};

use super::domain::{AccountEvent, Balance, account, append, deposited};
use super::world::{PATIENCE, World};

/// Takes everything but what is refused.
#[derive(Clone, Default)]
struct Archive {
    taken: Arc<Mutex<Vec<(String, u64)>>>,
    refused: Arc<Mutex<Option<String>>>,
}

impl Archive {
    fn of(&self, stream: &str) -> Vec<u64> {
        let taken = self.taken.lock().unwrap();
        taken.iter().filter(|(taken, _)| taken == stream).map(|(_, version)| *version).collect()
    }
}

#[derive(Debug, thiserror::Error)]
#[error("it is not taken")]
struct Refused(usize);

impl RawProjection for Archive {
    type Error = Refused;

    async fn handle(&self, events: &[&RawEvent]) -> Result<(), Refused> {
        let refused = self.refused.lock().unwrap().clone();
        let mut taken = self.taken.lock().unwrap();
        for (nth, event) in events.iter().enumerate() {
            let place = (event.stream.to_string(), event.version.get());
            if refused.as_deref() == Some(event.stream.as_str()) && place.1 == 2 {
                return Err(Refused(nth));
            }
            // What comes again is told from what is new.
            if !taken.contains(&place) {
                taken.push(place);
            }
        }
        Ok(())
    }

    fn verdict(error: &Refused) -> Verdict {
        Verdict::Event(error.0)
    }
}

pub async fn p9_raw_events_of_every_type_are_handed_over_and_counted(world: World) {
    let archive = Archive::default();
    *archive.refused.lock().unwrap() = Some(account(3).to_string());
    for n in 0..9 {
        let events = [deposited(1), deposited(2), AccountEvent::Closed];
        append(&world.log, &account(n), &events).await;
    }
    // The view beside it reads no more types than it handles.
    let runner = world.runner().view::<Balance>().raw("archive", archive.clone(), Options::new());
    let running = runner.start().await.unwrap();
    running.caught_up().await.unwrap();
    for n in 0..9 {
        let taken: &[u64] = if n == 3 { &[1] } else { &[1, 2, 3] };
        assert_eq!(archive.of(account(n).as_str()), taken, "account {n}");
    }
    let operations = world.operations();
    let letters = LetterQuery::of(&ModelId::new("archive", 1).unwrap());
    let parked = operations.letters(&letters).await.unwrap();
    let places: Vec<_> = parked.iter().map(|l| (l.version.get(), l.reason.is_some())).collect();
    assert_eq!(places, [(2, true), (3, false)]);
    assert!(operations.audit("archive", None).await.unwrap().is_clean());

    *archive.refused.lock().unwrap() = None;
    operations.retry(&letters).await.unwrap();
    while !operations.letters(&letters).await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(archive.of(account(3).as_str()), [1, 2, 3]);
    running.stop().await.unwrap();
    assert!(operations.audit("archive", None).await.unwrap().is_clean());
}

/// Refuses all events of a stream, and says of one that it was not given.
#[derive(Clone)]
struct Confused(String);

impl RawProjection for Confused {
    type Error = Refused;

    async fn handle(&self, events: &[&RawEvent]) -> Result<(), Refused> {
        let refused = events.iter().any(|event| event.stream.as_str() == self.0);
        if refused { Err(Refused(events.len() + 7)) } else { Ok(()) }
    }

    fn verdict(error: &Refused) -> Verdict {
        Verdict::Event(error.0)
    }
}

pub async fn p9_an_event_that_is_none_of_those_given_is_searched_for(world: World) {
    for n in 0..9 {
        append(&world.log, &account(n), &[deposited(1), deposited(2)]).await;
    }
    let confused = Confused(account(3).to_string());
    let running = world.runner().raw("confused", confused, Options::new()).start().await.unwrap();
    tokio::time::timeout(PATIENCE, running.caught_up()).await.expect("it goes on").unwrap();
    let letters = LetterQuery::of(&ModelId::new("confused", 1).unwrap());
    let parked = world.operations().letters(&letters).await.unwrap();
    let places: Vec<_> = parked.iter().map(|l| (l.stream.clone(), l.version.get())).collect();
    assert_eq!(places, [(account(3), 1), (account(3), 2)]);
    running.stop().await.unwrap();
    assert!(world.operations().audit("confused", None).await.unwrap().is_clean());
}

/// Takes its time for each event, and all of them take longer than a lease.
#[derive(Clone, Default)]
struct Slow(Arc<Mutex<u64>>);

impl RawProjection for Slow {
    type Error = std::convert::Infallible;

    async fn handle(&self, events: &[&RawEvent]) -> Result<(), Self::Error> {
        tokio::time::sleep(Duration::from_millis(10) * u32::try_from(events.len()).unwrap()).await;
        *self.0.lock().unwrap() += events.len() as u64;
        Ok(())
    }

    fn verdict(_: &Self::Error) -> Verdict {
        Verdict::Passing
    }
}

pub async fn p9_so_many_that_they_outlast_a_lease_are_handed_over_in_parts(world: World) {
    for n in 0..10 {
        append(&world.log, &account(n), &vec![deposited(1); 50]).await;
    }
    let slow = Slow::default();
    let runner = world.runner().lease(Duration::from_secs(1));
    runner.raw("slow", slow.clone(), Options::new()).run_until_caught_up().await.unwrap();
    assert!(*slow.0.lock().unwrap() >= 500);
    assert!(world.operations().audit("slow", None).await.unwrap().is_clean());
}
