//! `annals status`: how all read models are doing.

mod json;

use std::io::{IsTerminal, stdout};
use std::time::Duration;

use annals_projections::Operations;
use annals_projections::operations::{Health, ModelStatus, Status};
use indicatif::HumanDuration;
use tokio::time::sleep;

use crate::args::{self, Place};
use crate::connect;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::output::{Output, count, plain, table};

/// How often `--watch` looks.
const PAUSE: Duration = Duration::from_secs(2);

/// Moves to the upper left corner of a terminal, and clears it.
const CLEAR: &str = "\x1b[H\x1b[2J";

pub(crate) async fn run(
    args: &args::Status,
    place: &Place,
    output: Output,
    interrupt: &Interrupt,
) -> Result<Exit, Failure> {
    let operations = interrupt.unless(connect::operations(place)).await?;
    let clears = args.watch && !output.json && stdout().is_terminal();
    loop {
        let status = interrupt.unless(look(&operations, args.name.as_deref())).await?;
        let health = status.health();
        output.answer(&json::status(&status, &health), || {
            let clear = if clears { CLEAR } else { "" };
            format!("{clear}{}", text(&status, &health))
        })?;
        let exit = exit(&health);
        if !args.watch {
            return Ok(exit);
        }
        tokio::select! {
            () = interrupt.wait() => return Ok(exit),
            () = sleep(PAUSE) => {}
        }
    }
}

async fn look(operations: &Operations, name: Option<&str>) -> Result<Status, Failure> {
    Ok(match name {
        Some(name) => operations.status_of(name).await?,
        None => operations.status().await?,
    })
}

fn exit(health: &Health) -> Exit {
    match health {
        Health::Good => Exit::Good,
        Health::Impaired(_) => Exit::No,
        // What a later version may add is not called better than it is.
        _ => Exit::Bad,
    }
}

fn text(status: &Status, health: &Health) -> String {
    if status.models.is_empty() {
        return "There are no read models yet: no worker has been started.\n".to_owned();
    }
    let header = [
        "Read model",
        "Version",
        "State",
        "Part",
        "Slice",
        "Position",
        "Behind",
        "Time",
        "Rate",
        "Parked",
        "Holder",
    ];
    let mut table = table(header, &[1, 3, 4, 5, 6, 7, 8, 9]);
    let mut stuck = String::new();
    for ModelStatus { model, lags, .. } in &status.models {
        for (unit, lag) in model.units.iter().zip(lags) {
            let rate = unit.report.as_ref().map_or(0.0, |report| report.rate);
            table.add_row([
                unit.unit.model.name.clone(),
                unit.unit.model.version.to_string(),
                model.state.to_string(),
                unit.unit.partition.to_string(),
                unit.unit.slice.to_string(),
                count(unit.checkpoint.position().get()),
                count(lag.events),
                if lag.time.is_zero() {
                    "-".to_owned()
                } else {
                    format!("{:#}", HumanDuration(lag.time))
                },
                if unit.holder.is_some() { format!("{rate:.0}/s") } else { "-".to_owned() },
                count(unit.parked),
                unit.holder.as_deref().map_or_else(|| "-".to_owned(), plain),
            ]);
            if let Some(why) = &lag.stuck {
                stuck += &format!("{}: {}\n", unit.unit, plain(why));
            }
        }
    }
    let mut text = format!("{}\n", table.trim_fmt());
    if !stuck.is_empty() {
        text += &format!("\nNot going on:\n{stuck}");
    }
    let lines: Vec<_> = health.to_string().lines().map(plain).collect();
    text + "\nHealth: " + &lines.join("\n") + "\n"
}
