use sluice_evidence::Kept;
use sluice_evidence::predicate::Pseudonymize;

use super::made::{self, Broken};
use super::{Examined, Rule, SealedVersion, evidence_of};

const BROKEN: Broken = Broken {
    gone: (Rule::CuratedMissing, "the published object is gone"),
    changed: (Rule::CuratedDigestMismatch, "the curated object's bytes are not the published ones"),
};

/// The curated objects of a statement.
pub(super) async fn check(of: &SealedVersion<'_>, published: &Kept<Pseudonymize>, found: &mut Examined) {
    for subject in published.statement().subject() {
        let (Some(version), Some(signed)) = (subject.version(), subject.digest.sha256) else { continue };
        found.curated_seen += 1;
        made::check(of, &version, signed, evidence_of(published), &BROKEN, found).await;
    }
}
