use sluice_common::ObjectVersion;
use sluice_evidence::Kept;
use sluice_evidence::predicate::Quality;

use super::made::{self, Broken};
use super::{Examined, PromisedLock, Rule, SealedVersion, evidence_of};

const BROKEN: Broken = Broken {
    gone: (Rule::QuarantinedRowsMissing, "the file of failing rows that the verdict names is gone"),
    changed: (Rule::QuarantinedRowsMismatch, "the file of failing rows does not have the bytes that the verdict names"),
};

/// The rows that a verdict set aside. They lie in the raw bucket under its lock, and may go when the upload may.
pub(super) async fn check(of: &SealedVersion<'_>, verdict: &Kept<Quality>, found: &mut Examined) {
    let Some(failing) = &verdict.failing_rows else { return };
    if found.lock == Some(PromisedLock::Ended) {
        return;
    }
    match ObjectVersion::from_uri(&failing.kept.uri) {
        Ok(file) => made::check(of, &file, failing.kept.sha256, evidence_of(verdict), &BROKEN, found).await,
        Err(_no_version) => of.damaged(found, Rule::StatementDamaged, "a verdict names no version as its failing rows"),
    }
}
