//! `annals dead-letters list`.

use annals::read_model::{DeadLetter, Wish};
use annals_projections::Operations;
use serde::Serialize;

use super::record::Record;
use crate::args::List;
use crate::failure::Failure;
use crate::output::{Output, brief, plain, table};

/// How much of the keys and of a reason is shown; `show` has all of it.
const KEYS: usize = 40;
const REASON: usize = 120;

#[derive(Serialize)]
struct Answer<'a> {
    letters: Vec<Record<'a>>,
    more: bool,
}

pub(super) async fn run(
    args: &List,
    operations: &Operations,
    output: Output,
) -> Result<(), Failure> {
    let (name, key) = (args.name.as_deref(), args.key.as_deref());
    let query = super::query(operations, name, key, args.partition).await?;
    // One more, to know whether there are more.
    let mut letters = operations.letters(&query.limit(u64::from(args.limit) + 1)).await?;
    let most = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let more = letters.len() > most;
    letters.truncate(most);
    let answer = Answer { letters: letters.iter().map(Record::from).collect(), more };
    output.answer(&answer, || text(&letters, more))
}

fn text(letters: &[DeadLetter], more: bool) -> String {
    if letters.is_empty() {
        return "There are no dead letters.\n".to_owned();
    }
    let header =
        ["Read model", "Version", "Part", "Position", "Event", "Stream", "Keys", "Tried", "Why"];
    let mut table = table(header, &[1, 2, 3, 7]);
    for letter in letters {
        let model = &letter.unit.model;
        table.add_row([
            model.name.clone(),
            model.version.to_string(),
            letter.unit.partition.to_string(),
            letter.position.to_string(),
            plain(&letter.name),
            format!("{} at {}", plain(letter.stream.as_str()), letter.version),
            brief(&plain(letter.keys.join(", ")), KEYS),
            letter.attempts.to_string(),
            why(letter),
        ]);
    }
    let more = if more { "There are more: raise --limit, or name a key.\n" } else { "" };
    format!("{}\n{more}", table.trim_fmt())
}

/// Why it is here, and what is to become of it.
fn why(letter: &DeadLetter) -> String {
    let why = match letter.reason.as_deref().and_then(|reason| reason.lines().next()) {
        Some(reason) => brief(&plain(reason), REASON),
        None => "waits behind another one".to_owned(),
    };
    match &letter.wish {
        None => why,
        Some(Wish::Retry) => format!("to be retried: {why}"),
        Some(Wish::Skip { note }) => format!("to be skipped ({}): {why}", plain(note)),
    }
}
