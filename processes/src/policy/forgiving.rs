//! An executor to which some refusals are nothing.

use std::marker::PhantomData;

use super::{Policy, Refusal};
use crate::executor::{Call, Executor, Failure};

/// Carries the commands of a policy out, and takes a refusal that is nothing to the policy for
/// a success.
pub(super) struct Forgiving<P, X> {
    executor: X,
    policy: PhantomData<fn() -> P>,
}

impl<P, X> Forgiving<P, X> {
    pub(super) fn new(executor: X) -> Self {
        Self { executor, policy: PhantomData }
    }
}

impl<P: Policy, X: Executor<P::Command>> Executor<P::Command> for Forgiving<P, X> {
    type Reply = ();

    async fn execute(&self, command: &P::Command, call: &Call) -> Result<(), Failure> {
        match self.executor.execute(command, call).await {
            Ok(_) => Ok(()),
            Err(Failure::Refused(reason)) if P::refused(command, &reason) == Refusal::Ignore => {
                Ok(())
            }
            Err(failure) => Err(failure),
        }
    }

    fn fallback(&self, command: &P::Command, failure: &Failure) -> Option<()> {
        self.executor.fallback(command, failure).map(drop)
    }
}
