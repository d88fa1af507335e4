//! Waits until the version has caught up with the log.

use std::time::Duration;

use annals_projections::operations::{ModelStatus, Progress as Come, Status};
use indicatif::HumanDuration;
use tokio::time::Instant;

use super::Rebuild;
use super::refusal::{Refusal, Trouble, trouble};
use crate::failure::Failure;
use crate::progress::{Progress, Unit};

/// How often it is looked how far the version has come.
const LOOK: Duration = Duration::from_millis(500);

/// How long nothing may go on before the wait is given up: longer than it takes until
/// another worker has taken over from one that crashed.
const GRACE: Duration = Duration::from_secs(30);

/// So few events behind, a version has caught up: the comparison and the switch wait for the
/// rest. It is never quite at the end of a log that grows.
const NEAR: u64 = 1_000;

/// Waits until a version is near the end of the log.
pub(super) async fn caught_up(rebuild: &Rebuild<'_>, version: u32) -> Result<(), Failure> {
    let Rebuild { operations, name, args, interrupt, .. } = rebuild;
    let began = Instant::now();
    let grace = args.within.map_or(GRACE, |within| within.min(GRACE));
    let mut stuck_since = None;
    let mut progress = Progress::new(format!("{name} version {version}"), Some(0), Unit::Positions);
    loop {
        let status = interrupt.unless(async { Ok(operations.status_of(name).await?) }).await?;
        let model = find(&status, version)
            .ok_or_else(|| no_such_version(&status, name.to_string(), version))?;
        if let Some(refusal) = Refusal::of_shape(model).filter(|_| !args.no_compare) {
            return Err(refusal.into());
        }
        let come = model.progress();
        progress.set(come.done, come.of, pace(&come));
        let behind = come.of.saturating_sub(come.done);
        match trouble(model) {
            None if model.lags.iter().all(|lag| lag.events <= NEAR) => return Ok(()),
            None => stuck_since = None,
            Some(Trouble { why, stopped }) => {
                let since = stuck_since.get_or_insert_with(Instant::now);
                if stopped || since.elapsed() >= grace {
                    return Err(Refusal::Stuck { name: name.to_string(), version, why }.into());
                }
            }
        }
        if let Some(within) = args.within.filter(|within| began.elapsed() >= *within) {
            let name = name.to_string();
            return Err(Refusal::TooSlow { name, version, behind, within }.into());
        }
        interrupt.sleep(LOOK).await?;
    }
}

/// A version of the only read model of a status.
pub(super) fn find(status: &Status, version: u32) -> Option<&ModelStatus> {
    status.models.iter().find(|model| model.model.declaration.id.version == version)
}

fn no_such_version(status: &Status, name: String, version: u32) -> Refusal {
    let known = status
        .models
        .iter()
        .map(|model| format!("{} ({})", model.model.declaration.id.version, model.model.state));
    let known = known.collect::<Vec<_>>().join(", ");
    Refusal::NoSuchVersion { name, version, known }
}

fn pace(come: &Come) -> String {
    let left = match come.left {
        Some(left) => format!(", {:#} left", HumanDuration(left)),
        None => String::new(),
    };
    format!("{:.0}/s{left}", come.rate)
}
