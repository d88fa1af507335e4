//! Asks before something is changed, where there is somebody to ask.

use std::io::{self, BufReader, IsTerminal};

use futures::{StreamExt, pin_mut};

use super::Rebuild;
use crate::failure::Failure;
use crate::lines::lines;

/// Whether it may be done, or why not.
pub(super) async fn may(
    rebuild: &Rebuild<'_>,
    question: &str,
) -> Result<Result<(), &'static str>, Failure> {
    if rebuild.args.yes {
        return Ok(Ok(()));
    }
    if !io::stdin().is_terminal() {
        return Ok(Err("nobody can be asked here: say --yes"));
    }
    eprint!("{question} [y/N] ");
    let answers = lines(BufReader::new(io::stdin()));
    pin_mut!(answers);
    let answer = rebuild.interrupt.unless(async { Ok(answers.next().await) }).await?;
    let answer = answer.transpose().map_err(Failure::Output)?.unwrap_or_default();
    let yes = ["y", "yes"].contains(&answer.trim().to_lowercase().as_str());
    Ok(if yes { Ok(()) } else { Err("it was not confirmed") })
}
