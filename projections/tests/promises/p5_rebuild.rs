//! P5: a new version is built beside the old one, compared with it, and takes over.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use annals::read_model::{Documents, ReadModelStore, VersionState, Which};
use annals_projections::operations::Failed;
use tokio::time::sleep;

use super::domain::{Balance, Balance2, account, append, deposited, sent};
use super::world::{PATIENCE, World};

pub async fn p5_a_version_is_rebuilt_under_load(world: World) {
    for n in 0..20 {
        append(&world.log, &account(n), &[deposited(100)]).await;
    }
    let first = world.runner().view::<Balance>().start().await.unwrap();
    first.caught_up().await.unwrap();

    let done = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..8_u64)
        .map(|writer| {
            let (log, done) = (world.log.clone(), done.clone());
            tokio::spawn(async move {
                while !done.load(Ordering::Relaxed) {
                    append(&log, &account(writer), &[sent(&(writer + 10).to_string(), 1)]).await;
                    sleep(Duration::from_millis(3)).await;
                }
            })
        })
        .collect();
    // A reader never sees fewer accounts, nor money that is made or lost by the half.
    let hammer = {
        let (models, done) = (world.models.clone(), done.clone());
        tokio::spawn(async move {
            let (which, all) =
                (Which::Current("balances".into()), Documents::After { key: None, limit: 100 });
            let mut reads = 0;
            while !done.load(Ordering::Relaxed) {
                let found = models.documents(&which, &all).await.unwrap();
                assert_eq!(found.len(), 20, "an empty or a partial model was seen");
                reads += 1;
                sleep(Duration::from_millis(1)).await;
            }
            reads
        })
    };

    let second = world.runner().view::<Balance>().view::<Balance2>().start().await.unwrap();
    second.caught_up().await.unwrap();
    let versions = world.operations().versions("balances").await.unwrap();
    let states: Vec<_> = versions.iter().map(|(id, state)| (id.version, *state)).collect();
    assert_eq!(states, [(1, VersionState::Current), (2, VersionState::Building)]);

    // At one place, while writers write: nothing differs but what is new.
    let comparison = world.operations().compare("balances", [1, 2]).within(PATIENCE).await.unwrap();
    assert!(!comparison.is_as_expected(), "a field is new");
    assert_eq!(comparison.differences, 20);
    let fields = |text: &Option<String>| {
        let mut document: serde_json::Value = serde_json::from_str(text.as_ref().unwrap()).unwrap();
        document.as_object_mut().unwrap().remove("overdrawn");
        document
    };
    let comparison = world.operations().compare("balances", [1, 2]).within(Duration::MAX);
    let comparison = comparison.expecting(|d| fields(&d.before) == fields(&d.after));
    let comparison = comparison.await.unwrap();
    assert!(comparison.is_as_expected(), "{comparison}");

    world.operations().switch("balances", 2).await.unwrap();
    assert_eq!(world.operations().current("balances").await.unwrap().version, 2);
    sleep(Duration::from_millis(100)).await;
    // Back, as safe: the first version was fed on.
    world.operations().switch("balances", 1).await.unwrap();
    sleep(Duration::from_millis(100)).await;
    world.operations().switch("balances", 2).await.unwrap();

    done.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
    assert!(hammer.await.unwrap() > 10);
    second.caught_up().await.unwrap();
    world.assert_as_replayed::<Balance2>().await;
    first.stop().await.unwrap();
    second.stop().await.unwrap();

    let refused = world.operations().discard("balances", 2).await.unwrap_err();
    assert!(refused.to_string().contains("switch to another one"), "{refused}");
    world.operations().discard("balances", 1).await.unwrap();
    let started = world.runner().view::<Balance>().start().await;
    assert!(
        started.unwrap_err().to_string().contains("older than"),
        "it would be built for nobody"
    );
}

pub async fn p5_a_version_that_is_behind_does_not_take_over(world: World) {
    append(&world.log, &account(1), &[deposited(1)]).await;
    world.runner().view::<Balance>().run_until_caught_up().await.unwrap();
    let operations = world.operations();
    let named = [
        operations.compare("balances", [1, 2]).await.unwrap_err(),
        operations.switch("balances", 2).await.unwrap_err(),
    ];
    for missing in named {
        assert!(matches!(missing, Failed::UnknownVersion { version: 2, .. }), "{missing:?}");
    }
    let unknown = operations.switch("nobody", 2).await.unwrap_err();
    assert!(matches!(unknown, Failed::Unknown { .. }), "{unknown:?}");
    world.models.declare(&declaration(&world)).await.unwrap();
    let refused = world.models.switch("balances", 2).await.unwrap_err();
    assert!(refused.to_string().contains("is behind"), "{refused}");
    let progress = world.operations().progress("balances", 2).await.unwrap();
    assert_eq!(progress.done, 0);
    assert!(progress.of > 0);
}

pub fn declaration(world: &World) -> annals::read_model::Declaration {
    use annals::read_model::{Declaration, KeyKind, ModelId, Shape};
    use annals::{Event, EventStore};
    let info = world.log.log();
    Declaration::new(
        ModelId::new("balances", 2).unwrap(),
        Shape::Documents(KeyKind::Text),
        super::domain::AccountEvent::SCHEMAS,
        info.id,
        info.partitions,
    )
}
