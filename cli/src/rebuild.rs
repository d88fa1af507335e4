//! `annals rebuild`: over to another version of a read model, back, and away with one.

mod answer;
mod ask;
mod compare;
mod refusal;
mod switch;
mod wait;

use std::time::Duration;

use annals::read_model::VersionState;
use annals_projections::Operations;

use crate::args::{self, Place};
use crate::connect;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::output::Output;
use answer::{Discarded, Rebuilt, Released};
pub(crate) use refusal::Refusal;

/// How long a wait may take that is not the one for the version to catch up.
const PATIENCE: Duration = Duration::from_secs(60);

/// What every step of a rebuild needs.
struct Rebuild<'a> {
    operations: Operations,
    name: &'a str,
    args: &'a args::Rebuild,
    output: Output,
    interrupt: &'a Interrupt,
}

pub(crate) async fn run(
    args: &args::Rebuild,
    place: &Place,
    output: Output,
    interrupt: &Interrupt,
) -> Result<Exit, Failure> {
    let operations = interrupt.unless(connect::operations(place)).await?;
    let rebuild = Rebuild { operations, name: &args.name, args, output, interrupt };
    if let Some(to) = args.to {
        rebuild.change_over(to).await
    } else if args.rollback {
        rebuild.roll_back().await
    } else if let Some(version) = args.discard {
        rebuild.discard(version).await
    } else {
        rebuild.release().await
    }
}

impl Rebuild<'_> {
    async fn change_over(&self, to: u32) -> Result<Exit, Failure> {
        let from = self.current().await?;
        let mut answer = Rebuilt::new(self.name, from, to);
        if from == to {
            answer.why_not = Some("it is the current version already".to_owned());
            self.output.answer(&answer, || answer.text())?;
            return Ok(Exit::Good);
        }
        wait::caught_up(self, to).await?;
        if !self.args.no_compare {
            let comparison = compare::compare(self, [from, to]).await?;
            let equal = comparison.is_as_expected();
            answer.compared = Some(comparison.into());
            self.output.text(&answer.comparison_text())?;
            if !equal && !self.args.allow_differences {
                answer.why_not =
                    Some("they differ: if they should, say --allow-differences".into());
                self.output.answer(&answer, || answer.text())?;
                return Ok(Exit::No);
            }
        }
        self.finish(answer).await
    }

    async fn roll_back(&self) -> Result<Exit, Failure> {
        let from = self.current().await?;
        let versions =
            self.interrupt.unless(async { Ok(self.operations.versions(self.name).await?) });
        let before = versions
            .await?
            .into_iter()
            .filter(|(id, state)| *state == VersionState::Previous && id.version < from);
        let Some(to) = before.map(|(id, _)| id.version).max() else {
            return Err(Refusal::NoPrevious { name: self.name.to_owned(), current: from }.into());
        };
        self.finish(Rebuilt::new(self.name, from, to)).await
    }

    /// Asks, and switches.
    async fn finish(&self, mut answer: Rebuilt<'_>) -> Result<Exit, Failure> {
        let question =
            format!("Switch {} from version {} to {}?", self.name, answer.from, answer.to);
        match ask::may(self, &question).await? {
            Ok(()) => {
                switch::switch(self, answer.to).await?;
                answer.switched = true;
            }
            Err(why) => answer.why_not = Some(why.to_owned()),
        }
        self.output.answer(&answer, || answer.text())?;
        Ok(Exit::of(answer.switched))
    }

    async fn discard(&self, version: u32) -> Result<Exit, Failure> {
        let question = format!("Remove {} version {version} and all that it keeps?", self.name);
        let may = ask::may(self, &question).await?;
        if may.is_ok() {
            let discard = async { Ok(self.operations.discard(self.name, version).await?) };
            self.interrupt.unless(discard).await?;
        }
        let answer =
            Discarded { model: self.name, version, discarded: may.is_ok(), why_not: may.err() };
        self.output.answer(&answer, || answer.text())?;
        Ok(Exit::of(answer.discarded))
    }

    async fn release(&self) -> Result<Exit, Failure> {
        let release = async {
            self.operations.versions(self.name).await?;
            Ok(self.operations.release(self.name).await?)
        };
        self.interrupt.unless(release).await?;
        let answer = Released { model: self.name, released: true };
        self.output.answer(&answer, || format!("All versions of {} go on.\n", self.name))?;
        Ok(Exit::Good)
    }

    async fn current(&self) -> Result<u32, Failure> {
        let current = async { Ok(self.operations.current(self.name).await?.version) };
        self.interrupt.unless(current).await
    }
}
