//! Compares two versions, and holds none when it ends, unless it is killed; then they go on
//! by themselves.

use std::time::Duration;

use annals::read_model::CompareError;
use annals_projections::operations::{Comparison, Failed};
use tokio::time::sleep;

use super::refusal::{Refusal, trouble};
use super::wait::find;
use super::{PATIENCE, Rebuild};
use crate::failure::Failure;
use crate::progress;

/// How many differences are shown.
const SHOWN: usize = 20;

/// A hold is released when what has made it is dropped; that has this much time before the
/// program ends. What it does not do in time the hold does that runs out.
const ON_ITS_WAY: Duration = Duration::from_millis(200);

pub(super) async fn compare(
    rebuild: &Rebuild<'_>,
    versions: [u32; 2],
) -> Result<Comparison, Failure> {
    let Rebuild { operations, name, args, interrupt, .. } = rebuild;
    let within = args.within.unwrap_or(PATIENCE);
    let waiting = progress::waiting("comparing");
    let comparing = operations.compare(name, versions).within(within).report(SHOWN);
    let compared = interrupt.unless(async { Ok(comparing.await) }).await;
    drop(waiting);
    match compared {
        Ok(Ok(comparison)) => Ok(comparison),
        Ok(Err(Failed::NotTogether { .. })) => {
            let why = apart(rebuild, versions).await?;
            Err(Refusal::Apart { name: (*name).to_owned(), within, why }.into())
        }
        Ok(Err(Failed::Compare(CompareError::Impossible { id }))) => {
            Err(Refusal::Elsewhere { name: id.name }.into())
        }
        Ok(Err(error)) => Err(error.into()),
        Err(interrupted) => {
            let_go().await;
            Err(interrupted)
        }
    }
}

/// Waits until the versions go on that something interrupted may have held.
pub(super) async fn let_go() {
    sleep(ON_ITS_WAY).await;
}

/// Which of two versions does not go on, and why.
async fn apart(rebuild: &Rebuild<'_>, versions: [u32; 2]) -> Result<String, Failure> {
    let status = rebuild.operations.status_of(rebuild.name).await?;
    let stuck = versions.iter().find_map(|version| {
        let trouble = trouble(find(&status, *version)?)?;
        Some(format!("version {version}, {}", trouble.why))
    });
    let slow = || "both go on, but too slowly: wait longer by --within".to_owned();
    Ok(stuck.unwrap_or_else(slow) + ", or switch without a comparison by --no-compare")
}
