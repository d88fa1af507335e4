//! What becomes of commands that are not carried out.

use annals_processes::PolicyOptions;
use annals_projections::operations::LetterQuery;

use super::world::World;

pub async fn what_is_refused_is_parked_with_what_follows_it(world: World) {
    world.office.refuses("gold");
    let worker = world.worker().await;
    world.change("1", &["bread", "gold", "salt"]).await;
    world.change("1", &["wine"]).await;
    world.change("2", &["wine"]).await;
    worker.caught_up().await.unwrap();
    assert_eq!(world.office.bill("1").await, ["bread"]);
    assert_eq!(world.office.bill("2").await, ["wine"]);
    let letters = world.letters(&worker).await;
    let [first, behind] = &letters[..] else { panic!("{letters:#?}") };
    let reason = first.reason.as_deref().unwrap();
    assert!(
        reason
            .ends_with("command 2 of the event was not carried out: refused: gold is not for sale"),
        "{reason}"
    );
    assert_eq!((first.keys.as_slice(), &behind.reason), (&["order-1".to_owned()][..], &None));
    // A refusal is asked for once.
    assert_eq!(world.office.calls("gold").len(), 1);
    worker.stop().await.unwrap();
}

pub async fn what_is_given_up_is_parked(world: World) {
    world.office.puts_off("bread");
    let worker = world.worker().await;
    world.change("1", &["bread"]).await;
    worker.caught_up().await.unwrap();
    let letters = world.letters(&worker).await;
    let [letter] = &letters[..] else { panic!("{letters:#?}") };
    assert!(letter.reason.as_deref().unwrap().ends_with("come back later"));
    assert_eq!(world.office.calls("bread").len(), 2);
    worker.stop().await.unwrap();
}

pub async fn what_was_parked_is_tried_again(world: World) {
    world.office.refuses("gold");
    let worker = world.worker().await;
    world.change("1", &["bread", "gold"]).await;
    world.change("1", &["wine"]).await;
    worker.caught_up().await.unwrap();
    assert_eq!(world.office.bill("1").await, ["bread"]);
    world.office.takes_all();
    worker.operations().retry(&LetterQuery::all()).await.unwrap();
    world.until_nothing_is_parked(&worker).await;
    // What was done before the refusal is not done again.
    assert_eq!(world.office.bill("1").await, ["bread", "gold", "wine"]);
    worker.stop().await.unwrap();
}

pub async fn what_was_parked_is_skipped(world: World) {
    world.office.refuses("gold");
    let worker = world.worker().await;
    world.change("1", &["gold"]).await;
    world.change("1", &["wine"]).await;
    worker.caught_up().await.unwrap();
    let first = world.letters(&worker).await.remove(0);
    worker.operations().skip(&first, "there is no gold").await.unwrap();
    world.until_nothing_is_parked(&worker).await;
    assert_eq!(world.office.bill("1").await, ["wine"]);
    worker.stop().await.unwrap();
}

pub async fn a_refusal_may_be_nothing_to_the_policy(world: World) {
    world.office.refuses("free");
    let worker = world.worker().await;
    world.change("1", &["free", "bread"]).await;
    worker.caught_up().await.unwrap();
    assert_eq!(world.office.bill("1").await, ["bread"]);
    assert!(world.letters(&worker).await.is_empty());
    // What is given up was not refused.
    world.office.puts_off("free");
    world.office.desk.refused.lock().unwrap().clear();
    world.change("2", &["free"]).await;
    worker.caught_up().await.unwrap();
    assert_eq!(world.letters(&worker).await.len(), 1);
    worker.stop().await.unwrap();
}

pub async fn a_panic_is_poison(world: World) {
    let worker = world.worker().await;
    world.change("1", &["poison"]).await;
    world.change("1", &["bread"]).await;
    world.change("2", &["wine"]).await;
    worker.caught_up().await.unwrap();
    assert_eq!(world.office.bill("2").await, ["wine"]);
    let letters = world.letters(&worker).await;
    let [first, _] = &letters[..] else { panic!("{letters:#?}") };
    assert!(first.reason.as_deref().unwrap().contains("nobody can bill that"));
    worker.stop().await.unwrap();
}

pub async fn a_panic_of_the_executor_is_poison(world: World) {
    world.office.refuses("burnt");
    let worker = world.worker().await;
    world.change("1", &["torn"]).await;
    world.change("2", &["burnt"]).await;
    world.change("3", &["wine"]).await;
    worker.caught_up().await.unwrap();
    assert_eq!(world.office.bill("3").await, ["wine"]);
    let letters = world.letters(&worker).await;
    let mut parked: Vec<_> = letters.iter().map(|letter| letter.stream.key()).collect();
    parked.sort_unstable();
    assert_eq!(parked, ["1", "2"]);
    let torn = letters.iter().find(|letter| letter.stream.key() == "1").unwrap();
    assert!(torn.reason.as_deref().unwrap().contains("the paper is torn"), "{torn:?}");
    worker.stop().await.unwrap();
}

pub async fn each_failing_key_is_tried_as_often_as_it_says(world: World) {
    world.office.refuses("gold");
    for order in 0..40 {
        let line = if order % 8 == 0 { "gold" } else { "bread" };
        world.change(&order.to_string(), &[line]).await;
    }
    let worker = world.worker_with(PolicyOptions::new().from_beginning()).await;
    worker.caught_up().await.unwrap();
    assert_eq!(world.letters(&worker).await.len(), 5);
    // However the batch is narrowed to what fails, nothing is asked for twice.
    assert_eq!(world.office.calls("gold").len(), 5);
    assert_eq!(world.office.calls("bread").len(), 35);
    worker.stop().await.unwrap();
}
