//! Many tasks on one account.

use super::commands::{Crowd, Sides, Walk, beside_both};
use super::contest::Contest;
use super::{Baseline, Row, fill};
use crate::Failure;

/// The accounts that are kept for this workload, the last ones.
pub(super) const ACCOUNTS: u64 = 10_000;

/// How many commands an account gets before the next one is the hot one. All tasks
/// are on one account at any time; were it the same for ever, the baseline would read
/// thousands of events for each command, which no team would leave so.
const COMMANDS: u64 = 100;

const TASKS: usize = 16;

pub(super) async fn run(contest: &Contest<'_>, sides: &Sides) -> Result<[Row; 2], Failure> {
    let walk = || Walk::over(fill::ACCOUNTS - ACCOUNTS, ACCOUNTS, COMMANDS);
    let annals = Crowd { worker: sides.cached.clone(), walk: walk(), tasks: TASKS };
    let shared = walk();
    let by_hand =
        |worker: &Baseline| Crowd { worker: worker.clone(), walk: shared.clone(), tasks: TASKS };
    let (baseline, pingless) = (by_hand(&sides.baseline), by_hand(&sides.pingless));
    beside_both(contest, "hot_16", &annals, &baseline, &pingless).await
}
