//! JSON which can be read back: written, checked and read.

mod check;
mod formatter;

use std::cell::RefCell;

use serde::Serialize;
use serde::de::DeserializeSeed;
use serde_json::error::Category;

pub(crate) use check::check;

use super::sanitise::without_content;
use super::{Codec, InvalidPayload, Mismatch, null};
use formatter::{Checked, Findings, Text};

/// Writes a value as JSON, or says why it could not be read back.
///
/// # Errors
/// Whatever makes the value unreadable.
pub(crate) fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, InvalidPayload> {
    let text = RefCell::new(Vec::with_capacity(128));
    let mut findings = Findings::default();
    let formatter = Checked::new(&mut findings, &text);
    let mut to = serde_json::Serializer::with_formatter(Text(&text), formatter);
    let written = value.serialize(&mut to);
    if let Some(refusal) = findings.refusal {
        return Err(refusal);
    }
    // serde_json writes NaN as null without a word, and refuses it as a key in
    // words which only mean that; nothing else needs the second look.
    if findings.null || written.is_err() {
        null::check(value, Codec::Json)?;
    }
    written.map_err(|error| InvalidPayload::Serialize { reason: reason(&error) })?;
    let text = text.into_inner();
    if findings.raw {
        // A `RawValue` goes past the formatter.
        check::check_bytes(&text)?;
    }
    Ok(text)
}

/// The words of serde and `serde_json`, but not those of a type's own
/// `Serialize`, which may quote the content.
fn reason(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let known = [
        "key must be a string",
        "path contains invalid UTF-8 characters",
        "SystemTime must be later than UNIX_EPOCH",
        "already mutably borrowed",
        "lock poison error while serializing",
    ];
    if known.contains(&message.as_str()) {
        return message;
    }
    "the type's own `Serialize` refused".to_owned()
}

/// Reads one JSON value, and nothing after it.
///
/// # Errors
/// What the type expected.
pub(crate) fn decode<'de, S>(text: &'de [u8], seed: S) -> Result<S::Value, Mismatch>
where
    S: DeserializeSeed<'de>,
{
    let mut from = serde_json::Deserializer::from_slice(text);
    let value = seed.deserialize(&mut from).map_err(|error| mismatch(&error))?;
    from.end().map_err(|error| mismatch(&error))?;
    Ok(value)
}

fn mismatch(error: &serde_json::Error) -> Mismatch {
    let place = place(error);
    let expected = match error.classify() {
        Category::Data => {
            let message = error.to_string();
            let message = message.strip_suffix(&format!(" at {place}")).unwrap_or(&message);
            without_content(message)
        }
        Category::Io | Category::Syntax | Category::Eof => {
            "expected JSON that the type can read".to_owned()
        }
    };
    // A line of zero: the error came up while no text was being read.
    let expected = if error.line() == 0 { expected } else { format!("{expected}, at {place}") };
    Mismatch { expected }
}

fn place(error: &serde_json::Error) -> String {
    format!("line {} column {}", error.line(), error.column())
}
