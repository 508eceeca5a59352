use async_trait::async_trait;
use jiff::SignedDuration;
use sluice_common::port::Retention;

use super::{Examined, PromisedLock, Rule, SealedVersion, VersionCheck};

/// How long before its end a retention counts as ending.
const NOTICE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The lock that the seal promises holds.
pub(super) struct LockHeld;

#[async_trait]
impl VersionCheck for LockHeld {
    async fn check(&self, of: &SealedVersion<'_>, found: &mut Examined) {
        let Some(promised) = of.seal.lock else { return };
        let left = promised.retain_until.duration_since(of.round.request.as_of);
        if !left.is_positive() {
            // A promise that has been kept to its end asks nothing more.
            found.lock = Some(PromisedLock::Ended);
            return;
        }
        found.lock = (left <= NOTICE).then_some(PromisedLock::Ending);
        let promised = Retention { mode: promised.mode, retain_until: promised.retain_until };
        match of.round.ports.locks.retention(of.version).await {
            Err(error) => found.unreadable("retention", &error),
            Ok(Some(held)) if held.covers(&promised) => {}
            Ok(Some(_)) => {
                of.damaged(
                    found,
                    Rule::LockTooShort,
                    "the version's retention is shorter or weaker than its seal promises",
                );
            }
            Ok(None) => of.damaged(found, Rule::LockMissing, "the version has no retention, its seal promises one"),
        }
    }
}
