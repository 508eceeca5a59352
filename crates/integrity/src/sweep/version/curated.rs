use sluice_common::port::StoreError;
use sluice_evidence::predicate::Pseudonymize;
use sluice_evidence::{Kept, ResourceDescriptor, SubjectId};

use super::{Examined, Rule, SealedVersion, evidence_of, rehash};

/// The curated objects of a statement exist; those whose turn it is still have their bytes.
pub(super) async fn check(of: &SealedVersion<'_>, published: &Kept<Pseudonymize>, found: &mut Examined) {
    for subject in published.statement().subject() {
        let (Some(version), Some(signed)) = (subject.version(), subject.digest.sha256) else { continue };
        found.curated_seen += 1;
        let deep = of.round.request.deep.includes(&SubjectId::from(&version));
        let now = if deep {
            rehash(of.round, &version).await.map(|now| Some(now.sha256))
        } else {
            of.round.ports.objects.head(&version).await.map(|_facts| None)
        };
        let evidence = vec![evidence_of(published)];
        match now {
            Ok(None) => {}
            Ok(Some(now)) => {
                found.rehashed += 1;
                if now != signed {
                    let subject = ResourceDescriptor::object(&version, now);
                    let detail = "the curated object's bytes are not the published ones";
                    found.damaged(Rule::CuratedDigestMismatch, subject, detail, evidence);
                }
            }
            Err(StoreError::NotFound { .. }) => {
                let subject = ResourceDescriptor::unread_object(&version);
                found.damaged(Rule::CuratedMissing, subject, "the published object is gone", evidence);
            }
            Err(error) => found.unreadable("curated object", &error),
        }
    }
}
