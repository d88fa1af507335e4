//! A dead letter as machines read it. The README promises these names.

use annals::read_model::{DeadLetter, Wish};
use serde::Serialize;
use time::OffsetDateTime;
use time::serde::rfc3339;

#[derive(Serialize)]
pub(super) struct Record<'a> {
    model: &'a str,
    version: u32,
    partition: u16,
    slice: u16,
    position: u64,
    stream: &'a str,
    stream_version: u64,
    event: &'a str,
    event_id: String,
    keys: &'a [String],
    reason: Option<&'a str>,
    attempts: u32,
    #[serde(with = "rfc3339")]
    parked_at: OffsetDateTime,
    wish: Option<&'static str>,
    note: Option<&'a str>,
}

impl<'a> From<&'a DeadLetter> for Record<'a> {
    fn from(letter: &'a DeadLetter) -> Self {
        let (wish, note) = match &letter.wish {
            None => (None, None),
            Some(Wish::Retry) => (Some("retry"), None),
            Some(Wish::Skip { note }) => (Some("skip"), Some(note.as_str())),
        };
        Self {
            model: &letter.unit.model.name,
            version: letter.unit.model.version,
            partition: letter.unit.partition.get(),
            slice: letter.unit.slice,
            position: letter.position.get(),
            stream: letter.stream.as_str(),
            stream_version: letter.version.get(),
            event: &letter.name,
            event_id: letter.event.to_string(),
            keys: &letter.keys,
            reason: letter.reason.as_deref(),
            attempts: letter.attempts,
            parked_at: letter.parked_at,
            wish,
            note,
        }
    }
}
