//! Instances that newer code has moved on, or older code.

use std::marker::PhantomData;
use std::time::Duration;

use annals_projections::ExternalProjection;

use super::*;
use crate::error::ProcessError;
use crate::reactor::Reactor;

/// A process whose timers and own events are of some release.
struct Release<T, E>(PhantomData<fn() -> (T, E)>);

impl<T, E> Default for Release<T, E> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

#[derive(Default, Serialize, Deserialize)]
enum OldTimer {
    #[default]
    Due,
}

/// It has another name now.
#[derive(Default, Serialize, Deserialize)]
enum NewTimer {
    #[serde(alias = "Due")]
    #[default]
    Overdue,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, Event)]
#[event(prefix = "release")]
enum OldEvent {
    #[default]
    Noted,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, Event)]
#[event(prefix = "release")]
enum NewerEvent {
    Noted,
    #[default]
    Insured,
}

impl<T, E> Process for Release<T, E>
where
    T: Default + Serialize + serde::de::DeserializeOwned + Send + Sync + 'static,
    E: Default + Event,
{
    const NAME: &'static str = "release";
    type Input = PurseEvent;
    type Event = E;
    type Command = ();
    type Reply = ();
    type Timer = T;

    fn route(event: &Recorded<PurseEvent>) -> Route {
        Route::start(event.stream.key())
    }

    /// Nothing sets a timer, one cent cancels it, and more is noted.
    fn react(&self, input: &Input<'_, Self>) -> Reaction<Self> {
        match input {
            Input::Event(Recorded { event: PurseEvent::Paid { cents: 0 }, .. }) => {
                Reaction::none().after(Duration::from_secs(60), T::default())
            }
            Input::Event(Recorded { event: PurseEvent::Paid { cents: 1 }, .. }) => {
                Reaction::none().cancel(T::default())
            }
            Input::Event(_) => Reaction::none().record(E::default()),
            _ => Reaction::none(),
        }
    }

    fn evolve(&mut self, _: &E) {}
}

type Old = Release<OldTimer, OldEvent>;
type New = Release<NewTimer, NewerEvent>;

/// Gives the instance an event, and tells for how much it waits then.
async fn give<P: Process<Input = PurseEvent>>(
    log: &AnyStore,
    event: Recorded<PurseEvent>,
) -> Result<usize, ProcessError> {
    let instances = Instances::<P>::new(log.clone(), Arc::new(SystemClock), Hook::default());
    let incoming = Incoming::Event { event: &event, starts: true, late: false };
    assert!(instances.advance("1", &incoming, &Metadata::new()).await?.is_ok());
    let stream: StreamId = "annals.process.release-1".parse().unwrap();
    Ok(instances.load(&stream, crate::instance::Instance::new()).await?.book.open.len())
}

#[tokio::test]
async fn a_timer_of_older_code_is_cancelled_and_set_anew_by_its_new_name() {
    let log = MemoryStore::new().erased();
    assert_eq!(give::<Old>(&log, paid(1, 0)).await.unwrap(), 1);
    assert_eq!(give::<New>(&log, paid(2, 0)).await.unwrap(), 1, "one, and not two");
    let log = MemoryStore::new().erased();
    assert_eq!(give::<Old>(&log, paid(1, 0)).await.unwrap(), 1);
    assert_eq!(give::<New>(&log, paid(2, 1)).await.unwrap(), 0, "it was cancelled");
}

/// The next release, which tells more about a timer.
#[derive(Default, Serialize, Deserialize)]
struct Staged {
    #[serde(default)]
    stage: u32,
    #[serde(default)]
    name: String,
}

#[derive(Default, Serialize, Deserialize)]
struct Unstaged {
    #[serde(default)]
    name: String,
}

#[tokio::test]
async fn a_timer_of_newer_code_that_says_more_is_left_alone() {
    let log = MemoryStore::new().erased();
    assert_eq!(give::<Release<Staged, OldEvent>>(&log, paid(1, 0)).await.unwrap(), 1);
    assert_eq!(give::<Release<Unstaged, OldEvent>>(&log, paid(2, 1)).await.unwrap(), 1);
    // And one that says less is known.
    let log = MemoryStore::new().erased();
    assert_eq!(give::<Release<Unstaged, OldEvent>>(&log, paid(1, 0)).await.unwrap(), 1);
    assert_eq!(give::<Release<Staged, OldEvent>>(&log, paid(2, 1)).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_newer_code_has_moved_on_waits_for_it_for_a_while() {
    let log = MemoryStore::new().erased();
    give::<Old>(&log, paid(1, 5)).await.unwrap();
    give::<New>(&log, paid(2, 5)).await.unwrap();
    let clock = Arc::new(SystemClock);
    let instances = Arc::new(Instances::<Old>::new(log.clone(), clock, Hook::default()));
    let (mark, outdated) = (Arc::default(), Default::default());
    let reactor = Reactor { instances, mark, outdated };
    let event = paid(3, 5);
    for _ in 0..3 {
        let error = reactor.handle(&[&event]).await.unwrap_err();
        assert!(matches!(error, ProcessError::NewerCode(_)), "{error}");
        assert!(Reactor::<Old>::is_transient(&error), "it is no dead letter");
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    // Nobody replaces this worker: others are to go on.
    tokio::time::sleep(Duration::from_secs(180)).await;
    let error = reactor.handle(&[&event]).await.unwrap_err();
    assert!(matches!(error, ProcessError::Decode(_)), "{error}");
    assert!(!Reactor::<Old>::is_transient(&error));
    give::<New>(&log, paid(3, 5)).await.unwrap();
}
