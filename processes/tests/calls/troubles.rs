//! What keeps instances back is seen, and goes when it is over.

use annals_processes::{ProcessOptions, TroubleKind};

use super::domain::{Ask, Became};
use super::service::Says;
use super::world::{World, pass, well};

#[tokio::test(start_paused = true)]
async fn a_command_that_this_code_cannot_read_is_seen_and_keeps_nobody_else_back() {
    let world = World::new();
    let worker = world.worker(ProcessOptions::new()).await;
    assert_eq!(worker.troubles(), []);
    world.issue(1, &[Ask::Forgotten]).await;
    world.issue(2, &[Ask::Pay]).await;
    assert_eq!(world.end(2).await, well());
    pass(1).await;
    let since = worker.troubles()[0].since;
    // It is looked at again and again.
    for _ in 0..100 {
        pass(7).await;
        let troubles = worker.troubles();
        assert_eq!(troubles.len(), 1);
        assert_eq!(troubles[0].kind, TroubleKind::CommandUnreadable);
        assert_eq!(troubles[0].process, "billing");
        assert_eq!(troubles[0].instance.as_deref(), Some("1"));
        assert_eq!(troubles[0].since, since);
    }
    worker.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_cannot_take_an_answer_in_is_seen() {
    let world = World::new();
    world.service.says(Ask::Pay, Says::Poison);
    let worker = world.worker(ProcessOptions::new()).await;
    world.issue(1, &[Ask::Pay]).await;
    world.issue(2, &[Ask::Mail]).await;
    assert_eq!(world.end(2).await, well());
    pass(100).await;
    let troubles = worker.troubles();
    assert_eq!(troubles.len(), 1);
    assert_eq!(troubles[0].kind, TroubleKind::InstanceNotTold);
    assert_eq!(troubles[0].instance.as_deref(), Some("1"));
    assert_eq!(troubles[0].error, "the process has panicked: poison");
    // Its answer is known, and nobody is asked for it again.
    assert_eq!(world.service.seen(Ask::Pay).calls, 1);
    drop(worker);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_no_log_could_keep_is_taken_in() {
    let world = World::new();
    world.service.says(Ask::Pay, Says::Garbled);
    let worker = world.worker(ProcessOptions::new()).await;
    world.issue(1, &[Ask::Pay]).await;
    let reason = "refused: no\u{fffd}".to_owned();
    assert_eq!(world.end(1).await, Became::Failed { reason, in_doubt: false });
    assert_eq!(worker.troubles(), []);
    worker.stop().await.unwrap();
}
