//! Dead letters, and the books.

use time::OffsetDateTime;

use super::commit::applied;
use super::subject::{Feed, LONG, event};
use super::{Models, ReadModelFixture};
use crate::read_model::{
    DeadLetter, LetterQuery, Mark, Settled, Settlement, Step, Tally, Unit, Wish,
};
use crate::{Partition, Position, ReadModelStore, Version};

/// A letter for the event at this position.
pub(super) fn letter(unit: &Unit, position: u64, keys: &[&str]) -> DeadLetter {
    DeadLetter {
        unit: unit.clone(),
        position: Position::new(position),
        event: event(position),
        stream: "account-ada".parse().expect("a stream id"),
        version: Version::new(position),
        name: "account.opened".to_owned(),
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        reason: Some(format!("cannot take {position}")),
        attempts: 3,
        parked_at: OffsetDateTime::UNIX_EPOCH,
        wish: None,
        wishes: 0,
    }
}

fn settled(position: u64, wishes: u64, how: Settlement) -> Settled {
    Settled { position: Position::new(position), wishes, how }
}

/// Parks events at these positions, each under a key of its own and one in common.
async fn park<S: ReadModelStore>(feed: &mut Feed<S>, positions: &[u64]) {
    let mut step = feed.step(positions.iter().copied().max().expect("positions"));
    for position in positions {
        step.parked.push(letter(&feed.unit(), *position, &["all", &position.to_string()]));
    }
    feed.take(&step).await;
}

async fn listed(store: &impl ReadModelStore, query: &LetterQuery) -> Vec<(u16, u64)> {
    let letters = store.letters(query).await.expect("letters");
    letters.iter().map(|l| (l.unit.partition.get(), l.position.get())).collect()
}

/// As they were parked, but for the time, which is the store's.
pub async fn letters_come_back_as_they_were_parked<F: ReadModelFixture>(models: Models<F>) {
    let mut feed = models.one(&models.version(1)).await;
    let first = letter(&feed.unit(), 2, &["ada", "o'neil", "😀"]);
    let waits = DeadLetter { reason: None, attempts: 0, ..letter(&feed.unit(), 3, &["ada"]) };
    let mut step = feed.step(3);
    step.parked = vec![first.clone(), waits.clone()];
    feed.take(&step).await;
    let kept = models.other().await.letters(&LetterQuery::all()).await.expect("letters");
    for (kept, parked) in kept.iter().zip([first, waits]) {
        assert!(kept.parked_at > parked.parked_at, "it is the time of the commit");
        assert_eq!(*kept, DeadLetter { parked_at: kept.parked_at, ..parked });
    }
    assert_eq!(kept.len(), 2);
}

/// In the order of units and positions, in pages of any size.
pub async fn letters_are_listed_in_pages<F: ReadModelFixture>(models: Models<F>) {
    let mut feeds = models.fed(&models.over(1, 2)).await;
    park(&mut feeds[1], &[2, 1, 10]).await;
    park(&mut feeds[0], &[9, 100]).await;
    let all = [(0, 9), (0, 100), (1, 1), (1, 2), (1, 10)];
    assert_eq!(listed(&*models.store, &LetterQuery::all()).await, all);
    for limit in 1..=5 {
        let (mut paged, mut query) = (Vec::new(), LetterQuery::all().limit(limit));
        loop {
            let page = models.store.letters(&query).await.expect("a page");
            let Some(last) = page.last() else { break };
            assert!(page.len() as u64 <= limit);
            query = query.after(last);
            paged.extend(page.iter().map(|l| (l.unit.partition.get(), l.position.get())));
        }
        assert_eq!(paged, all, "in pages of {limit}");
    }
}

/// By model, unit, partition, key and position.
pub async fn letters_are_found_by_what_they_are_of<F: ReadModelFixture>(models: Models<F>) {
    let mut old = models.fed(&models.over(1, 2)).await;
    let mut new = models.fed(&models.over(2, 2)).await;
    park(&mut old[0], &[1, 2]).await;
    park(&mut old[1], &[3]).await;
    park(&mut new[0], &[4]).await;
    let store = &*models.store;
    let (unit, model) = (old[0].unit(), old[0].unit().model);
    assert_eq!(listed(store, &LetterQuery::all()).await.len(), 4);
    assert_eq!(listed(store, &LetterQuery::of(&model)).await, [(0, 1), (0, 2), (1, 3)]);
    assert_eq!(listed(store, &LetterQuery::unit(unit.clone())).await, [(0, 1), (0, 2)]);
    assert_eq!(listed(store, &LetterQuery::of(&model).key("2")).await, [(0, 2)]);
    assert_eq!(listed(store, &LetterQuery::of(&model).key("all")).await.len(), 3);
    assert_eq!(listed(store, &LetterQuery::unit(unit).at(Position::new(1))).await, [(0, 1)]);
    assert_eq!(listed(store, &LetterQuery::of(&model).key("4")).await, []);
    let partition = |partition| LetterQuery::all().partition(Partition::new(partition));
    assert_eq!(listed(store, &partition(0)).await.len(), 3);
    assert_eq!(listed(store, &partition(1)).await, [(1, 3)]);
    assert_eq!(listed(store, &partition(2)).await, []);
    let elsewhere = LetterQuery::unit(old[0].unit()).partition(Partition::new(1));
    assert_eq!(listed(store, &elsewhere).await, [], "no partition is two");
    assert_eq!(listed(store, &LetterQuery::all().wished()).await, []);
}

/// The holder of the unit learns of a wish with its next share and its next step.
pub async fn letters_with_wishes_are_told_to_the_holder<F: ReadModelFixture>(models: Models<F>) {
    let model = models.over(1, 2);
    models.declare(&model).await;
    let worker = models.worker(&[&model], LONG).await;
    let mut leases = worker.share().await.leases;
    leases.sort_by_key(|lease| lease.unit.clone());
    let mut feed = models.feed(leases.remove(0));
    park(&mut feed, &[1, 2, 3]).await;
    assert_eq!(worker.share().await.wishes, []);

    let skip = Wish::skip("a duplicate, says ada");
    let of = LetterQuery::unit(feed.unit());
    let wish = async |query: LetterQuery, wish: &Wish| {
        models.other().await.wish(&query, wish).await.expect("an answer")
    };
    assert_eq!(wish(of.clone().key("nobody"), &Wish::Retry).await, 0);
    assert_eq!(wish(of.clone().key("2"), &skip).await, 1);
    assert_eq!(wish(of.clone().at(Position::new(3)), &Wish::Retry).await, 1);
    assert_eq!(worker.share().await.wishes, [feed.unit()]);
    assert!(feed.put(4, &[]).await.wishes, "a step tells of wishes");
    let wished = models.store.letters(&of.clone().wished()).await.expect("letters");
    let wishes: Vec<_> = wished.iter().map(|l| (l.position.get(), l.wish.clone())).collect();
    assert_eq!(wishes, [(2, Some(skip)), (3, Some(Wish::Retry))]);
    assert_eq!(wish(of, &Wish::Retry).await, 3, "a later wish takes the place of the one before");
}

/// Each way in which a letter is settled, without moving the checkpoint.
pub async fn letters_are_settled_each_in_its_way<F: ReadModelFixture>(models: Models<F>) {
    let mut feed = models.one(&models.version(1)).await;
    park(&mut feed, &[1, 2, 3, 4]).await;
    let all = LetterQuery::unit(feed.unit());
    models.store.wish(&all, &Wish::Retry).await.expect("an answer");
    let mut step = Step::from(feed.at);
    let reason = "again".to_owned();
    let ways = [Settlement::Gone, Settlement::Failed { reason }, Settlement::Waits];
    for (position, how) in (1..).zip(ways) {
        step.settled.push(settled(position, 1, how));
    }
    assert!(feed.take(&step).await.wishes, "one is left");
    let left = models.store.letters(&all).await.expect("letters");
    let as_left = |l: &DeadLetter| (l.position.get(), l.reason.clone(), l.wish.is_some());
    let wanted = [
        (2, Some("again".to_owned()), false),
        (3, Some("cannot take 3".to_owned()), false),
        (4, Some("cannot take 4".to_owned()), true),
    ];
    assert_eq!(left.iter().map(as_left).collect::<Vec<_>>(), wanted);
    assert!(left[0].attempts > left[1].attempts, "it was tried once more");
    let resumed = models.store.resume(&feed.lease).await.expect("an answer");
    assert!(!resumed.parked.contains(&"1".to_owned()), "its key is free: {:?}", resumed.parked);
    assert_eq!(resumed.checkpoint, feed.at);
}

/// A settlement answers the wish that it was made for: one that was made meanwhile stays,
/// also if it is the same once more.
pub async fn letters_keep_a_wish_that_a_settlement_does_not_answer<F: ReadModelFixture>(
    models: Models<F>,
) {
    let mut feed = models.one(&models.version(1)).await;
    park(&mut feed, &[1, 2, 3]).await;
    let all = LetterQuery::unit(feed.unit());
    models.store.wish(&all, &Wish::Retry).await.expect("an answer");
    let seen = models.store.letters(&all).await.expect("letters");
    // The one is asked for again while it is tried, the other is to be skipped.
    let again = [(1, Wish::Retry), (2, Wish::skip("never mind"))];
    for (position, wish) in again {
        let one = all.clone().at(Position::new(position));
        models.other().await.wish(&one, &wish).await.expect("an answer");
    }
    let failed = || Settlement::Failed { reason: "again".to_owned() };
    let mut step = Step::from(feed.at);
    for (letter, how) in seen.iter().zip([failed(), Settlement::Waits, failed()]) {
        step.settled.push(settled(letter.position.get(), letter.wishes, how));
    }
    assert!(feed.take(&step).await.wishes, "two are left");
    let left = models.store.letters(&all).await.expect("letters");
    let wishes: Vec<_> = left.iter().map(|letter| letter.wish.clone()).collect();
    assert_eq!(wishes, [Some(Wish::Retry), Some(Wish::skip("never mind")), None]);
    assert_eq!(left[0].reason.as_deref(), Some("again"), "what was tried is told");

    let mut step = Step::from(feed.at);
    for letter in &left {
        step.settled.push(settled(letter.position.get(), letter.wishes, failed()));
    }
    assert!(!feed.take(&step).await.wishes, "all are answered");
}

/// A step that is refused parks and settles nothing.
pub async fn letters_of_a_refused_step_are_as_before<F: ReadModelFixture>(models: Models<F>) {
    let mut feed = models.one(&models.version(1)).await;
    park(&mut feed, &[1]).await;
    let before = models.store.ledger(&feed.unit()).await.expect("a ledger");
    let mut step = Step { from: models.place(0, 7), ..feed.step(9) };
    step.parked.push(letter(&feed.unit(), 9, &["bob"]));
    step.settled.push(settled(1, 0, Settlement::Gone));
    applied(&mut step, [8]);
    assert!(feed.store.commit(feed.begin().await, &step).await.is_err());
    assert_eq!(models.store.ledger(&feed.unit()).await.expect("a ledger"), before);
}

/// The books of a unit are the sum of what was committed, in every block.
pub async fn letters_and_tallies_add_up_in_the_ledger<F: ReadModelFixture>(models: Models<F>) {
    let mut feed = models.one(&models.version(1)).await;
    let partition = feed.at.partition();
    let mark = |at| Mark::of(partition, Position::new(at), event(at));
    let mut step = feed.step(70_000);
    applied(&mut step, [1, 2, 65_535, 65_536]);
    for at in [3, 4, 70_000] {
        step.tallies.entry(mark(at).block).or_default().park(mark(at));
        step.parked.push(letter(&feed.unit(), at, &["ada"]));
    }
    feed.take(&step).await;
    let mut wanted = step.tallies.clone();
    let mut step = Step::from(feed.at);
    step.tallies.entry(0).or_default().revive(mark(3));
    step.tallies.entry(0).or_default().skip(mark(4));
    for at in [3, 4] {
        step.settled.push(settled(at, 0, Settlement::Gone));
    }
    feed.take(&step).await;
    wanted.entry(0).and_modify(|tallies| *tallies = tallies.plus(step.tallies[&0]));
    let ledger = models.other().await.ledger(&feed.unit()).await.expect("a ledger");
    assert_eq!((ledger.checkpoint, &ledger.blocks), (feed.at, &wanted));
    assert_eq!(ledger.blocks[&0].applied.count, 4);
    assert_eq!(ledger.blocks[&0].parked, Tally::default());
    assert_eq!(ledger.letters.iter().map(|l| l.position.get()).collect::<Vec<_>>(), [70_000]);
    let unknown = Unit { slice: 7, ..feed.unit() };
    assert!(models.store.ledger(&unknown).await.is_err());
}
