//! A second version of `balances` is built, compared, and takes over, while transfers go
//! on and every query is answered.

use std::time::Duration;

use annals::read_model::SwitchError;
use annals_projections::operations::Failed;
use annals_projections::{Operations, View};
use tokio::time::{Instant, sleep};

use crate::balance::Balance;
use crate::balance2::{Balance2, has_only_grown};
use crate::failure::Failure;
use crate::money::grouped;
use crate::release::{Release, Workers};
use crate::storage::Storage;

const NAME: &str = Balance::NAME;
const OLD: u32 = Balance::VERSION;
const NEW: u32 = Balance2::VERSION;

/// How long anything here may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// Goes from the first version of `balances` to the second.
pub(crate) async fn rebuild(storage: &Storage, first: Workers) -> Result<Workers, Failure> {
    let operations = storage.operations();
    println!("\nrebuild of `{NAME}`, while transfers go on");
    let both = first.replaced_by(storage, Release::Both).await?;
    built(&operations).await?;
    compare(&operations).await?;

    switch(&operations, NEW).await?;
    // Somebody does not like it. The old version was fed on: nothing is missing in it.
    switch(&operations, OLD).await?;
    switch(&operations, NEW).await?;

    // Nobody may feed a version that is discarded: the release that knows it goes first.
    let second = both.replaced_by(storage, Release::Second).await?;
    operations.discard(NAME, OLD).await?;
    println!("  version {OLD} is discarded");
    Ok(second)
}

/// Waits until the new version has taken nearly all that there is, and tells how far it is.
async fn built(operations: &Operations) -> Result<(), Failure> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let progress = operations.progress(NAME, NEW).await?;
        let left = progress.left.map_or_else(String::new, |left| format!(", {left:.1?} left"));
        println!(
            "  version {NEW}: {} of {} positions, {:.0} events/s{left}",
            grouped(progress.done),
            grouped(progress.of),
            progress.rate,
        );
        // While transfers go on there is always one more.
        if progress.of - progress.done < 100 {
            println!("  built in {:.2?}", began.elapsed());
            return Ok(());
        }
        sleep(Duration::from_millis(100)).await;
    }
    Err(Failure::TooLate { what: "built" })
}

/// Both versions are looked at in one and the same place of the log.
async fn compare(operations: &Operations) -> Result<(), Failure> {
    let comparison = operations.compare(NAME, [OLD, NEW]).within(PATIENCE);
    let comparison = comparison.expecting(has_only_grown).await?;
    if !comparison.is_as_expected() {
        return Err(Failure::Differs(Box::new(comparison)));
    }
    for line in comparison.to_string().lines() {
        println!("  compared: {line}");
    }
    Ok(())
}

/// Switches as soon as no query would go back in time by it.
async fn switch(operations: &Operations, to: u32) -> Result<(), Failure> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        match operations.switch(NAME, to).await {
            Err(Failed::Switch(SwitchError::Behind { .. })) => {}
            Err(error) => return Err(error.into()),
            Ok(()) => {
                println!("  switched to version {to} within {:.1?}", began.elapsed());
                return Ok(());
            }
        }
        sleep(Duration::from_millis(5)).await;
    }
    Err(Failure::TooLate { what: "switched" })
}
