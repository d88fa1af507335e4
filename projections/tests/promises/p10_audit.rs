//! P10: never behind a hole: a projection can be audited.

use annals::read_model::ReadModelStore;
use annals_memory::MemoryStore;
use annals_projections::Operations;

use super::domain::{Balance, account, append, deposited};
use super::world::World;

pub async fn p10_an_audit_finds_what_the_books_do_not_hold(world: World) {
    for n in 0..20 {
        append(&world.log, &account(n % 3), &[deposited(n)]).await;
    }
    world.runner().view::<Balance>().run_until_caught_up().await.unwrap();
    let audit = world.operations().audit("balances", None).await.unwrap();
    assert!(audit.is_clean(), "{audit}");
    let applied: i64 = audit.partitions.iter().map(|p| p.tallies.applied.count).sum();
    assert_eq!(applied, 20);

    // An event that is counted and not in the log: the books of a step that lies.
    let model = world.models.models(Some("balances")).await.unwrap().remove(0);
    let id = model.declaration.id.clone();
    let heartbeat = annals::read_model::Heartbeat {
        worker: annals::read_model::WorkerId::new(),
        label: "liar".into(),
        lease: std::time::Duration::from_secs(5),
        models: vec![(id, model.declaration.fingerprint())],
        reports: vec![],
    };
    let lease = world.models.share(&heartbeat).await.unwrap().leases.remove(0);
    let stands = world.models.resume(&lease).await.unwrap().checkpoint;
    let mut step = annals::read_model::Step::from(stands);
    let mark = annals::read_model::Mark { block: 0, hash: 7 };
    step.tallies.entry(0).or_default().apply(mark);
    let tx = world.models.begin(&lease).await.unwrap();
    world.models.commit(tx, &step).await.unwrap();
    let audit = world.operations().audit("balances", None).await.unwrap();
    assert!(!audit.is_clean());
    assert!(audit.to_string().contains("NOT as in the log: positions 0 to 65535"), "{audit}");
}

pub async fn p10_another_log_is_not_taken_for_this_one(world: World) {
    append(&world.log, &account(1), &[deposited(1)]).await;
    world.runner().view::<Balance>().run_until_caught_up().await.unwrap();
    let operations = Operations::new(MemoryStore::new(), world.models.clone());
    let failed = operations.audit("balances", None).await.unwrap_err();
    // It may have fewer partitions.
    let told = failed.to_string();
    assert!(told.contains("another log") || told.contains("no partition"), "{failed}");
}
