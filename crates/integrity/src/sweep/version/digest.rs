use async_trait::async_trait;
use sluice_common::port::StoreError;
use sluice_evidence::{ResourceDescriptor, SubjectId};

use super::{Examined, Rule, SealedVersion, VersionCheck, rehash};

/// The bytes still have the sealed digest. Reads them all, so only for the share whose turn it is.
pub(super) struct Digest;

#[async_trait]
impl VersionCheck for Digest {
    async fn check(&self, of: &SealedVersion<'_>, found: &mut Examined) {
        if !of.round.request.deep.includes(&SubjectId::from(of.version)) {
            return;
        }
        match rehash(of.round, of.version).await {
            // It was listed a moment ago: gone in between, which the evidence tells the next time.
            Err(error @ StoreError::NotFound { .. }) => found.unreadable("version gone while sweeping", &error),
            Err(error) => found.unreadable("bytes", &error),
            Ok(now) => {
                found.rehashed += 1;
                if Some(now.sha256) != of.seal.sha256() {
                    let subject = ResourceDescriptor::object(of.version, now.sha256);
                    let detail = "the version's bytes are not the sealed ones";
                    found.damaged(Rule::DigestMismatch, subject, detail, vec![of.seal_evidence()]);
                }
                if now.facts.encryption != of.seal.object.sse {
                    let detail = "the version's encryption at rest was changed after it was sealed";
                    of.damaged(found, Rule::EncryptionChanged, detail);
                }
            }
        }
    }
}
