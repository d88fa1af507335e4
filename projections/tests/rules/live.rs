//! Rules over what several accounts have together.

use annals::{EventStore, ExecuteError, Repository, Retry};
use annals_projections::{LiveRules, Rules};
use futures::FutureExt;

use super::domain::{Account, AccountEvent, Household, MEMBERS, Refused, covers};
use super::hooks::{Before, Hooked};
use super::world::World;

fn moved(cents: i64) -> impl FnMut(&Account) -> Result<AccountEvent, Refused> + Send {
    move |_| Ok(AccountEvent::Moved { cents })
}

/// Many spend what one household has together: never more than is there.
pub async fn a_live_rule_needs_no_read_model(world: World) {
    let (accounts, household) = (world.accounts(), "h".to_owned());
    accounts.update(MEMBERS[0], moved(30)).await.unwrap();
    let spenders = MEMBERS.map(|id| {
        let (world, household) = (world.clone(), household.clone());
        tokio::spawn(async move {
            let rules = LiveRules::new(world.log.clone());
            let rule = rules.on::<Household, _, _>(&household, covers(10));
            let accounts = world.accounts().retry(Retry::attempts(100));
            accounts.update(id, moved(-10)).and(rule).await
        })
    });
    let (mut spent, mut refused) = (0, 0);
    for spender in spenders {
        match spender.await.unwrap() {
            Ok(_) => spent += 1,
            Err(ExecuteError::Refused(Refused::Overdrawn)) => refused += 1,
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!((spent, refused), (3, 5));
    let left = annals_projections::ask::<Household>(&world.log, &household).await.unwrap();
    assert_eq!(left.unwrap().cents, 0);
}

/// Money goes from one account to another while a third spends: a rule that has read one of
/// the two before and the other one behind it refuses what it must not.
pub async fn a_refusal_rests_on_one_moment(world: World) {
    let (accounts, household) = (world.accounts(), "h".to_owned());
    let of = |id: &str| world.log.log().partitions.of(&format!("account-{id}").parse().unwrap());
    // The tail of the first partition is read first, and what comes in there is missed.
    let last = world.log.log().partitions.count() - 1;
    let find = |partition: u16| MEMBERS.into_iter().find(|id| of(id).get() == partition);
    let (Some(to), Some(from)) = (find(0), MEMBERS.into_iter().rfind(|id| of(id).get() == last))
    else {
        panic!("no members in the partitions 0 and {last}");
    };
    world.feed::<Household>().await;
    accounts.update(from, moved(100)).await.unwrap();
    let happens = {
        let (world, household) = (world.clone(), household.clone());
        async move {
            let (accounts, rules) = (world.accounts(), world.rules());
            let rule = rules.on::<Household, _, _>(&household, covers(0));
            let paid = accounts.update(to, moved(100));
            accounts.update(from, moved(-100)).and(paid).and(rule).await.unwrap();
        }
    };
    let log = Hooked::new(world.log.clone(), Before::Tail(last), happens.boxed());
    let (accounts, rules) =
        (Repository::<Account>::new(log.clone()), Rules::new(log.clone(), world.models.clone()));
    let rule = rules.on::<Household, _, _>(&household, covers(50));
    let spent = accounts.update("h.spender", moved(-50)).and(rule).await;
    assert!(log.has_happened());
    assert!(spent.is_ok(), "{spent:?}");
}
