//! Amounts and numbers, as people read them.

use std::fmt;

/// An amount in cents, shown as in `1,234.50`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Money(pub(crate) i64);

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cents = self.0.unsigned_abs();
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{}.{:02}", grouped(cents / 100), cents % 100)
    }
}

/// Digits in groups of three, as in `27,004`.
pub(crate) fn grouped(number: u64) -> String {
    match number {
        0..1000 => number.to_string(),
        _ => format!("{},{:03}", grouped(number / 1000), number % 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_shown_as_people_write_them() {
        let shown = [5, 100, 123_450, -100_000_000, 0].map(|cents| Money(cents).to_string());
        assert_eq!(shown, ["0.05", "1.00", "1,234.50", "-1,000,000.00", "0.00"]);
    }
}
