//! The number under which goods are kept in stock.

use std::fmt;
use std::str::FromStr;

use annals::StreamId;
use annals_projections::ViewKey;
use serde::{Deserialize, Serialize};

/// The number under which goods are kept in stock, such as `TEA-250`.
///
/// Parsing checks it, at the border. Reading an event does not: what was recorded is read
/// for ever, whatever is allowed today.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Sku(String);

impl Sku {
    const MAX_CHARS: usize = 32;

    /// The goods of a stream of stock.
    pub(crate) fn of(stream: &StreamId) -> Self {
        Self(stream.key().to_owned())
    }
}

impl FromStr for Sku {
    type Err = NotASku;

    fn from_str(text: &str) -> Result<Self, NotASku> {
        let fits = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-';
        if (1..=Self::MAX_CHARS).contains(&text.len()) && text.chars().all(fits) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotASku)
        }
    }
}

/// The text names no goods.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a stock-keeping unit has 1 to {} of the characters A-Z, 0-9 and `-`", Sku::MAX_CHARS)]
pub(crate) struct NotASku;

impl fmt::Display for Sku {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl ViewKey for Sku {
    type Column = String;

    fn to_column(&self) -> String {
        self.0.clone()
    }

    fn from_column(column: String) -> Option<Self> {
        Some(Self(column))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_short_and_plain_texts_name_goods() {
        assert_eq!("TEA-250".parse::<Sku>().unwrap().to_string(), "TEA-250");
        for bad in ["", "tea", "TEA 250", "TEA/250", &"A".repeat(33)] {
            assert_eq!(bad.parse::<Sku>(), Err(NotASku), "{bad}");
        }
    }
}
