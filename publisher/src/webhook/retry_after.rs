//! For how long a receiver asks to be left alone.

use std::time::Duration;

use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

const DATE: &[BorrowedFormatItem<'_>] = format_description!(
    "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
);

/// The header `Retry-After`: seconds, or a date as of
/// [RFC 9110](https://www.rfc-editor.org/rfc/rfc9110#field.retry-after); `None` for anything
/// else. Whoever waits for it bounds it.
pub(super) fn retry_after(value: &str, now: OffsetDateTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // What is too long for a number is very long.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let until = PrimitiveDateTime::parse(value, DATE).ok()?.assume_utc();
    Some(Duration::try_from(until - now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn seconds_and_dates_are_read_and_nothing_else() {
        let now = datetime!(2026-01-02 03:04:05 UTC);
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        let read = |value| retry_after(value, now);
        assert_eq!(read("120"), seconds(120));
        assert_eq!(read(" 0 "), seconds(0));
        assert_eq!(read("99999999999999999999999"), seconds(u64::MAX));
        assert_eq!(read("Fri, 02 Jan 2026 03:05:05 GMT"), seconds(60));
        assert_eq!(read("Fri, 02 Jan 2026 03:00:00 GMT"), seconds(0), "it has passed");
        for garbage in ["", "soon", "-1", "1.5", "2026-01-02T03:05:05Z", "Fri, 02 Jan"] {
            assert_eq!(read(garbage), None, "{garbage:?}");
        }
    }
}
