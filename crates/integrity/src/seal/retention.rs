use jiff::{SignedDuration, Timestamp};
use sluice_common::ObjectVersion;
use sluice_common::policy::RetentionSpec;
use sluice_common::port::{ObjectLock, Retention};

use super::SealError;

/// What was done to a version's lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockChange {
    /// The policy asks for none of its own.
    LeftToBucket,
    /// It was there and long enough.
    AlreadyHeld,
    /// It was set.
    Set,
    /// It was there, shorter or weaker, and was extended.
    Extended,
    /// The time asked for has passed; S3 takes no date in the past.
    Lapsed,
}

/// The least retention of a version: the policy's days from the version's own time. A day is 24 hours, as in S3.
pub(super) fn least(wish: RetentionSpec, last_modified: Timestamp) -> Result<Retention, SealError> {
    let too_long = |_overflow: jiff::Error| SealError::RetentionTooLong { days: wish.days };
    let period = SignedDuration::from_hours(i64::from(wish.days) * 24);
    let retain_until = last_modified.checked_add(period).map_err(too_long)?;
    Ok(Retention { mode: wish.mode, retain_until })
}

/// Makes sure that at least this retention holds. An existing one is never shortened or weakened: the mode of a stronger
/// one is kept, since S3 would refuse to weaken it, and a stronger mode is set only when `least` asks for it.
pub(super) async fn hold(
    locks: &dyn ObjectLock,
    at: &ObjectVersion,
    least: &Retention,
    now: Timestamp,
) -> Result<LockChange, SealError> {
    let present = locks.retention(at).await?;
    if present.is_some_and(|present| present.covers(least)) {
        return Ok(LockChange::AlreadyHeld);
    }
    if least.retain_until <= now {
        return Ok(LockChange::Lapsed);
    }
    let (target, change) = match present {
        None => (*least, LockChange::Set),
        Some(present) => {
            let mode = present.mode.max(least.mode);
            (Retention { mode, retain_until: present.retain_until.max(least.retain_until) }, LockChange::Extended)
        }
    };
    locks.set_retention(at, &target).await?;
    match locks.retention(at).await? {
        Some(held) if held.covers(least) => Ok(change),
        _ => Err(SealError::LockNotHeld),
    }
}
