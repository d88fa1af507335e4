//! A question can wait for the commit whose token it was given.

use std::time::Duration;

use annals::{Checkpoint, EventId, EventStore, LogId, Token};
use annals_projections::WaitError;

use super::domain::{Balance, OtherEvent, account, append, deposited};
use super::world::{PATIENCE, World};

pub async fn a_question_sees_the_commit_of_its_token(world: World) {
    let view = world.started::<Balance>().await;
    for n in 1..=50 {
        let token = append(&world.log, &account(n % 5), &[deposited(1)]).await;
        view.at_least(&token, PATIENCE).await.unwrap();
        let balance = view.get(&(n % 5).to_string()).unwrap().unwrap();
        assert_eq!(balance.events, (n + 4 - (n + 4) % 5 + n % 5) / 5, "its own write, {n}");
    }
    // Also where the view has nothing to do with the event.
    let token = append(&world.log, &"other-1".parse().unwrap(), &[OtherEvent::Happened]).await;
    view.at_least(&token, PATIENCE).await.unwrap();
    assert_eq!(view.with(annals_projections::Documents::len).unwrap(), 5);
    // The token of where it stands has been reached, without a wait.
    view.at_least(&view.reached(), Duration::ZERO).await.unwrap();
    // For ever is longer than a clock can be set to.
    view.at_least(&token, Duration::MAX).await.unwrap();
    view.caught_up(Duration::MAX).await.unwrap();
    // Nobody has to poll: a wait that began before the commit is woken.
    let waiting = Token::empty(world.log.log().id);
    view.at_least(&waiting, Duration::ZERO).await.unwrap();
}

pub async fn a_wait_has_an_end(world: World) {
    let view = world.started::<Balance>().await;
    let token = append(&world.log, &account(1), &[deposited(1)]).await;
    view.at_least(&token, PATIENCE).await.unwrap();
    let place = token.checkpoints().next().unwrap();
    let far = place.position().advanced_by(1_000);
    let (log, partition) = (place.log(), place.partition());
    let beyond = Token::empty(log).with(Checkpoint::new(log, partition, far, EventId::new()));
    let late = view.at_least(&beyond, Duration::from_millis(50)).await.unwrap_err();
    assert!(matches!(late, WaitError::TimedOut { partition: behind, .. } if behind == partition));
}

pub async fn a_token_of_another_log_or_of_a_lost_commit_is_refused(world: World) {
    let view = world.started::<Balance>().await;
    let token = append(&world.log, &account(1), &[deposited(1)]).await;
    view.at_least(&token, PATIENCE).await.unwrap();
    let another = view.at_least(&Token::empty(LogId::new()), PATIENCE).await.unwrap_err();
    assert!(matches!(another, WaitError::AnotherLog { .. }), "{another}");
    let place = token.checkpoints().next().unwrap();
    let lost = Checkpoint::new(place.log(), place.partition(), place.position(), EventId::new());
    let lost = Token::empty(place.log()).with(lost);
    let refused = view.at_least(&lost, PATIENCE).await.unwrap_err();
    assert!(matches!(refused, WaitError::Diverged { .. }), "{refused}");
}
