//! Carries out what the process asks for.

use annals::Metadata;
use annals_processes::{Call, Executor, Failure};

use super::{Answer, Ask};
use crate::steps::{Authorized, Reserved, StepError, Steps};

/// Takes the steps that the process asks for. Each has its effect once, however often it is
/// taken; so no keys are kept for them, but for those of the payment service.
#[derive(Debug, Clone)]
pub(crate) struct Fulfils(pub(crate) Steps);

impl Executor<Ask> for Fulfils {
    type Reply = Answer;

    async fn execute(&self, command: &Ask, call: &Call) -> Result<Answer, Failure> {
        let (Self(steps), key) = (self, call.key.as_str());
        // What has caused it is known to the task that calls.
        let why = Metadata::new();
        match command {
            Ask::Reserve { order, line } => match steps.reserve(*order, line, why).await? {
                Reserved::Kept => {}
                Reserved::SoldOut => return Ok(Answer::SoldOut),
            },
            Ask::Authorize { order, cents } => {
                match steps.authorize(*order, *cents, key, why).await? {
                    Authorized::Held => {}
                    Authorized::Refused { reason } => return Ok(Answer::Refused { reason }),
                }
            }
            Ask::Release { order, sku } => steps.release(*order, sku, why).await?,
            Ask::Void { order } => steps.void(*order, key, why).await?,
            Ask::Confirm { order } => steps.confirm(*order, why).await?,
            Ask::Dispatch { order, lines } => steps.dispatch(*order, lines, why).await?,
            Ask::Recall { order } => steps.recall(*order, why).await?,
            Ask::Ship { order } => steps.ship(*order, why).await?,
            Ask::Take { order, sku } => steps.take(*order, sku, why).await?,
            Ask::Cancel { order, reason } => steps.cancel(*order, reason, why).await?,
        }
        Ok(Answer::Done)
    }
}

impl From<StepError> for Failure {
    fn from(error: StepError) -> Self {
        match error {
            StepError::Refused(reason) => Failure::Refused(reason),
            StepError::Again(error) => Failure::unknown(error),
            // Also that: somebody may mend it while it is tried again.
            StepError::Broken(error) => Failure::passing(error),
        }
    }
}
