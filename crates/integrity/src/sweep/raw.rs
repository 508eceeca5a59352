//! The walk over the raw bucket: every version, a page at a time.

use futures::FutureExt as _;
use sluice_common::port::{ListCursor, VersionEntry};
use sluice_common::{BucketName, ObjectVersion, Sha256Digest, VersionId};
use sluice_evidence::ResourceDescriptor;
use sluice_evidence::predicate::{Coverage, FindingEvidence};

use super::ahead::Ahead;
use super::findings::Findings;
use super::place::Place;
use super::rule::{Problem, Rule, Verdict};
use super::version::{Examined, PromisedLock, examine};
use super::{Round, SweepError};

pub(super) async fn sweep(
    round: &Round<'_>,
    from: Option<ListCursor>,
    coverage: &mut Coverage,
    findings: &mut Findings<'_>,
) -> Result<Option<ListCursor>, SweepError> {
    let mut place = Place::default();
    let mut hidden_by: Option<VersionEntry> = None;
    let mut next = from;
    loop {
        let page = round.ports.versions.list_versions(round.raw(), &round.desired.raw_prefix, next.as_ref()).await?;
        let (mut entries, mut ahead) = (page.entries.iter(), Ahead::new());
        loop {
            ahead.fill(&mut entries, |entry| async move { (entry, look_at(round, entry).await) }.boxed());
            let Some((entry, examined)) = ahead.next().await else { break };
            place.enter(entry.key.as_str());
            // Without a finished key there is no place to go on from.
            if place.is_known() && round.must_stop() {
                return Ok(place.cursor());
            }
            if entry.is_delete_marker {
                coverage.delete_markers_seen += 1;
                if entry.is_latest {
                    hidden_by = Some(entry.clone());
                }
                continue;
            }
            if let Some(verdict) = hidden(round.raw(), &mut hidden_by, entry, &examined) {
                findings.take(verdict).await?;
            }
            take(examined, coverage, findings).await?;
        }
        match page.next {
            None => return Ok(None),
            more => next = more,
        }
    }
}

async fn look_at(round: &Round<'_>, entry: &VersionEntry) -> Examined {
    if entry.is_delete_marker || round.desired.is_excluded(entry.key.as_str()) {
        return Examined::default();
    }
    match VersionId::new(entry.version_id.as_str()) {
        Ok(version_id) => {
            let version = ObjectVersion { bucket: round.raw().clone(), key: entry.key.clone(), version_id };
            examine(round, entry, &version).await
        }
        Err(_unversioned) => {
            // It has no version to name it by, so it is named by the digest of its key.
            let subject = ResourceDescriptor::named(
                format!("s3://{}", round.raw()),
                Sha256Digest::of(entry.key.as_str().as_bytes()),
            );
            let detail = "an object has no version: it was written while versioning was off and cannot be sealed";
            let problem =
                Problem { rule: Rule::UnversionedObject, subject, detail: detail.to_owned(), evidence: Vec::new() };
            Examined { verdicts: vec![Verdict::Damaged(problem)], unsealed: true, ..Examined::default() }
        }
    }
}

/// The newest sealed version of a key whose current version is a delete marker. One finding a marker.
fn hidden(
    raw: &BucketName,
    hidden_by: &mut Option<VersionEntry>,
    entry: &VersionEntry,
    examined: &Examined,
) -> Option<Verdict> {
    let marker = hidden_by.take_if(|marker| marker.key != entry.key || examined.sealed.is_some())?;
    let seal = examined.sealed.clone().filter(|_| marker.key == entry.key)?;
    let named = |id: &str| {
        let version_id = VersionId::new(id).ok()?;
        Some(ObjectVersion { bucket: raw.clone(), key: entry.key.clone(), version_id })
    };
    let sealed = named(&entry.version_id)?;
    let mut evidence = vec![seal];
    evidence.extend(named(&marker.version_id).map(|marker| FindingEvidence { uri: marker.uri(), sha256: None }));
    Some(Verdict::Damaged(Problem {
        rule: Rule::DeleteMarkerOverSealed,
        subject: ResourceDescriptor::unread_object(&sealed),
        detail: "a delete marker hides a sealed version: remove the marker if the deletion was not meant".to_owned(),
        evidence,
    }))
}

async fn take(examined: Examined, coverage: &mut Coverage, findings: &mut Findings<'_>) -> Result<(), SweepError> {
    coverage.versions_seen += 1;
    coverage.sealed += u64::from(examined.sealed.is_some());
    coverage.unsealed += u64::from(examined.unsealed);
    coverage.re_enqueued += examined.re_enqueued;
    coverage.rehashed += examined.rehashed;
    coverage.curated_seen += examined.curated_seen;
    coverage.locks_ending += u64::from(examined.lock == Some(PromisedLock::Ending));
    coverage.locks_ended += u64::from(examined.lock == Some(PromisedLock::Ended));
    for verdict in examined.verdicts {
        findings.take(verdict).await?;
    }
    Ok(())
}
