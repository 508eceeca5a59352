//! Date conditions, over a point in time and a clock that the caller reads.

use super::holds;
use crate::ast::{DateCondition, DateExpr, DateKind, Duration, DurationUnit, Sign};

const SECONDS_A_MINUTE: i64 = 60;
const SECONDS_A_DAY: i64 = 86_400;

/// What dates are relative to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// Now, in seconds since 1970-01-01T00:00Z.
    pub now_epoch_seconds: i64,
    /// How far the zone of the tag `timeZone` is ahead of UTC now, in seconds; 0 without the tag.
    pub zone_offset_seconds: i32,
}

impl DateCondition {
    /// Whether a point in time, in seconds since 1970-01-01T00:00Z, satisfies the condition.
    pub fn evaluate(&self, epoch_seconds: i64, clock: &Clock) -> bool {
        holds(&self.test, |operand| operand.resolve(clock).map(|operand| epoch_seconds.cmp(&operand)))
    }
}

impl DateExpr {
    /// The point in time, in seconds since 1970-01-01T00:00Z, or `None` for NULL. `now()` is cut to the minute.
    pub fn resolve(&self, clock: &Clock) -> Option<i64> {
        match &self.kind {
            DateKind::Date(date) => Some(date.days_since_epoch() * SECONDS_A_DAY),
            DateKind::Time { time, .. } => {
                let zone_offset = i64::from(clock.zone_offset_seconds);
                let local_midnight =
                    clock.now_epoch_seconds.saturating_add(zone_offset).div_euclid(SECONDS_A_DAY) * SECONDS_A_DAY;
                Some(local_midnight + i64::from(time.minutes()) * SECONDS_A_MINUTE - zone_offset)
            }
            DateKind::Now { offset } => {
                let now = clock.now_epoch_seconds.div_euclid(SECONDS_A_MINUTE) * SECONDS_A_MINUTE;
                Some(match offset {
                    None => now,
                    Some((Sign::Plus, age)) => now.saturating_add(age.minutes() * SECONDS_A_MINUTE),
                    Some((Sign::Minus, age)) => now.saturating_sub(age.minutes() * SECONDS_A_MINUTE),
                })
            }
            DateKind::Null => None,
        }
    }
}

impl Duration {
    /// The age in hours.
    pub fn hours(self) -> f64 {
        let amount = f64::from(self.amount);
        match self.unit {
            DurationUnit::Minutes => amount / 60.0,
            DurationUnit::Hours => amount,
            DurationUnit::Days => amount * 24.0,
        }
    }
}
