//! `annals dead-letters show`: dead letters whole, or as tests.

use annals::read_model::{DeadLetter, Wish};
use annals_projections::Operations;
use serde::Serialize;
use time::format_description::well_known::Rfc3339;

use super::record::Record;
use crate::args::Show;
use crate::failure::Failure;
use crate::output::{Output, plain};

#[derive(Serialize)]
struct Answer<'a> {
    letters: Vec<Shown<'a>>,
}

#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    letter: Record<'a>,
    /// The code, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    test: Option<&'a str>,
}

pub(super) async fn run(
    args: &Show,
    operations: &Operations,
    output: Output,
) -> Result<(), Failure> {
    let query = super::query(operations, Some(&args.name), None, args.partition).await?;
    let mut letters = Vec::new();
    for position in &args.positions {
        letters.extend(super::at(operations, query.clone(), *position).await?);
    }
    let mut tests = Vec::new();
    if args.test {
        for letter in &letters {
            tests.push(operations.letter_as_test(letter).await?.to_string());
        }
    }
    let shown = letters.iter().enumerate().map(|(nth, letter)| Shown {
        letter: letter.into(),
        test: tests.get(nth).map(String::as_str),
    });
    let answer = Answer { letters: shown.collect() };
    output.answer(&answer, || match tests.is_empty() {
        true => letters.iter().map(text).collect::<Vec<_>>().join("\n"),
        false => tests.join("\n"),
    })
}

fn text(letter: &DeadLetter) -> String {
    let reason = letter.reason.as_deref().unwrap_or("it waits behind another one");
    let wish = match &letter.wish {
        None => "none".to_owned(),
        Some(Wish::Retry) => "to be tried again".to_owned(),
        Some(Wish::Skip { note }) => format!("to be skipped: {}", plain(note)),
    };
    let parked = letter.parked_at.format(&Rfc3339).unwrap_or_default();
    format!(
        "{}, position {}\n  event    {}, {}\n  stream   {}, version {}\n  keys     {}\n  \
         tried    {} times, parked at {parked}\n  wish     {wish}\n  why      {}\n",
        letter.unit,
        letter.position,
        plain(&letter.name),
        letter.event,
        plain(letter.stream.as_str()),
        letter.version,
        plain(letter.keys.join(", ")),
        letter.attempts,
        reason.lines().map(plain).collect::<Vec<_>>().join("\n           "),
    )
}
