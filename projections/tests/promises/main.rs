//! The promises of the runner, P1 to P10, each on every store, with 1 and 8 partitions.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test fails by panicking"
)]

mod domain;
mod p1_exactly_once;
mod world;

macro_rules! promises {
    ($($file:ident { $($case:ident,)* })*) => {
        promises! { @ memory_1, World::memory(1), $($file { $($case,)* })* }
        promises! { @ memory_8, World::memory(8), $($file { $($case,)* })* }
    };
    (@ $world:ident, $make:expr, $($file:ident { $($case:ident,)* })*) => {
        mod $world {
            use super::world::World;
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    super::$file::$case($make.await).await;
                }
            )*)*
        }
    };
}

promises! {
    p1_exactly_once {
        p1_a_view_is_what_a_replay_gives,
        p1_a_projection_is_what_a_replay_gives,
    }
}
