//! Events that this code cannot read: a typed error, or left out where that
//! was asked for.

use annals::{DecodeError, DecodeErrorKind, ExecuteError, LoadError, Repository};
use annals_memory::MemoryStore;
use futures::TryStreamExt;

use crate::support::*;

async fn with(name: &'static str, schema_version: u16, json: &str) -> MemoryStore {
    let store = store_at(3).await;
    write_raw(&store, name, schema_version, json).await;
    accounts(store.clone()).skip_unknown_events().execute(ID, Deposit(1)).await.ok();
    store
}

/// What load, execute and history say about it; all the same.
async fn refusal(accounts: &Repository<Account>) -> DecodeError {
    let loaded = accounts.load(ID).await.unwrap_err();
    let executed = accounts.execute(ID, Deposit(1)).await.unwrap_err();
    let history = accounts.history(ID).try_collect::<Vec<_>>().await;
    let (
        LoadError::Decode(loaded),
        ExecuteError::Load(LoadError::Decode(executed)),
        Err(LoadError::Decode(history)),
    ) = (loaded, executed, history)
    else {
        panic!("three decode errors were expected")
    };
    assert_eq!(loaded, executed);
    assert_eq!(loaded, history);
    loaded
}

#[tokio::test]
async fn an_unknown_type_is_an_error_that_names_it() {
    let store = with("account.frozen", 1, r#"{"by":"secret"}"#).await;
    let before = log_of(&store).await.len();
    let error = refusal(&accounts(store.clone())).await;
    assert_eq!(*error.kind(), DecodeErrorKind::UnknownType);
    assert!(error.is_unknown());
    assert_eq!(error.event().stream, stream());
    assert_eq!(error.event().version, v(4));
    assert_eq!(error.event().name, "account.frozen");
    let text = error.to_string();
    assert!(text.contains("`account.frozen`") && text.contains("`account-1` version 4"));
    assert!(!text.contains("secret"));
    assert_eq!(log_of(&store).await.len(), before, "nothing was written");
}

#[tokio::test]
async fn an_unknown_schema_version_is_an_error_that_names_what_can_be_read() {
    for version in [2, 9, u16::MAX] {
        let store = with("account.deposited", version, r#"{"cents":5}"#).await;
        let error = refusal(&accounts(store)).await;
        let (oldest, newest) = (1, 1);
        let expected = DecodeErrorKind::UnknownVersion { oldest, newest };
        assert_eq!(*error.kind(), expected);
        assert!(error.is_unknown());
        assert_eq!(error.event().schema_version, version);
    }
}

#[tokio::test]
async fn a_payload_that_does_not_decode_names_what_was_expected_and_no_content() {
    let secret = "4111-1111-1111-1111";
    for json in [
        format!(r#"{{"cents":"{secret}"}}"#),
        format!(r#"{{"{secret}":5}}"#),
        format!(r#"["{secret}"]"#),
        format!(r#""{secret}""#),
        r#"{"cents":-4111}"#.to_owned(),
    ] {
        let store = with("account.deposited", 1, &json).await;
        let error = refusal(&accounts(store.clone())).await;
        let DecodeErrorKind::Payload { expected } = error.kind() else { panic!("{error:?}") };
        assert!(!expected.is_empty());
        for text in [error.to_string(), format!("{error:?}")] {
            assert!(!text.contains("4111"), "{text}");
        }
        // It is known and damaged, so skipping does not help.
        assert!(!error.is_unknown());
        let skipping = accounts(store).skip_unknown_events();
        assert_eq!(refusal(&skipping).await, error);
    }
}

#[tokio::test]
async fn unknown_events_are_skipped_where_that_was_asked_for() {
    for (name, version) in [("account.frozen", 1), ("account.deposited", 2)] {
        let store = with(name, version, "{}").await;
        let accounts = accounts(store.clone()).skip_unknown_events();
        let loaded = accounts.load(ID).await.unwrap();
        assert_eq!((loaded.state.cents, loaded.version), (4, v(5)));
        let done = accounts.execute(ID, Deposit(1)).await.unwrap();
        assert_eq!((done.state.cents, done.version), (5, v(6)));
        let history: Vec<_> = accounts.history(ID).try_collect().await.unwrap();
        let versions: Vec<_> = history.iter().map(|event| event.version.get()).collect();
        assert_eq!(versions, [1, 2, 3, 5, 6]);
    }
}
