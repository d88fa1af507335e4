//! Switches, as soon as the version is not behind the current one.

use std::time::Duration;

use annals::read_model::SwitchError;
use annals_projections::operations::Failed;
use tokio::time::Instant;

use super::compare::let_go;
use super::refusal::{Refusal, trouble};
use super::wait::find;
use super::{PATIENCE, Rebuild};
use crate::failure::Failure;

/// Both versions are fed on: which one is ahead changes with every step.
const PAUSE: Duration = Duration::from_millis(20);

/// How long a version that does not go on is waited for.
const GRACE: Duration = Duration::from_secs(5);

/// How often it is looked then why.
const LOOK: Duration = Duration::from_secs(1);

pub(super) async fn switch(rebuild: &Rebuild<'_>, to: u32) -> Result<(), Failure> {
    let Rebuild { operations, name, args, interrupt, .. } = rebuild;
    let began = Instant::now();
    let mut look = began + GRACE;
    let within = args.within.unwrap_or(PATIENCE);
    loop {
        match interrupt.unless(async { Ok(operations.switch(name, to).await) }).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(Failed::Switch(SwitchError::Behind { .. }))) => {}
            Ok(Err(error)) => return Err(error.into()),
            // It holds both versions while it waits.
            Err(interrupted) => {
                let_go().await;
                return Err(interrupted);
            }
        }
        let late = began.elapsed() >= within;
        if late || Instant::now() >= look {
            look = Instant::now() + LOOK;
            let why = behind(rebuild, to).await?;
            if let Some(why) = why.or_else(|| late.then(slow)) {
                return Err(Refusal::Behind { name: (*name).to_owned(), version: to, why }.into());
            }
        }
        interrupt.sleep(PAUSE).await?;
    }
}

fn slow() -> String {
    "both are fed, and it does not overtake: try again when the log is quieter, or wait longer by \
     --within"
        .to_owned()
}

/// Why a version stays behind, if it does not go on.
async fn behind(rebuild: &Rebuild<'_>, version: u32) -> Result<Option<String>, Failure> {
    let Rebuild { operations, name, interrupt, .. } = rebuild;
    let status = interrupt.unless(async { Ok(operations.status_of(name).await?) }).await?;
    Ok(find(&status, version).and_then(trouble).map(|trouble| trouble.why))
}
