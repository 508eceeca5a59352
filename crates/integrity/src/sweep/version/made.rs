//! An object that a statement says was made of a version: it exists, and has its bytes when it is its turn to be read.

use sluice_common::port::StoreError;
use sluice_common::{ObjectVersion, Sha256Digest};
use sluice_evidence::predicate::FindingEvidence;
use sluice_evidence::{ResourceDescriptor, SubjectId};

use super::{Examined, Rule, SealedVersion, rehash};

/// What is said when an object is gone, and when it has other bytes.
pub(super) struct Broken {
    pub(super) gone: (Rule, &'static str),
    pub(super) changed: (Rule, &'static str),
}

pub(super) async fn check(
    of: &SealedVersion<'_>,
    made: &ObjectVersion,
    signed: Sha256Digest,
    evidence: FindingEvidence,
    broken: &Broken,
    found: &mut Examined,
) {
    let deep = of.round.request.deep.includes(&SubjectId::from(made));
    let now = if deep {
        rehash(of.round, made).await.map(|now| Some(now.sha256))
    } else {
        of.round.ports.objects.head(made).await.map(|_facts| None)
    };
    match now {
        Ok(None) => {}
        Ok(Some(now)) => {
            found.rehashed += 1;
            if now != signed {
                let (rule, detail) = broken.changed;
                found.damaged(rule, ResourceDescriptor::object(made, now), detail, vec![evidence]);
            }
        }
        Err(StoreError::NotFound { .. }) => {
            let (rule, detail) = broken.gone;
            found.damaged(rule, ResourceDescriptor::unread_object(made), detail, vec![evidence]);
        }
        Err(error) => found.unreadable("an object that a statement names", &error),
    }
}
