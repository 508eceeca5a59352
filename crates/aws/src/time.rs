use aws_smithy_types::DateTime;
use jiff::Timestamp;

/// An instant of the SDK in ours; `None` outside of jiff's years.
pub(crate) fn timestamp(at: &DateTime) -> Option<Timestamp> {
    Timestamp::new(at.secs(), i32::try_from(at.subsec_nanos()).ok()?).ok()
}

/// An instant of ours in the SDK's, rounded up to the second: services cut fractions off, and a retention that was
/// written must not be shorter than the one that was asked for.
pub(crate) fn date_time_rounded_up(at: Timestamp) -> DateTime {
    let fraction = i64::from(at.subsec_nanosecond() > 0);
    DateTime::from_secs(at.as_second().saturating_add(fraction))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_seconds_stay_and_fractions_grow() {
        for (text, seconds) in [("1970-01-01T00:00:07Z", 7), ("1970-01-01T00:00:07.000000001Z", 8)] {
            assert_eq!(date_time_rounded_up(text.parse().unwrap()).secs(), seconds);
        }
    }

    #[test]
    fn instants_round_trip() {
        let instant: Timestamp = "2026-02-03T04:05:06Z".parse().unwrap();
        assert_eq!(timestamp(&date_time_rounded_up(instant)), Some(instant));
    }
}
