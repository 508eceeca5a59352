use async_trait::async_trait;

use super::{Examined, Rule, SealedVersion, VersionCheck};

/// The listing tells the length and the time that were sealed. Free of charge: the listing is there anyway.
pub(super) struct Facts;

#[async_trait]
impl VersionCheck for Facts {
    async fn check(&self, of: &SealedVersion<'_>, found: &mut Examined) {
        let sealed = &of.seal.object;
        // Listings know milliseconds, `Last-Modified` only seconds.
        let same_time = sealed.last_modified.as_second() == of.entry.last_modified.as_second();
        if sealed.size != of.entry.size_bytes || !same_time {
            of.damaged(found, Rule::SealedFactsChanged, "the version's length or time is not the sealed one");
        }
    }
}
