//! A dead letter is exported as a test that compiles, and fails as the event did. What is
//! exported stands below, as somebody has pasted it, with the name filled in.

use annals::read_model::{LetterQuery, ReadModelStore};
use annals::{EventStore, Recorded};
use annals_memory::{MemoryReadModels, MemoryStore, MemoryTables};
use annals_postgres::sqlx::PgConnection;
use annals_projections::operations::LetterCode;
use annals_projections::{ExternalProjection, Keys, Options, Projection, Runner, View};
use serde::{Deserialize, Serialize};

use super::domain::{AccountEvent, NotTaken, account, append, change, deposited, sent};
use super::postgres;

macro_rules! pasted {
    (async fn $name:ident() { $($body:tt)* }) => {
        pub(super) const CODE: &str = stringify!(async fn $name() { $($body)* });
        #[tokio::test]
        #[should_panic(expected = "oison")]
        async fn $name() { $($body)* }
    };
    (fn $name:ident() { $($body:tt)* }) => {
        pub(super) const CODE: &str = stringify!(fn $name() { $($body)* });
        #[test]
        #[should_panic(expected = "too much")]
        fn $name() { $($body)* }
    };
}

#[rustfmt::skip]
mod view {
    use super::Purse as YourView;
    pasted! {
        fn purses_takes_the_event_at_4() {
            annals_projections::testing::given_stored::<YourView>([
                ("account-2", "account.sent", 1, r#"{"to":"1","cents":10}"#),
                ("account-1", "account.deposited", 1, r#"{"cents":5}"#),
            ]);
        }
    }
}

#[rustfmt::skip]
mod memory {
    use super::Noted as YourProjection;
    pasted! {
        async fn noted_takes_the_event_at_2() {
            let projection = YourProjection;
            let models = annals_memory::MemoryReadModels::new();
            let given = annals_projections::testing::given_stored_events([
                ("account-1", "account.deposited", 1, r#"{"cents":50}"#),
                ("account-1", "account.poisoned", 1, r#"{"cure":"none"}"#),
            ]);
            given.when_projected(projection, models).await.unwrap();
        }
    }
}

#[rustfmt::skip]
mod sql {
    use super::NotedInSql as YourProjection;
    pasted! {
        async fn noted_takes_the_event_at_2() {
            let projection = YourProjection;
            let database = annals_postgres::testing::Database::create().await.unwrap();
            annals_postgres::PostgresReadModels::migrate(database.url()).await.unwrap();
            let models = annals_postgres::PostgresReadModels::connect(database.url()).await.unwrap();
            let given = annals_projections::testing::given_stored_events([
                ("account-1", "account.deposited", 1, r#"{"cents":50}"#),
                ("account-1", "account.poisoned", 1, r#"{"cure":"none"}"#),
            ]);
            given.when_projected(projection, models).await.unwrap();
        }
    }
}

#[rustfmt::skip]
mod external {
    use super::Told as YourProjection;
    pasted! {
        async fn told_takes_the_event_at_2() {
            use annals_projections::ExternalProjection;
            let projection = YourProjection;
            let given = annals_projections::testing::given_stored_events([
                ("account-1", "account.deposited", 1, r#"{"cents":50}"#),
                ("account-1", "account.poisoned", 1, r#"{"cure":"none"}"#),
            ]);
            for event in given.events() {
                projection.handle(&[event]).await.unwrap();
            }
        }
    }
}

/// What an account holds, which must not be much: what is too much comes of two streams.
#[derive(Default, Serialize, Deserialize)]
struct Purse(i64);

impl View for Purse {
    const NAME: &'static str = "purses";
    type Key = String;
    type Event = AccountEvent;

    fn keys(event: &Recorded<AccountEvent>) -> Keys<String> {
        match &event.event {
            AccountEvent::Sent { to, .. } => Keys::one(to.clone()),
            _ => Keys::one(event.stream.key().to_owned()),
        }
    }

    fn evolve(&mut self, _: &String, event: &Recorded<AccountEvent>) {
        self.0 += change(&event.event).unwrap().abs();
        assert!(self.0 < 15, "too much");
    }
}

struct Noted;

impl Projection<MemoryTables> for Noted {
    const NAME: &'static str = "noted";
    type Event = AccountEvent;
    type Error = NotTaken;

    async fn handle(
        &self,
        _: &mut MemoryTables,
        event: &Recorded<AccountEvent>,
    ) -> Result<(), NotTaken> {
        change(&event.event).map(drop)
    }
}

struct NotedInSql;

impl Projection<PgConnection> for NotedInSql {
    const NAME: &'static str = "noted";
    type Event = AccountEvent;
    type Error = NotTaken;

    async fn handle(
        &self,
        _: &mut PgConnection,
        event: &Recorded<AccountEvent>,
    ) -> Result<(), NotTaken> {
        change(&event.event).map(drop)
    }
}

struct Told;

impl ExternalProjection for Told {
    const NAME: &'static str = "told";
    type Event = AccountEvent;
    type Error = NotTaken;

    async fn handle(&self, events: &[&Recorded<AccountEvent>]) -> Result<(), NotTaken> {
        events.iter().try_for_each(|event| change(&event.event).map(drop))
    }

    fn is_transient(_: &NotTaken) -> bool {
        false
    }
}

/// The test that is exported of the first dead letter, and the comment before it.
async fn exported<S: Send + 'static>(
    models: impl ReadModelStore<Session = S>,
    events: &[(u32, AccountEvent)],
    feeds: impl FnOnce(Runner<S>) -> Runner<S>,
) -> (String, String) {
    let store = MemoryStore::new();
    for (key, event) in events {
        append(&store.clone().erased(), &account(key), std::slice::from_ref(event)).await;
    }
    let running = feeds(Runner::new(store, models)).start().await.unwrap();
    running.caught_up().await.unwrap();
    let operations = running.operations();
    let letters = operations.letters(&LetterQuery::all()).await.unwrap();
    let code = operations.letter_as_test(&letters[0]).await.unwrap().to_string();
    running.stop().await.unwrap();
    let (comment, code) = code.split_at(code.find("#[").unwrap());
    (comment.to_owned(), code.to_owned())
}

/// Without comments, attributes and spaces.
fn bare(code: &str) -> String {
    let lines = code.lines().filter(|line| !line.starts_with("#["));
    let lines = lines.map(|line| line.split("//").next().unwrap());
    lines.flat_map(str::chars).filter(|char| !char.is_whitespace()).collect()
}

fn poisoned() -> [(u32, AccountEvent); 3] {
    let poison = AccountEvent::Poisoned { cure: "none".to_owned() };
    [(1, deposited(50)), (1, poison), (1, deposited(7))]
}

#[tokio::test]
async fn a_letter_of_a_view_brings_what_other_streams_have_done_to_its_document() {
    let events = [(3, deposited(4)), (2, sent("1", 10)), (10, deposited(11)), (1, deposited(5))];
    let (comment, code) = exported(MemoryReadModels::new(), &events, Runner::view::<Purse>).await;
    assert_eq!(bare(&code), bare(view::CODE), "{code}");
    for says in ["too much", "account-1 up to it", "stands as a word: \"1\"", "Not given are"] {
        assert!(comment.contains(says), "{comment}");
    }
    assert!(!comment.contains("may pass"), "nothing was left out: {comment}");
}

#[tokio::test]
async fn a_letter_brings_a_bounded_number_of_other_events_and_says_so() {
    let mut events = vec![(2, sent("1", 3))];
    events.extend(std::iter::repeat_n((2, sent("1", 0)), LetterCode::MOST_OTHERS));
    events.push((1, deposited(20)));
    let (comment, code) = exported(MemoryReadModels::new(), &events, Runner::view::<Purse>).await;
    assert_eq!(code.matches("account.sent").count(), LetterCode::MOST_OTHERS);
    assert!(!code.contains("\"cents\":3}"), "the first ones are left out");
    assert!(code.contains("\"cents\":20}"), "its own are there");
    assert!(comment.contains("the last 1000 events. So it may pass"), "{comment}");
}

#[tokio::test]
async fn a_letter_of_a_projection_is_one_that_is_projected() {
    let options = || Options::new().attempts(1);
    let feeds = |runner: Runner<_>| runner.projection_with(Noted, options());
    let (comment, code) = exported(MemoryReadModels::new(), &poisoned(), feeds).await;
    assert_eq!(bare(&code), bare(memory::CODE), "{code}");
    assert!(comment.contains("position 2: poison\n"), "{comment}");

    let (_database, models) = postgres().await;
    let feeds = |runner: Runner<_>| runner.projection_with(NotedInSql, options());
    let (_, code) = exported(models, &poisoned(), feeds).await;
    assert_eq!(bare(&code), bare(sql::CODE), "{code}");

    let feeds = |runner: Runner<_>| runner.external_with(Told, options());
    let (_, code) = exported(MemoryReadModels::new(), &poisoned(), feeds).await;
    assert_eq!(bare(&code), bare(external::CODE), "{code}");
}
