//! Whatever is done in whatever order, it goes as in a plain map.

use std::collections::BTreeMap;

use annals::ExecuteError;
use proptest::prelude::*;

use super::domain::{AccountEvent, Emails, Refused};
use super::world::World;

#[derive(Debug, Clone)]
enum Step {
    Register { id: u8, email: u8 },
    Close { id: u8 },
    Feed,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => (0..6_u8, 0..4_u8).prop_map(|(id, email)| Step::Register { id, email }),
        3 => (0..6_u8).prop_map(|id| Step::Close { id }),
        1 => Just(Step::Feed),
    ];
    prop::collection::vec(step, 1..40)
}

async fn go(steps: Vec<Step>, partitions: u16) {
    let world = World::memory(partitions).await;
    world.feed::<Emails>().await;
    let mut model: BTreeMap<String, String> = BTreeMap::new();
    for step in steps {
        match step {
            Step::Register { id, email } => {
                let (id, email) = (id.to_string(), format!("{email}@example.org"));
                let expected = if model.contains_key(&id) {
                    Err(Refused::Registered)
                } else if model.values().any(|taken| *taken == email) {
                    Err(Refused::Taken)
                } else {
                    Ok(())
                };
                let done = match world.register(&id, &email).await {
                    Ok(_) => Ok(()),
                    Err(ExecuteError::Refused(refused)) => Err(refused),
                    Err(error) => panic!("{error:?}"),
                };
                assert_eq!(done, expected);
                if done.is_ok() {
                    model.insert(id, email);
                }
            }
            Step::Close { id } => {
                let id = id.to_string();
                let email = model.remove(&id);
                let closed = email.map(|email| AccountEvent::Closed { email });
                world.accounts().update(&id, |_| closed.clone()).await.unwrap();
            }
            Step::Feed => world.feed::<Emails>().await,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn commands_go_as_in_a_map(steps in steps(), partitions in 1..4_u16) {
        let runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = { let mut r = runtime; r.worker_threads(2).enable_all().build().unwrap() };
        runtime.block_on(go(steps, partitions));
    }
}
