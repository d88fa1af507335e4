//! What each release of the bank feeds, and how one follows the other without a pause.

use annals::read_model::AnySession;
use annals_projections::{Runner, Running};

use crate::balance::Balance;
use crate::balance2::Balance2;
use crate::failure::Failure;
use crate::storage::Storage;

/// The releases, in their order.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Release {
    /// Knows the first version of `balances`.
    First,
    /// Knows both: it builds the second version, and feeds the first one on, so that going
    /// back is as safe.
    Both,
    /// Knows the second version.
    Second,
}

impl Release {
    fn feeds(self, runner: Runner<AnySession>) -> Runner<AnySession> {
        match self {
            Self::First => runner.view::<Balance>(),
            Self::Both => runner.view::<Balance>().view::<Balance2>(),
            Self::Second => runner.view::<Balance2>(),
        }
    }
}

/// The workers of a release, which share the work by leases. Here they live in one
/// process; on several machines they would do the same.
#[derive(Debug)]
pub(crate) struct Workers(Vec<Running>);

impl Workers {
    pub(crate) async fn start(
        storage: &Storage,
        release: Release,
        count: usize,
    ) -> Result<Self, Failure> {
        let mut workers = Vec::new();
        for number in 1..=count {
            let runner = storage.runner().label(format!("{release:?} {number}"));
            workers.push(release.feeds(runner).start().await?);
        }
        Ok(Self(workers))
    }

    /// Starts the workers of another release, then stops these: each hands its leases over.
    pub(crate) async fn replaced_by(
        self,
        storage: &Storage,
        release: Release,
    ) -> Result<Self, Failure> {
        let new = Self::start(storage, release, self.0.len()).await?;
        self.stop().await?;
        Ok(new)
    }

    /// Waits until everything is fed.
    pub(crate) async fn caught_up(&self) -> Result<(), Failure> {
        for worker in &self.0 {
            worker.caught_up().await?;
        }
        Ok(())
    }

    pub(crate) async fn stop(self) -> Result<(), Failure> {
        for worker in self.0 {
            worker.stop().await?;
        }
        Ok(())
    }
}
