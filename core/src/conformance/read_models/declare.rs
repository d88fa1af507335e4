//! Making read models known.

use super::subject::balances;
use super::{Models, ReadModelFixture};
use crate::read_model::{
    Declaration, DeclareError, Handled, KeyKind, ModelId, Shape, VersionState, Which,
};
use crate::{LogId, Partition, Position, ReadModelStore};

fn handles(model: &Declaration, events: &[(&str, u16)]) -> Declaration {
    let handled = |&(name, newest): &(&str, u16)| Handled { name: name.into(), newest };
    Declaration { events: events.iter().map(handled).collect(), ..model.clone() }
}

/// The first version of a name answers queries at once; later ones are built beside it.
pub async fn declare_makes_the_first_version_current<F: ReadModelFixture>(models: Models<F>) {
    let states = [VersionState::Current, VersionState::Building, VersionState::Building];
    for (version, state) in (2..).zip(states) {
        let model = models.over(version, 2).slices(2);
        assert_eq!(models.declare(&model).await, state);
        assert_eq!(models.declare(&model).await, state, "again, by another worker");
        let shown = models.other().await.models(Some("balances")).await.expect("models");
        let shown = shown.last().expect("the model").clone();
        assert_eq!((shown.declaration, shown.state), (model, state));
        let start = |partition| models.place(partition, 0);
        let at: Vec<_> = shown.units.iter().map(|unit| unit.checkpoint).collect();
        assert_eq!(at, [start(0), start(0), start(1), start(1)]);
        assert!(shown.units.is_sorted_by_key(|status| &status.unit));
    }
    let first = models.store.models(Some("balances")).await.expect("models");
    let states = first.iter().map(|model| model.state).collect::<Vec<_>>();
    assert_eq!(states, [VersionState::Current, VersionState::Building, VersionState::Building]);
}

/// Every kind of read model, each by its own name.
pub async fn declare_tells_names_and_shapes_apart<F: ReadModelFixture>(models: Models<F>) {
    let keys = [KeyKind::Text, KeyKind::Integer, KeyKind::Uuid].map(Shape::Documents);
    let names = ["texts", "integers", "uuids", "tables", "elsewhere"];
    for (name, shape) in names.iter().zip(keys.into_iter().chain([Shape::Tables, Shape::Elsewhere]))
    {
        let id = ModelId::new(name, 1).expect("a name");
        let model = Declaration { id, shape, ..models.version(1) };
        assert_eq!(models.declare(&model).await, VersionState::Current);
        let shown = models.store.models(Some(name)).await.expect("models");
        assert_eq!(shown.len(), 1);
        assert_eq!(shown[0].declaration, model);
    }
    assert_eq!(models.store.models(None).await.expect("models").len(), names.len());
    assert_eq!(models.store.models(Some("text")).await.expect("models"), []);
}

/// What a name could not be in any store.
pub async fn declare_refuses_names_that_are_none<F: ReadModelFixture>(models: Models<F>) {
    for (name, version) in [("", 1), ("Balances", 1), ("a-b", 1), ("balances", 0)] {
        let id = ModelId { name: name.to_owned(), version };
        let refused = models.store.declare(&Declaration { id, ..models.version(1) }).await;
        assert!(matches!(refused, Err(DeclareError::InvalidName(_))), "{name}: {refused:?}");
    }
}

/// Something else by the same name and version.
pub async fn declare_refuses_another_shape<F: ReadModelFixture>(models: Models<F>) {
    let known = models.version(1);
    models.declare(&known).await;
    let shape = Shape::Documents(KeyKind::Integer);
    let others = [
        Declaration { shape, ..known.clone() },
        Declaration { shape: Shape::Tables, ..known.clone() },
        known.clone().slices(2),
    ];
    for other in others {
        let refused = models.store.declare(&other).await;
        assert!(matches!(refused, Err(DeclareError::Different { .. })), "{refused:?}");
    }
    let shown = models.store.models(None).await.expect("models");
    assert_eq!(shown[0].declaration, known, "nothing has changed");
}

/// A later code may handle more; an earlier one is told what it lacks.
pub async fn declare_refuses_older_code<F: ReadModelFixture>(models: Models<F>) {
    let first = handles(&models.version(1), &[("a", 1), ("b", 1)]);
    let later = handles(&first, &[("a", 2), ("b", 1), ("c", 1)]);
    models.declare(&first).await;
    models.declare(&later).await;
    match models.store.declare(&first).await {
        Err(DeclareError::OlderCode { id, missing }) => {
            assert_eq!((id, missing), (balances(1), vec!["a".to_owned(), "c".to_owned()]));
        }
        other => panic!("the code is older: {other:?}"),
    }
    let shown = models.store.models(None).await.expect("models");
    assert_eq!(shown[0].declaration, later);
}

/// A later revision may handle less; an earlier one is refused, whatever it handles.
pub async fn declare_lets_a_later_revision_handle_less<F: ReadModelFixture>(models: Models<F>) {
    let known = models.over(1, 1);
    let mut feeds = models.fed(&known).await;
    feeds[0].put(3, &[("ada", 1)]).await;
    let fewer = handles(&known, &[]).revision(2);
    models.declare(&fewer).await;
    assert_eq!(models.store.models(None).await.expect("models")[0].declaration, fewer);
    let lease = models.store.resume(&feeds[0].lease).await;
    assert!(lease.is_err(), "the code before it is no longer fed: {lease:?}");
    for older in [known.clone(), handles(&known, &[("account.opened", 9), ("b", 1)])] {
        match models.store.declare(&older).await {
            Err(DeclareError::OlderRevision { id, known, revision }) => {
                assert_eq!((id, known, revision), (balances(1), 2, 1));
            }
            other => panic!("the revision is older: {other:?}"),
        }
    }
    // What is handled again is new, as what never was.
    let again = known.clone().revision(3);
    let refused = models.store.declare(&again).await;
    assert!(matches!(refused, Err(DeclareError::Unsearched { .. })), "{refused:?}");
    let searched = [(Partition::new(0), Position::new(3))].into();
    models.declare(&Declaration { searched, ..again.clone() }).await;
    assert_eq!(models.store.models(None).await.expect("models")[0].declaration, again);
}

/// What a unit may have passed over is searched for before a later code has it.
pub async fn declare_takes_further_events_where_the_log_was_searched<F: ReadModelFixture>(
    models: Models<F>,
) {
    let known = models.over(1, 2);
    let mut feeds = models.fed(&known).await;
    feeds[0].put(3, &[("ada", 1)]).await;
    let wider = handles(&known, &[("account.opened", 1), ("account.renamed", 1)]);
    let searched = |to: u64| {
        let searched = [(Partition::new(0), Position::new(to))].into();
        Declaration { searched, ..wider.clone() }
    };
    let first = [(Partition::new(0), Position::new(3))].into();
    // Who has not searched disturbs nobody.
    for (declared, goes_on) in [(wider.clone(), true), (searched(2), false)] {
        match models.store.declare(&declared).await {
            Err(DeclareError::Unsearched { id, added, at }) => {
                let renamed = vec!["account.renamed".to_owned()];
                assert_eq!((id, added, &at), (balances(1), renamed, &first));
            }
            other => panic!("such events may have been passed over: {other:?}"),
        }
        let shown = models.store.models(None).await.expect("models");
        assert_eq!(shown[0].declaration, known, "nothing has changed");
        let lease = models.store.resume(&feeds[0].lease).await;
        assert_eq!(lease.is_ok(), goes_on, "who has searched finds it standing still");
    }
    models.declare(&searched(3)).await;
    models.declare(&wider).await;
    let shown = models.store.models(None).await.expect("models");
    assert_eq!(shown[0].declaration, wider);
    // An event in a newer version is not a new one.
    let newer = handles(&known, &[("account.opened", 2), ("account.renamed", 1)]);
    models.declare(&newer).await;
}

/// A version older than all that are kept is not built again.
pub async fn declare_refuses_what_was_discarded<F: ReadModelFixture>(models: Models<F>) {
    models.declare(&models.version(1)).await;
    models.declare(&models.version(2)).await;
    models.store.switch("balances", 2).await.expect("switched");
    models.store.discard("balances", 1).await.expect("discarded");
    match models.store.declare(&models.version(1)).await {
        Err(DeclareError::Discarded { id, oldest }) => assert_eq!((id, oldest), (balances(1), 2)),
        other => panic!("it was discarded: {other:?}"),
    }
    let gone = models.store.count(&Which::Version(balances(1))).await;
    assert!(gone.is_err(), "{gone:?}");
}

/// A read model is fed from one log.
pub async fn declare_refuses_another_log<F: ReadModelFixture>(models: Models<F>) {
    let known = models.version(1);
    models.declare(&known).await;
    let other = Declaration { log: LogId::new(), ..known.clone() };
    match models.store.declare(&other).await {
        Err(DeclareError::AnotherLog { known: log, log: declared, .. }) => {
            assert_eq!((log, declared), (known.log, other.log));
        }
        refused => panic!("it is fed from another log: {refused:?}"),
    }
}
