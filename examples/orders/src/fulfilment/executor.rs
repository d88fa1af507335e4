//! Carries out what the process asks for.

use annals_processes::{Call, Executor, Failure};
use tracing::Instrument;
use tracing::field::Empty;

use super::{Answer, Ask};
use crate::steps::{Authorized, Reserved, StepError, Steps};
use crate::telemetry;

/// Takes the steps that the process asks for. Each has its effect once, however often it is
/// taken; so no keys are kept for them, but for those of the payment service.
#[derive(Debug, Clone)]
pub(crate) struct Fulfils(pub(crate) Steps);

impl Executor<Ask> for Fulfils {
    type Reply = Answer;

    /// In a span of its own, in the trace of what the order began with.
    async fn execute(&self, command: &Ask, call: &Call) -> Result<Answer, Failure> {
        let (name, order, attempt) = (command.name(), &*call.instance, call.attempt);
        let span =
            tracing::info_span!("step", otel.name = name, otel.status_code = Empty, order, attempt);
        if let Some(trace) = call.metadata.trace() {
            telemetry::follow(&span, trace);
        }
        let answer = self.carry_out(command, call.key.as_str()).instrument(span.clone()).await;
        if answer.is_err() {
            span.record("otel.status_code", "ERROR");
        }
        answer
    }
}

impl Fulfils {
    async fn carry_out(&self, command: &Ask, key: &str) -> Result<Answer, Failure> {
        let Self(steps) = self;
        // What has caused it is known to the task that calls; the trace goes on in this span.
        let why = telemetry::metadata();
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
