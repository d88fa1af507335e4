//! One bad append never harms its neighbours in a batch.

use std::time::Duration;

use ExpectedVersion::{Any, NoStream};
use annals::store::{Append, NewEvent};
use annals::{AppendError, ExpectedVersion, Payload, Version};
use annals_postgres::PostgresStore;
use annals_postgres::testing::Database;

use crate::tools::{
    Held, append, begin, connect, empty_log, events, execute, key, of_log, of_stream, stream,
    waiting,
};

type Answer = tokio::task::JoinHandle<Result<annals::store::Appended, AppendError>>;

/// Lets these appends wait until all are in the queue, so that they are sent together,
/// in their order.
async fn together(database: &Database, store: &PostgresStore, all: Vec<Append>) -> Vec<Answer> {
    let held = Held::partition(database.url(), 0).await;
    let first = begin(store, Append::to(stream("first"), Any, events(1)));
    waiting(database.url(), 1).await;
    let mut answers = Vec::new();
    for one in all {
        answers.push(begin(store, one));
        // On a runtime of one thread the task hands its append over before this goes on.
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(Duration::from_millis(10)).await;
    held.release().await;
    first.await.unwrap().unwrap();
    answers
}

fn named(name: &str) -> NewEvent {
    NewEvent::new(name.to_owned(), Payload::json("{}").unwrap())
}

/// A database that refuses events of some names, with the code that is in the name.
async fn refusing() -> Database {
    let database = empty_log().await;
    let trigger = "
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'marked' USING ERRCODE = substr(NEW.name, 8);
        END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON annals.events FOR EACH ROW
        WHEN (NEW.name LIKE 'marked.%') EXECUTE FUNCTION refuse()";
    execute(database.url(), trigger).await;
    database
}

#[tokio::test]
async fn what_the_database_refuses_fails_alone_wherever_it_stands() {
    let database = refusing().await;
    let store = connect(database.url()).await;
    for (round, bad) in
        [vec![0], vec![4], vec![8], vec![0, 1, 8], (0..9).collect()].iter().enumerate()
    {
        let all = (0..9).map(|n| {
            let code = ["22000", "P0001", "23514", "XX001"][n % 4];
            let name = if bad.contains(&n) { format!("marked.{code}") } else { "good".into() };
            Append::to(stream(&format!("{round}-{n}")), NoStream, vec![named(&name)])
        });
        let answers = together(&database, &store, all.collect()).await;
        for (n, answer) in answers.into_iter().enumerate() {
            match answer.await.unwrap() {
                Ok(_) => assert!(!bad.contains(&n), "round {round}, append {n}"),
                Err(AppendError::Store(error)) => {
                    assert!(bad.contains(&n) && !error.is_transient(), "round {round}: {error}");
                }
                Err(error) => panic!("round {round}, append {n}: {error:?}"),
            }
            let written = of_stream(&store, &stream(&format!("{round}-{n}"))).await.len();
            assert_eq!(written, usize::from(!bad.contains(&n)), "round {round}, append {n}");
        }
    }
}

/// A time that PostgreSQL does not have passes all checks before it.
#[tokio::test]
async fn a_time_that_the_database_does_not_have_fails_alone() {
    let database = empty_log().await;
    let store = connect(database.url()).await;
    let mut bad = events(1);
    bad[0].occurred_at = Some(time::Date::MIN.midnight().assume_utc());
    let all = vec![
        Append::to(stream("before"), NoStream, events(1)),
        Append::to(stream("bad"), NoStream, bad),
        Append::to(stream("behind"), NoStream, events(1)),
    ];
    let mut answers = together(&database, &store, all).await.into_iter();
    answers.next().unwrap().await.unwrap().unwrap();
    let answer = answers.next().unwrap().await.unwrap();
    assert!(matches!(&answer, Err(AppendError::Store(e)) if !e.is_transient()), "{answer:?}");
    answers.next().unwrap().await.unwrap().unwrap();
}

#[tokio::test]
async fn parts_of_a_batch_are_written_in_its_order() {
    let database = refusing().await;
    let store = connect(database.url()).await;
    let one = |version: u64| Append::to(stream("one"), Version::new(version), events(1));
    let mut all: Vec<_> = (0..8).map(one).collect();
    all.insert(3, Append::to(stream("bad"), NoStream, vec![named("marked.22000")]));
    let answers = together(&database, &store, all).await;
    for (n, answer) in answers.into_iter().enumerate() {
        // Each expects the version that the one before it leaves.
        assert_eq!(answer.await.unwrap().is_ok(), n != 3, "append {n}");
    }
    assert_eq!(of_stream(&store, &stream("one")).await.len(), 8);
}

#[tokio::test]
async fn an_append_that_is_refused_leaves_nothing_for_those_behind_it() {
    let database = empty_log().await;
    let store = connect(database.url()).await;
    let pair = Append::to(stream("a"), NoStream, events(2)).and(stream("b"), NoStream, events(1));
    let all = vec![
        Append::to(stream("b"), NoStream, events(1)),
        pair, // it is refused for its second write
        Append::to(stream("a"), NoStream, events(1)),
        Append::to(stream("a"), Version::new(1), events(1)),
        Append::to(stream("a"), Version::new(9), events(1)),
        Append::to(stream("a"), Any, events(1)),
    ];
    let mut answers = Vec::new();
    for answer in together(&database, &store, all).await {
        answers.push(answer.await.unwrap());
    }
    assert!(matches!(&answers[1], Err(AppendError::Conflict(c)) if c.stream == stream("b")));
    let Err(AppendError::Conflict(conflict)) = &answers[4] else { panic!("{:?}", answers[4]) };
    assert_eq!(conflict.actual, Version::new(2));
    let positions = [0, 2, 3, 5].map(|n| answers[n].as_ref().unwrap().writes[0].position.get());
    assert_eq!(positions, [3, 4, 5, 6], "without holes");
    assert_eq!(of_stream(&store, &stream("a")).await.len(), 3);
}

#[tokio::test]
async fn appends_under_one_key_in_one_burst_have_one_outcome() {
    let database = empty_log().await;
    let store = connect(database.url()).await;
    let one = || Append::to(stream("one"), Any, events(2)).with_key(key("key"));
    let answers = together(&database, &store, (0..20).map(|_| one()).collect()).await;
    let mut first = 0;
    let mut positions = Vec::new();
    for answer in answers {
        let done = answer.await.unwrap().unwrap();
        first += usize::from(!done.repeated);
        positions.push(done.writes[0].position);
    }
    assert_eq!(first, 1);
    positions.dedup();
    assert_eq!(positions.len(), 1);
    assert_eq!(of_stream(&store, &stream("one")).await.len(), 2);
}

#[tokio::test]
async fn a_dropped_append_is_written_and_harms_no_neighbour() {
    let database = empty_log().await;
    let store = connect(database.url()).await;
    let held = Held::partition(database.url(), 0).await;
    let sent = begin(&store, Append::to(stream("sent"), Any, events(1)));
    waiting(database.url(), 1).await;
    let all = (0..9).map(|n| Append::to(stream(&n.to_string()), NoStream, events(1)));
    let mut all: Vec<_> = all.map(|one| begin(&store, one)).collect();
    tokio::time::sleep(Duration::from_millis(10)).await;
    // One that is on its way, and every other one of those that wait.
    sent.abort();
    for answer in all.iter().step_by(2) {
        answer.abort();
    }
    held.release().await;
    for answer in all.iter_mut().skip(1).step_by(2) {
        answer.await.unwrap().unwrap();
    }
    append(&store, Append::to(stream("last"), NoStream, events(1))).await.unwrap();
    assert_eq!(of_log(&store).await.len(), 1 + 1 + 9 + 1);
}
