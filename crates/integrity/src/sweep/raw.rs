//! The raw bucket: every version is sealed, locked, and went as far as it could.

use async_trait::async_trait;
use sluice_common::BucketName;
use sluice_common::port::{ListCursor, VersionEntry, VersionLister};
use sluice_evidence::predicate::{Coverage, FindingEvidence};

use super::findings::Findings;
use super::rule::{Problem, Rule, Verdict};
use super::version::{Examined, PromisedLock, examine};
use super::walk::{Ground, unnamed, version, walk};
use super::{Round, SweepError};

/// The raw bucket of a sweep.
struct Raw<'a>(&'a Round<'a>);

pub(super) async fn sweep(
    round: &Round<'_>,
    from: Option<ListCursor>,
    coverage: &mut Coverage,
    findings: &mut Findings<'_>,
) -> Result<Option<ListCursor>, SweepError> {
    walk(round, &Raw(round), from, coverage, findings).await
}

#[async_trait]
impl Ground for Raw<'_> {
    type Seen = Examined;

    const HIDDEN: Rule = Rule::DeleteMarkerOverSealed;
    const HIDDEN_DETAIL: &'static str =
        "a delete marker hides a sealed version: remove the marker if the deletion was not meant";

    fn bucket(&self) -> &BucketName {
        self.0.raw()
    }

    fn versions(&self) -> &dyn VersionLister {
        self.0.ports.raw_versions.unwrap_or(self.0.ports.versions)
    }

    fn prefix(&self) -> &str {
        &self.0.desired.raw_prefix
    }

    async fn look_at(&self, entry: &VersionEntry) -> Examined {
        if self.0.desired.is_excluded(entry.key.as_str()) {
            return Examined::default();
        }
        match version(self.bucket(), &entry.key, &entry.version_id) {
            Some(version) => examine(self.0, entry, &version).await,
            None => unversioned(self.bucket(), entry),
        }
    }

    fn statement(seen: &Examined) -> Option<&FindingEvidence> {
        seen.sealed.as_ref()
    }

    fn judge(&self, _entry: &VersionEntry, seen: Examined, coverage: &mut Coverage) -> Vec<Verdict> {
        coverage.versions_seen += 1;
        coverage.sealed += u64::from(seen.sealed.is_some());
        coverage.unsealed += u64::from(seen.unsealed);
        coverage.re_enqueued += seen.re_enqueued;
        coverage.rehashed += seen.rehashed;
        coverage.curated_seen += seen.curated_seen;
        coverage.locks_ending += u64::from(seen.lock == Some(PromisedLock::Ending));
        coverage.locks_ended += u64::from(seen.lock == Some(PromisedLock::Ended));
        seen.verdicts
    }

    fn count_marker(&self, coverage: &mut Coverage) {
        coverage.delete_markers_seen += 1;
    }
}

fn unversioned(raw: &BucketName, entry: &VersionEntry) -> Examined {
    let problem = Problem {
        rule: Rule::UnversionedObject,
        subject: unnamed(raw, &entry.key),
        detail: "an object has no version: it was written while versioning was off and cannot be sealed".to_owned(),
        evidence: Vec::new(),
    };
    Examined { verdicts: vec![Verdict::Damaged(problem)], unsealed: true, ..Examined::default() }
}
