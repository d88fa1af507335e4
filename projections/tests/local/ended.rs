//! A view that cannot go on says so, to every question.

use annals::codec::Payload;
use annals::store::{Append, NewEvent};
use annals::{EventStore, ExpectedVersion};
use annals_projections::{LocalError, LocalView, SaveError, StopError, WaitError};

use super::domain::{AccountEvent, account, append, deposited};
use super::views::{Counted, Unkept};
use super::world::{PATIENCE, World};

/// The view has ended, whoever asks.
async fn assert_ended(view: &LocalView<Counted>, why: impl Fn(&LocalError) -> bool) {
    let WaitError::Ended(error) = view.caught_up(PATIENCE).await.unwrap_err() else { panic!() };
    assert!(why(&error), "{error:?}");
    assert!(why(&view.get("1").unwrap_err()));
    assert!(why(&view.with(|_| ()).unwrap_err()));
    let WaitError::Ended(error) = view.at_least(&view.reached(), PATIENCE).await.unwrap_err()
    else {
        panic!()
    };
    assert!(why(&error), "{error:?}");
    let StopError::Ended(error) = view.stop().await.unwrap_err() else { panic!() };
    assert!(why(&error), "{error:?}");
}

pub async fn an_event_that_does_not_decode_ends_the_view(world: World) {
    append(&world.log, &account(1), &[deposited(1)]).await;
    let view = world.started::<Counted>().await;
    assert_eq!(view.get("1").unwrap().unwrap().0.cents, 1);
    let bad = NewEvent::new("account.deposited", Payload::json("{\"cents\":true}").unwrap());
    let bad = Append::to(account(1), ExpectedVersion::Any, vec![bad]);
    world.log.append(bad).await.unwrap();
    let names_it = |error: &LocalError| match error {
        LocalError::Unreadable(error) => error.event().version.get() == 2,
        _ => false,
    };
    assert_ended(&view, names_it).await;
    assert_eq!(world.stored::<Counted>().await, None, "nothing is saved");
}

pub async fn a_panic_ends_the_view(world: World) {
    append(&world.log, &account(1), &[deposited(1)]).await;
    let view = world.open::<Counted>().every(1).start().await.unwrap();
    view.caught_up(PATIENCE).await.unwrap();
    let stored = world.saved::<Counted>(1).await;
    let poison = AccountEvent::Poisoned { cure: "of a view in memory".to_owned() };
    append(&world.log, &account(2), &[poison]).await;
    let names_it = |error: &LocalError| match error {
        LocalError::Panicked { event, .. } => {
            event.stream == account(2) && error.to_string().contains("it panicked: poison")
        }
        _ => false,
    };
    assert_ended(&view, names_it).await;
    assert_eq!(world.stored::<Counted>().await, Some(stored), "nothing is saved");
}

pub async fn a_view_that_was_stopped_says_so(world: World) {
    append(&world.log, &account(1), &[deposited(1)]).await;
    let view = world.started::<Counted>().await;
    let (one, other) = tokio::join!(view.stop(), view.stop());
    one.unwrap();
    other.unwrap();
    assert!(matches!(view.get("1"), Err(LocalError::Stopped)));
    assert!(matches!(view.with(|_| ()), Err(LocalError::Stopped)));
    let ended = view.caught_up(PATIENCE).await;
    assert!(matches!(ended, Err(WaitError::Ended(LocalError::Stopped))), "{ended:?}");
    view.stop().await.unwrap();
}

pub async fn a_snapshot_that_is_too_large_is_told(world: World) {
    for n in 0..10 {
        append(&world.log, &account(n), &[deposited(1)]).await;
    }
    let view = world.open::<Counted>().most_bytes(200).every(1).start().await.unwrap();
    view.caught_up(PATIENCE).await.unwrap();
    world.assert_as_replayed(&view).await;
    let stopped = view.stop().await.unwrap_err();
    assert!(matches!(stopped, StopError::NotSaved(SaveError::TooLarge { most: 200 })), "{stopped}");
    assert_eq!(world.stored::<Counted>().await, None);
}

pub async fn a_state_that_no_codec_reads_is_told(world: World) {
    append(&world.log, &account(1), &[deposited(1)]).await;
    let view = world.started::<Unkept>().await;
    let stopped = view.stop().await.unwrap_err();
    assert!(matches!(stopped, StopError::NotSaved(SaveError::NotReadable)), "{stopped}");
    assert_eq!(world.stored::<Unkept>().await, None);
}
