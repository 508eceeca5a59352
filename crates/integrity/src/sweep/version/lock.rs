use async_trait::async_trait;
use sluice_common::port::Retention;

use super::{Examined, Rule, SealedVersion, VersionCheck};

/// The lock that the seal promises holds.
pub(super) struct LockHeld;

#[async_trait]
impl VersionCheck for LockHeld {
    async fn check(&self, of: &SealedVersion<'_>, found: &mut Examined) {
        // A promise that has been kept to its end asks nothing more.
        let Some(promised) = of.seal.lock.filter(|lock| lock.retain_until > of.round.request.as_of) else { return };
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
