//! Why a rebuild does not go on; nothing is switched then. Each says what to do.

use std::time::Duration;

use annals::read_model::{Shape, UnitStatus};
use annals_projections::operations::ModelStatus;
use indicatif::HumanDuration;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(
        "there is no {name} version {version}: start a worker whose code has it, which builds it \
         beside the current one; there are now: {known}"
    )]
    NoSuchVersion { name: String, version: u32, known: String },
    #[error("{name} version {version} does not go on: {why}")]
    Stuck { name: String, version: u32, why: String },
    #[error(
        "{name} version {version} has not caught up within {}: {behind} events are left; wait \
         longer by --within, or let more workers build it",
        HumanDuration(*.within)
    )]
    TooSlow { name: String, version: u32, behind: u64, within: Duration },
    #[error(
        "{name} cannot be compared, because it does not live in the store of read models: compare \
         it where it lives, and say --no-compare"
    )]
    Elsewhere { name: String },
    #[error(
        "the versions of {name} have not come to one place within {}, and nothing is held any \
         more: {why}",
        HumanDuration(*.within)
    )]
    Apart { name: String, within: Duration, why: String },
    #[error("{name} version {version} is behind the current version: {why}")]
    Behind { name: String, version: u32, why: String },
    #[error(
        "{name} has no version before {current} that has answered queries: `annals status {name}` \
         tells which there are, and `--to N` changes over to any of them"
    )]
    NoPrevious { name: String, current: u32 },
}

impl Refusal {
    /// Whether a version can be compared.
    pub(super) fn of_shape(model: &ModelStatus) -> Option<Self> {
        let declaration = &model.model.declaration;
        let elsewhere = declaration.shape == Shape::Elsewhere;
        elsewhere.then(|| Refusal::Elsewhere { name: declaration.id.name.clone() })
    }
}

/// What is wrong with a version.
pub(super) struct Trouble {
    /// Why it does not go on, and what to do.
    pub(super) why: String,
    /// Whether its worker has given up, so that waiting does not help.
    pub(super) stopped: bool,
}

/// What is wrong with the first unit that does not go on.
pub(super) fn trouble(status: &ModelStatus) -> Option<Trouble> {
    let mut units = status.model.units.iter().zip(&status.lags);
    let (unit, why) = units.find_map(|(unit, lag)| Some((unit, lag.stuck.as_ref()?)))?;
    let place = format!("partition {}, slice {}", unit.unit.partition, unit.unit.slice);
    Some(Trouble {
        why: format!("{place}: {why}; {}", remedy(unit)),
        stopped: unit.report.as_ref().is_some_and(|report| report.stopped),
    })
}

fn remedy(unit: &UnitStatus) -> String {
    let id = &unit.unit.model;
    if unit.holder.is_none() {
        format!("start a worker whose code has version {}", id.version)
    } else if unit.report.as_ref().is_some_and(|report| report.trouble.is_some()) {
        "mend that, and the worker goes on by itself".to_owned()
    } else if unit.held_at.is_some() {
        format!("if nobody compares it any more, `annals rebuild {} --release`", id.name)
    } else {
        "see what that is, and end it".to_owned()
    }
}
