//! An event that fails each time, taken out of a step while the rest of it stays.

use super::super::batch::Batch;
use super::super::handler::Failure;
use super::super::plan::{Piece, Poison, at};
use super::step::{Open, guarded};
use super::{Feeder, Interrupt};
use crate::OnFailure;

impl Feeder {
    /// A piece of the step under way has failed. Where the handler can take the event back
    /// that fails, the piece ends with that event, parked, and what lies behind it follows in
    /// another piece of the same step; else the step is made again.
    pub(super) async fn contain(
        &mut self,
        mut piece: Piece,
        failure: Failure,
        open: &mut Open,
        batch: &mut Batch,
    ) -> Result<Piece, Interrupt> {
        let before = open.applied - piece.apply.len();
        if !self.takes_back(&piece, &failure, open).await? {
            return Err(self.failed(before, &piece.apply, open.first.as_ref(), failure));
        }
        let Failure::Event { nth: Some(nth), reason, .. } = failure else {
            return Err(failure.into());
        };
        let raw = piece.apply[nth].raw();
        let (position, from) = (raw.position, piece.step.from);
        let (here, reason) = (raw.checkpoint(from.log()), at(raw, &reason));
        let attempts = self.attempt(position);
        self.poison.insert(position, Poison { reason, attempts, again: false });
        let (events, behind) = piece.split(position);
        batch.put_back(behind);
        piece = self.plan(events, from, here)?;
        batch.put_back(std::mem::take(&mut piece.rest));
        open.applied = before + nth;
        Ok(piece)
    }

    /// Whether those before the event that fails stay applied, and it has changed nothing.
    async fn takes_back(
        &mut self,
        piece: &Piece,
        failure: &Failure,
        open: &mut Open,
    ) -> Result<bool, Interrupt> {
        let parks = self.entry.options.on_failure == OnFailure::Park;
        let Failure::Event { nth: Some(nth), certain: true, .. } = failure else {
            return Ok(false);
        };
        let Some(failed) = piece.apply.get(*nth).filter(|_| parks) else { return Ok(false) };
        let mut done = false;
        let (models, before) = (&self.shared.models, &piece.apply[..*nth]);
        let work = self.handler.take_back(models, open.tx.as_mut(), before, failed);
        let work = async {
            done = work.await?;
            Ok(())
        };
        match guarded(&self.lease, work).await {
            Ok(()) => Ok(done),
            Err(Failure::Event { .. }) => Ok(false),
            Err(failure) => Err(failure.into()),
        }
    }
}
