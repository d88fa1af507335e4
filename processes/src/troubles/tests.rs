//! Troubles come, stay and go.

use annals::SystemClock;
use tokio::time::advance;

use super::*;

fn place(task: u32) -> Place {
    let kind = TroubleKind::InstanceNotTold;
    Place { process: "p", partition: Partition::FIRST, kind, of: Some(("i".to_owned(), task)) }
}

fn troubles() -> Arc<Troubles> {
    Arc::new(Troubles::new(Arc::new(SystemClock)))
}

#[tokio::test(start_paused = true)]
async fn a_trouble_is_told_once_with_its_last_error_and_goes() {
    let troubles = troubles();
    let first = troubles.tell(place(1), "down");
    let since = troubles.look().first().map(|trouble| trouble.since);
    let second = troubles.tell(place(1), "still down");
    drop(first);
    let look = troubles.look();
    assert_eq!(look.len(), 1);
    assert_eq!(
        look.first().map(|trouble| (&*trouble.error, trouble.task)),
        Some(("still down", Some(1)))
    );
    assert_eq!(look.first().map(|trouble| trouble.since), since);
    drop(second);
    assert_eq!(troubles.look(), []);
}

#[tokio::test(start_paused = true)]
async fn what_is_looked_at_again_soon_is_the_same_trouble() {
    let troubles = troubles();
    drop(troubles.tell(place(1), "unreadable").lasting(Duration::from_secs(5)));
    let since = troubles.look().first().map(|trouble| trouble.since);
    assert!(since.is_some());
    advance(Duration::from_secs(2)).await;
    drop(troubles.tell(place(1), "unreadable").lasting(Duration::from_secs(5)));
    assert_eq!(troubles.look().first().map(|trouble| trouble.since), since);
    advance(Duration::from_secs(5)).await;
    assert_eq!(troubles.look(), []);
}

#[tokio::test(start_paused = true)]
async fn their_number_is_bounded() {
    let troubles = troubles();
    let many: Vec<_> = (0..2_000).map(|task| troubles.tell(place(task), "down")).collect();
    assert_eq!(troubles.look().len(), MOST);
    drop(many);
    assert_eq!(troubles.look(), []);
}
