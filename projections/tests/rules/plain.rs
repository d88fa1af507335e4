//! Appends without an aggregate.

use annals::store::{Append, NewEvent};
use annals::testing::{Fault, ScriptedStore};
use annals::{
    Codec, EventStore, ExecuteError, ExpectedVersion, IdempotencyKey, Repository, StreamId,
};
use annals_projections::Rules;

use super::domain::{Account, AccountEvent, Emails, Refused, free};
use super::world::{World, register};

const EMAIL: &str = "ada@example.org";

fn registered(world: &World, id: &str) -> Append {
    let event = AccountEvent::Registered { email: EMAIL.into() };
    let event = NewEvent::encode(world.log.log().codec, &event).unwrap();
    assert_eq!(world.log.log().codec, Codec::Json);
    Append::to(StreamId::new("account", id).unwrap(), ExpectedVersion::Any, vec![event])
}

fn unless_taken(
    world: &World,
    id: &str,
) -> impl FnMut(Option<&Emails>) -> Result<Append, Refused> + Send + use<> {
    let append = registered(world, id);
    move |taken| if taken.is_some() { Err(Refused::Taken) } else { Ok(append.clone()) }
}

pub async fn an_append_is_decided_on_a_document(world: World) {
    world.feed::<Emails>().await;
    let key = EMAIL.to_owned();
    let writers = (0..16).map(|n: u32| {
        let (world, key) = (world.clone(), key.clone());
        let decide = unless_taken(&world, &n.to_string());
        tokio::spawn(async move { world.rules().decide(&key, decide).await })
    });
    let mut made = 0;
    for writer in writers.collect::<Vec<_>>() {
        match writer.await.unwrap() {
            Ok(_) => made += 1,
            Err(ExecuteError::Refused(Refused::Taken)) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(made, 1);
    let (guards, owners) = world.written(EMAIL).await;
    assert_eq!((guards, owners.len()), (1, 1));

    // A conflict of the append's own is the answer.
    let mut stale = registered(&world, &owners[0]);
    stale.writes[0].expected = ExpectedVersion::NoStream;
    let conflict = world
        .rules()
        .decide(&"bob".to_owned(), |_: Option<&Emails>| Ok::<_, Refused>(stale.clone()));
    let conflict = conflict.await.unwrap_err();
    assert!(
        matches!(conflict, ExecuteError::Conflict(conflict) if conflict.stream.category() == "account")
    );
}

pub async fn a_repeated_append_is_answered_before_anything_is_decided(world: World) {
    world.feed::<Emails>().await;
    let stream = StreamId::new("account", "1").unwrap();
    let again = || {
        let key = IdempotencyKey::new("request-1").unwrap();
        let decide = unless_taken(&world, "1");
        world.rules().decide(&EMAIL.to_owned(), decide).idempotency_key(stream.clone(), key)
    };
    let first = again().await.unwrap();
    let repeated = again().await.unwrap();
    assert!(repeated.repeated && !first.repeated);
    assert_eq!(repeated.writes, first.writes);
}

/// An answer that is lost is no other writer: what was written is found again, also where
/// the closure's own write expects nothing of its stream.
pub async fn a_lost_answer_is_not_taken_for_another_writer(world: World) {
    world.feed::<Emails>().await;
    for (nth, fault) in
        [Fault::UnknownWritten, Fault::UnknownUnwritten, Fault::Transient].into_iter().enumerate()
    {
        let store = ScriptedStore::new(world.log.clone());
        let rules = Rules::new(store.clone(), world.models.clone());
        let (email, plain) = (format!("{nth}@example.org"), format!("plain-{nth}@example.org"));
        store.fail(fault);
        let accounts = Repository::<Account>::new(store.clone());
        register(&accounts, &rules, &nth.to_string(), &email).await.unwrap();

        store.fail(fault);
        let event = AccountEvent::Registered { email: plain.clone() };
        let decide = |taken: Option<&Emails>| {
            free(taken)?;
            let event = NewEvent::encode(Codec::Json, &event).unwrap();
            let stream = StreamId::new("account", format_args!("plain-{nth}")).unwrap();
            Ok::<_, Refused>(Append::to(stream, ExpectedVersion::Any, vec![event]))
        };
        rules.decide(&plain, decide).await.unwrap();
        assert_eq!(world.written(&email).await.1.len(), 1, "{fault:?}");
        assert_eq!(world.written(&plain).await.1.len(), 1, "{fault:?}");
    }
}
