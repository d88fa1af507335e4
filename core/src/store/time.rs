//! How exactly times are kept.

use time::{OffsetDateTime, UtcOffset};

/// A time as logs keep it: in UTC, to the microsecond, what is finer cut off. It is
/// what databases keep, so that an event is the same in every store, and the same
/// before and after an export.
#[must_use]
pub fn kept_time(time: OffsetDateTime) -> OffsetDateTime {
    // A time at the edge of the calendar stays as it was: it has no other one.
    let utc = time.checked_to_offset(UtcOffset::UTC).unwrap_or(time);
    // Always a nanosecond that there is; else the time stays as it was.
    utc.replace_nanosecond(utc.nanosecond() / 1_000 * 1_000).unwrap_or(utc)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn what_is_finer_than_a_microsecond_is_cut_off_before_and_after_the_epoch() {
        let kept = kept_time(datetime!(2013-01-12 18:00:00.123_456_789 +02:00));
        assert_eq!(kept, datetime!(2013-01-12 16:00:00.123_456 UTC));
        assert_eq!(kept.offset(), UtcOffset::UTC);
        let kept = kept_time(datetime!(1913-01-12 18:00:00.123_456_789 UTC));
        assert_eq!(kept, datetime!(1913-01-12 18:00:00.123_456 UTC));
    }
}
