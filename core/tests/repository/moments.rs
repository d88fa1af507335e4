//! Loads as of a version or a moment.

use std::time::Duration;

use annals::testing::ManualClock;
use annals::{At, LoadError, Repository, Version};
use annals_memory::MemoryStore;
use time::macros::datetime;
use time::{Duration as Span, OffsetDateTime};

use crate::support::*;

const START: OffsetDateTime = datetime!(2020-01-01 00:00 UTC);

/// One deposit of 1, 10, 100 and 1000 each, a minute apart.
async fn four() -> (Repository<Account>, ManualClock) {
    let clock = ManualClock::at(START);
    let store = MemoryStore::builder().clock(clock.clone()).build();
    let accounts = accounts(store);
    for cents in [1, 10, 100, 1000] {
        accounts.execute(ID, Deposit(cents)).await.unwrap();
        clock.advance(Duration::from_secs(60));
    }
    (accounts, clock)
}

#[tokio::test]
async fn a_version_is_loaded_as_it_was() {
    let (accounts, _) = four().await;
    for cached in [accounts.clone(), accounts.cache(4)] {
        cached.load(ID).await.unwrap();
        for (version, cents) in [(0, 0), (1, 1), (2, 11), (3, 111), (4, 1111)] {
            let loaded = cached.load_at(ID, At::Version(v(version))).await.unwrap();
            assert_eq!((loaded.state.cents, loaded.version), (cents, v(version)));
            assert_eq!(loaded.token.is_empty(), version == 0);
        }
        assert_eq!(cached.load(ID).await.unwrap().version, v(4));
    }
}

#[tokio::test]
async fn a_version_that_was_not_reached_is_a_typed_error() {
    let (accounts, _) = four().await;
    for (id, asked, is) in [(ID, 5, 4), (ID, u64::MAX, 4), ("nobody", 1, 0)] {
        let ahead = accounts.load_at(id, At::Version(v(asked))).await;
        let Err(LoadError::VersionAhead { asked: a, actual, .. }) = ahead else {
            panic!("{ahead:?}")
        };
        assert_eq!((a, actual), (v(asked), v(is)));
    }
}

#[tokio::test]
async fn a_moment_of_recording_leaves_out_what_was_recorded_later() {
    let (accounts, _) = four().await;
    for (seconds, cents, version) in
        [(-1, 0, 0), (0, 1, 1), (59, 1, 1), (60, 11, 2), (179, 111, 3), (1_000_000, 1111, 4)]
    {
        let at = At::RecordedAt(START + Span::seconds(seconds));
        let loaded = accounts.load_at(ID, at).await.unwrap();
        assert_eq!((loaded.state.cents, loaded.version), (cents, v(version)));
    }
}

#[tokio::test]
async fn a_clock_that_jumps_back_does_not_tear_a_moment_apart() {
    let (accounts, clock) = four().await;
    clock.set(START - Span::days(1));
    accounts.execute(ID, Deposit(10_000)).await.unwrap();
    // recorded_at never falls, so the new event counts as recorded just behind
    // the fourth one and no earlier.
    let at = At::RecordedAt(START + Span::seconds(179));
    assert_eq!(accounts.load_at(ID, at).await.unwrap().state.cents, 111);
    let at = At::RecordedAt(START + Span::seconds(180));
    assert_eq!(accounts.load_at(ID, at).await.unwrap().state.cents, 11_111);
}

#[tokio::test]
async fn a_moment_of_occurrence_goes_by_the_word_of_the_writers() {
    let (accounts, _) = four().await;
    let late = START - Span::days(1);
    let back_dated = accounts.execute(ID, Deposit(10_000)).occurred_at(late);
    back_dated.await.unwrap();
    let ahead = START + Span::days(1);
    let post_dated = accounts.execute(ID, Deposit(100_000)).occurred_at(ahead);
    post_dated.await.unwrap();

    for (at, cents) in [
        (late - Span::seconds(1), 0),
        (late, 10_000),
        (START, 10_001),
        (START + Span::seconds(60), 10_011),
        (ahead - Span::seconds(1), 11_111),
        (ahead, 111_111),
    ] {
        let loaded = accounts.load_at(ID, At::OccurredAt(at)).await.unwrap();
        assert_eq!(loaded.state.cents, cents, "{at}");
    }
    let nobody = accounts.load_at("nobody", At::OccurredAt(ahead)).await;
    assert_eq!(nobody.unwrap().version, Version::NONE);
}
