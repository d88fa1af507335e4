//! Plain cases: one writer, nothing fails.

use std::fmt;

use annals::store::InvalidAppend;
use annals::{Aggregate, ExecuteError, Repository, Version};
use annals_memory::MemoryStore;
use futures::TryStreamExt;
use uuid::Uuid;

use crate::support::*;

#[tokio::test]
async fn a_command_appends_what_was_decided_and_returns_it_as_recorded() {
    let store = MemoryStore::new();
    let accounts = accounts(store.clone());
    accounts.execute(ID, Deposit(100)).await.unwrap();
    let done = accounts.execute(ID, Withdraw(30)).await.unwrap();

    assert_eq!((done.state.cents, done.state.events), (70, 2));
    assert_eq!(done.version, v(2));
    assert!(!done.repeated);
    let [event] = &done.events[..] else { panic!("one event was decided") };
    assert_eq!(event.event, withdrawn(30));
    let raw = &log_of(&store).await[1];
    assert_eq!(event.clone().map(|_| ()), raw.clone().map(|_| ()));
    let place = done.token.checkpoint(event.partition).unwrap();
    assert_eq!(place.event(), Some(event.id));
}

#[tokio::test]
async fn a_load_returns_the_state_the_version_and_a_token_of_the_last_event() {
    let accounts = accounts(MemoryStore::new());
    let nobody = accounts.load(ID).await.unwrap();
    assert_eq!(nobody.state, Account::default());
    assert_eq!(nobody.version, Version::NONE);
    assert!(nobody.token.is_empty());

    let done = accounts.execute(ID, Deposit(5)).await.unwrap();
    let loaded = accounts.load(ID).await.unwrap();
    assert_eq!((loaded.state, loaded.version), (done.state, done.version));
    assert_eq!(loaded.token, done.token);
}

#[tokio::test]
async fn a_history_has_every_event_in_order() {
    let accounts = accounts(store_at(300).await);
    let history: Vec<_> = accounts.history(ID).try_collect().await.unwrap();
    let versions: Vec<u64> = history.iter().map(|event| event.version.get()).collect();
    assert_eq!(versions, (1..=300).collect::<Vec<_>>());
    let nobody: Vec<_> = accounts.history("nobody").try_collect().await.unwrap();
    assert!(nobody.is_empty());
}

#[tokio::test]
async fn a_refusal_writes_nothing_and_says_why() {
    let store = store_at(3).await;
    let refused = accounts(store.clone()).execute(ID, Withdraw(5)).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.refusal(), Some(&Overdrawn { missing: 2 }));
    assert!(!refused.is_transient());
    assert_eq!(refused.to_string(), "2 cents are missing");
    assert_eq!(log_of(&store).await.len(), 3);
}

#[tokio::test]
async fn a_decision_of_nothing_writes_nothing_and_returns_the_state() {
    let store = store_at(3).await;
    let accounts = accounts(store.clone());
    let done = accounts.execute(ID, Deposit(0)).await.unwrap();
    assert!(done.events.is_empty());
    assert_eq!((done.state.cents, done.version), (3, v(3)));
    assert_eq!(done.token, accounts.load(ID).await.unwrap().token);
    assert_eq!(log_of(&store).await.len(), 3);

    let nobody = accounts.execute("nobody", Deposit(0)).await.unwrap();
    assert_eq!(nobody.version, Version::NONE);
    assert!(nobody.token.is_empty());
}

#[tokio::test]
async fn a_closure_may_return_events_in_every_shape() {
    let store = MemoryStore::new();
    let accounts = accounts(store.clone());
    accounts.update(ID, |_| deposited(1)).await.unwrap();
    accounts.update(ID, |_| vec![deposited(1); 2]).await.unwrap();
    let two = accounts.update(ID, |_| [deposited(1), deposited(1)]);
    two.await.unwrap();
    accounts.update(ID, |_| Some(deposited(1))).await.unwrap();
    accounts.update(ID, |_| None::<AccountEvent>).await.unwrap();
    accounts.update(ID, |_| ()).await.unwrap();
    assert_eq!(log_of(&store).await.len(), 6);
}

#[tokio::test]
async fn a_closure_may_return_a_result_of_every_shape() {
    let store = MemoryStore::new();
    let accounts = accounts(store.clone());
    let one = accounts.update(ID, |_| Ok::<_, Overdrawn>(deposited(1)));
    one.await.unwrap();
    let two = accounts.update(ID, |_| Ok::<_, Overdrawn>(vec![deposited(1); 2]));
    two.await.unwrap();
    let array = accounts.update(ID, |_| Ok::<_, Overdrawn>([deposited(1)]));
    array.await.unwrap();
    let option = accounts.update(ID, |_| Ok::<_, Overdrawn>(Some(deposited(1))));
    option.await.unwrap();
    let none = accounts.update(ID, |_| Ok::<_, Overdrawn>(()));
    none.await.unwrap();
    let refused = accounts.update(ID, |account| Err::<(), _>(Overdrawn { missing: account.cents }));
    let refused = refused.await.unwrap_err();
    assert_eq!(refused.refusal(), Some(&Overdrawn { missing: 5 }));
    assert_eq!(log_of(&store).await.len(), 5);
}

#[tokio::test]
async fn a_question_mark_works_in_a_closure_whose_type_is_written_down() {
    fn enough(account: &Account) -> Result<u64, Overdrawn> {
        let missing = 5u64.saturating_sub(account.cents);
        (missing == 0).then_some(5).ok_or(Overdrawn { missing })
    }
    let accounts = accounts(store_at(7).await);
    let done =
        accounts.update(ID, |account| -> Result<_, Overdrawn> { Ok(withdrawn(enough(account)?)) });
    assert_eq!(done.await.unwrap().state.cents, 2);
}

#[tokio::test]
async fn an_append_holds_4096_events_and_not_one_more() {
    let store = MemoryStore::new();
    let accounts = accounts(store.clone());
    let most = accounts.update(ID, |_| vec![deposited(1); 4096]).await;
    let most = most.unwrap();
    assert_eq!((most.state.cents, most.events.len()), (4096, 4096));

    let more = accounts.update(ID, |_| vec![deposited(1); 4097]).await;
    let Err(ExecuteError::Invalid(InvalidAppend::TooManyEvents { events, limit })) = more else {
        panic!("{more:?}")
    };
    assert_eq!((events, limit), (4097, 4096));
    assert_eq!(log_of(&store).await.len(), 4096);
}

struct Iban(&'static str);

impl fmt::Display for Iban {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// The same events under ids of another kind.
macro_rules! account_by {
    ($name:ident, $category:literal, $id:ty) => {
        #[derive(Debug, Default)]
        struct $name(u64);

        impl Aggregate for $name {
            const CATEGORY: &'static str = $category;
            type Id = $id;
            type Event = AccountEvent;

            fn evolve(&mut self, _: &AccountEvent) {
                self.0 += 1;
            }
        }
    };
}

account_by!(ByIban, "iban", Iban);
account_by!(ByUuid, "uuid", Uuid);

#[tokio::test]
async fn an_id_is_anything_that_displays() {
    let store = MemoryStore::new();
    let by_iban = Repository::<ByIban>::new(store.clone());
    let done = by_iban.update(&Iban("DE-1"), |_| deposited(1)).await.unwrap();
    assert_eq!(done.events[0].stream.as_str(), "iban-DE-1");
    assert_eq!(by_iban.load(&Iban("DE-1")).await.unwrap().state.0, 1);

    let by_uuid = Repository::<ByUuid>::new(store);
    let id = Uuid::from_u128(7);
    let done = by_uuid.update(&id, |_| deposited(1)).await.unwrap();
    assert_eq!(done.events[0].stream.as_str(), format!("uuid-{id}"));
}

#[tokio::test]
async fn a_timeout_without_end_is_no_panic() {
    let accounts = accounts(MemoryStore::new()).timeout(std::time::Duration::MAX);
    let done = accounts.execute(ID, Deposit(1)).await.unwrap();
    assert_eq!(done.version, v(1));
    assert_eq!(accounts.load(ID).await.unwrap().version, v(1));
}
