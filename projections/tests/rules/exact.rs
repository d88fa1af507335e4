//! A decision rests on everything that was decided before, or is not written.

use std::pin::pin;
use std::time::Duration;

use annals::{ExecuteError, IdempotencyKey, Repository};
use annals_projections::{OnFailure, Options, Rules, Runner};
use futures::FutureExt;
use tokio::time::sleep;

use super::domain::{Account, AccountEvent, Emails, Refused, Register, free, never};
use super::hooks::{Before, EVERYWHERE, Hooked};
use super::world::{World, is_taken, register};

/// Another writer registers the same address at each moment of a command; the read model
/// is fed never, or by all that there is, in the same moment.
pub async fn whoever_comes_between_is_seen_or_conflicts(world: World) {
    world.feed::<Emails>().await;
    for (nth, before) in EVERYWHERE.into_iter().enumerate() {
        for fed in [false, true] {
            let email = format!("{nth}-{fed}@example.org");
            let (other, id) = (world.clone(), format!("other-{email}"));
            let happens = {
                let email = email.clone();
                async move {
                    other.register(&id, &email).await.unwrap();
                    if fed {
                        other.feed::<Emails>().await;
                    }
                }
            };
            let log = Hooked::new(world.log.clone(), before, happens.boxed());
            let accounts = Repository::<Account>::new(log.clone());
            let rules = Rules::new(log.clone(), world.models.clone());
            let done = register(&accounts, &rules, &format!("own-{email}"), &email).await;
            assert!(log.has_happened(), "{before:?}");
            assert!(is_taken(&done), "{before:?}, fed: {fed}: {done:?}");
            let (_, owners) = world.written(&email).await;
            assert_eq!(owners, [format!("other-{email}")], "{before:?}, fed: {fed}");
        }
    }
}

/// What is released is free at once; who releases need not ask.
pub async fn a_released_address_can_be_taken_again(world: World) {
    world.feed::<Emails>().await;
    let email = "ada@example.org".to_owned();
    world.register("1", &email).await.unwrap();
    assert!(is_taken(&world.register("2", &email).await));
    let closed = AccountEvent::Closed { email: email.clone() };
    world.accounts().update("1", |_| closed.clone()).await.unwrap();
    world.register("2", &email).await.unwrap();
    world.feed::<Emails>().await;
    assert!(is_taken(&world.register("3", &email).await));
}

/// The first outcome is the answer, also where the rule would refuse by now: it was asked
/// behind the command's own event.
pub async fn a_repeat_is_answered_before_the_rule_is_asked(world: World) {
    world.feed::<Emails>().await;
    let (accounts, rules, email) = (world.accounts(), world.rules(), "ada@example.org".to_owned());
    let mut asked = 0;
    let mut firsts = Vec::new();
    for _ in 0..2 {
        let rule = rules.on::<Emails, _, _>(&email, |taken| {
            asked += 1;
            free(taken)
        });
        let key = IdempotencyKey::new("request-1").unwrap();
        let command = accounts.execute("1", Register(email.clone())).idempotency_key(key);
        firsts.push(command.and(rule).await.unwrap());
    }
    assert_eq!(asked, 1);
    assert_eq!((firsts[0].repeated, firsts[1].repeated), (false, true));
    assert_eq!(firsts[0].version, firsts[1].version);
    assert_eq!(world.written(&email).await.0, 1, "one guard");
}

/// Each key has the checkpoint of its slice: no event is folded twice, none is missed, also
/// where one slice stands far behind the others.
pub async fn the_document_of_a_slice_is_exact(world: World) {
    let feed = async || {
        let runner = Runner::new(world.log.clone(), world.models.clone());
        let runner = runner.lease(Duration::from_secs(1));
        let options = Options::new().slices(4).on_failure(OnFailure::Stop);
        let running = runner.view_with::<Emails>(options).start().await.unwrap();
        // All but the slice that has stopped.
        while world.units_behind().await > 1 {
            sleep(Duration::from_millis(5)).await;
        }
        let _ = running.stop().await;
    };
    let poisoned = AccountEvent::Poisoned { email: "poison".into() };
    world.accounts().update("poison", |_| poisoned.clone()).await.unwrap();
    let (accounts, rules) = (world.accounts(), world.rules());
    let email = |n: u32| format!("{n}@example.org");
    let register = async |n: u32, owners: u32| {
        let email = email(n);
        let rule = rules.on(&email, |emails: Option<&Emails>| {
            let found = emails.map_or(0, |emails| emails.owners.len());
            assert_eq!(found, owners as usize, "the owners of {email}");
            Ok::<_, Refused>(())
        });
        let id = format!("{n}.{owners}");
        accounts.execute(&id, Register(email.clone())).and(rule).await.unwrap();
    };
    feed().await;
    for owners in 0..4 {
        for n in 0..8 {
            register(n, owners).await;
        }
        if owners == 1 {
            feed().await;
        }
    }
}

/// Two rules on one key do not exclude each other; rules on two keys guard both.
pub async fn two_rules_on_one_key_are_one_guard(world: World) {
    world.feed::<Emails>().await;
    let (accounts, rules) = (world.accounts(), world.rules());
    let [ada, bob] = ["ada@example.org".to_owned(), "bob@example.org".to_owned()];
    let on = |key| rules.on::<Emails, _, _>(key, free);
    let command = accounts.execute("1", Register(ada.clone()));
    command.and(on(&ada)).and(on(&bob)).and(on(&ada)).await.unwrap();
    assert_eq!(world.written(&ada).await.0, 2);
    let refused = accounts.execute("2", Register("cyd".into())).and(on(&bob)).and(on(&ada));
    assert!(is_taken(&refused.await));
}

/// A rule that hangs on a command beside the first one is not asked where that command
/// refuses, and what it saw before a conflict is not what the refusal waits for.
pub async fn a_nested_rule_that_is_not_asked_again_holds_up_nobody(world: World) {
    world.feed::<Emails>().await;
    let email = "ada@example.org".to_owned();
    let happens = {
        let (other, email) = (world.clone(), email.clone());
        async move {
            // The address is taken and the purse is emptied by one append.
            let (accounts, rules) = (other.accounts(), other.rules());
            let emptied = AccountEvent::Moved { cents: -5 };
            let emptied = accounts.update("purse", |_| Ok::<_, Refused>(emptied.clone()));
            emptied.and(rules.on::<Emails, _, _>(&email, never)).await.unwrap();
        }
    };
    world.accounts().update("purse", |_| AccountEvent::Moved { cents: 5 }).await.unwrap();
    let log = Hooked::new(world.log.clone(), Before::Append, happens.boxed());
    let accounts = Repository::<Account>::new(log.clone());
    let rules = Rules::new(log.clone(), world.models.clone());
    let pays = accounts.update("purse", |purse| match purse.cents {
        5.. => Ok(AccountEvent::Moved { cents: -5 }),
        _ => Err(Refused::Overdrawn),
    });
    let pays = pays.and(rules.on::<Emails, _, _>(&email, never));
    let done = accounts.execute("1", Register(email.clone())).and(pays).await;
    assert!(log.has_happened());
    assert!(matches!(done, Err(ExecuteError::Refused(Refused::Overdrawn))), "{done:?}");
}

/// One event of one byte more; nothing that follows the log for a view sees it, and it says
/// nothing of the key.
pub async fn the_guard_is_one_small_event_and_passes_the_views_by(world: World) {
    world.feed::<Emails>().await;
    world.register("1", "ada@example.org").await.unwrap();
    let events = world.events().await;
    let guard = events.iter().find(|raw| raw.stream.category() == "annals.guard").unwrap();
    assert_eq!((&*guard.name, guard.event.len()), ("annals.guard", 1));
    assert_eq!(guard.metadata, annals::Metadata::new());
    assert!(guard.stream.as_str().starts_with("annals.guard-emails-"));
    assert!(!guard.stream.as_str().contains("ada"));
    world.feed::<Emails>().await;
    let health = annals_projections::Operations::new(world.log.clone(), world.models.clone());
    assert!(health.audit("emails", None).await.unwrap().is_clean());
}

/// The command is dropped at each moment: there is a guard exactly where there is an
/// account.
pub async fn a_dropped_command_has_written_everything_or_nothing(world: World) {
    world.feed::<Emails>().await;
    let mut completed = false;
    for polls in 0..200 {
        if completed {
            break;
        }
        let email = format!("{polls}@example.org");
        let log = Hooked::new(world.log.clone(), Before::Tail(u16::MAX), async {}.boxed());
        let accounts = Repository::<Account>::new(log.clone());
        let rules = Rules::new(log.clone(), world.models.clone());
        let (before, _) = world.written(&email).await;
        {
            let mut command = pin!(register(&accounts, &rules, "1", &email));
            for _ in 0..polls {
                if futures::poll!(command.as_mut()).is_ready() {
                    completed = true;
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        // A store that had it in hand may still write it.
        let settled = accounts.update("settled", |_| AccountEvent::Moved { cents: 1 });
        settled.await.unwrap();
        let (guards, owners) = world.written(&email).await;
        assert_eq!(guards - before, owners.len(), "after {polls} polls");
        if !owners.is_empty() {
            let closed = AccountEvent::Closed { email: email.clone() };
            world.accounts().update("1", |_| closed.clone()).await.unwrap();
        }
    }
}
