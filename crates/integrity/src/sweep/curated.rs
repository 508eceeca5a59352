//! The walk over the curated bucket: nothing lies there that no statement accounts for, and nothing published is hidden.

use futures::FutureExt as _;
use sluice_common::port::{ListCursor, VersionEntry};
use sluice_common::{BucketName, ObjectKey, ObjectVersion, VersionId};
use sluice_evidence::layout::STATEMENTS_PREFIX;
use sluice_evidence::predicate::{Coverage, FindingEvidence, Outcome, Pseudonymize};
use sluice_evidence::{EvidenceError, ResourceDescriptor, Stage};

use super::ahead::Ahead;
use super::findings::Findings;
use super::place::Place;
use super::rule::{Problem, Rule, Verdict};
use super::version::{evidence_of, is_damage};
use super::{Round, SweepError};

/// Hexadecimal digits of a raw version's id that a curated key carries: `dataset/dt=YYYY-MM-DD/id-run.ending`.
const ID_DIGITS: usize = 32;

/// What accounts for a version.
enum Account {
    /// This statement.
    Stated(FindingEvidence),
    /// None, and it is too young to miss one.
    NotYet,
    /// None.
    Missing,
    /// It could not be found out.
    Unreadable(EvidenceError),
    /// It is a delete marker and needs none.
    Marker,
}

pub(super) async fn sweep(
    round: &Round<'_>,
    bucket: &BucketName,
    from: Option<ListCursor>,
    coverage: &mut Coverage,
    findings: &mut Findings<'_>,
) -> Result<Option<ListCursor>, SweepError> {
    let mut place = Place::default();
    let mut hidden_by: Option<VersionEntry> = None;
    let mut next = from;
    loop {
        let page = round.ports.versions.list_versions(bucket, "", next.as_ref()).await?;
        let (mut entries, mut ahead) = (page.entries.iter(), Ahead::new());
        loop {
            ahead.fill(&mut entries, |entry| async move { (entry, account_for(round, bucket, entry).await) }.boxed());
            let Some((entry, account)) = ahead.next().await else { break };
            place.enter(entry.key.as_str());
            if place.is_known() && round.must_stop() {
                return Ok(place.cursor());
            }
            if hidden_by.as_ref().is_some_and(|marker| marker.key != entry.key) {
                hidden_by = None;
            }
            if entry.is_delete_marker {
                if entry.is_latest {
                    hidden_by = Some(entry.clone());
                }
                continue;
            }
            coverage.curated_versions += 1;
            if let Some(verdict) = judge(bucket, entry, account, &mut hidden_by) {
                findings.take(verdict).await?;
            }
        }
        match page.next {
            None => return Ok(None),
            more => next = more,
        }
    }
}

fn judge(
    bucket: &BucketName,
    entry: &VersionEntry,
    account: Account,
    hidden_by: &mut Option<VersionEntry>,
) -> Option<Verdict> {
    let at = version(bucket, &entry.key, &entry.version_id);
    let damaged = |rule, detail: &str, evidence| {
        let unnamed = || ResourceDescriptor::named(format!("s3://{bucket}"), super::digest_of(&entry.key));
        let subject = at.as_ref().map_or_else(unnamed, ResourceDescriptor::unread_object);
        Some(Verdict::Damaged(Problem { rule, subject, detail: detail.to_owned(), evidence }))
    };
    match account {
        Account::Stated(statement) => {
            let marker = hidden_by.take()?;
            let mut evidence = vec![statement];
            let marker = version(bucket, &marker.key, &marker.version_id);
            evidence.extend(marker.map(|marker| FindingEvidence { uri: marker.uri(), sha256: None }));
            let detail = "a delete marker hides a published object: remove the marker if the deletion was not meant";
            damaged(Rule::DeleteMarkerOverPublished, detail, evidence)
        }
        Account::Missing => {
            let detail = "no statement accounts for an object in the curated bucket: see who wrote it";
            damaged(Rule::CuratedUnexplained, detail, Vec::new())
        }
        Account::Unreadable(error) => Some(Verdict::unreadable("statements about a curated object", &error)),
        Account::NotYet | Account::Marker => None,
    }
}

fn version(bucket: &BucketName, key: &ObjectKey, version_id: &str) -> Option<ObjectVersion> {
    let version_id = VersionId::new(version_id).ok()?;
    Some(ObjectVersion { bucket: bucket.clone(), key: key.clone(), version_id })
}

async fn account_for(round: &Round<'_>, bucket: &BucketName, entry: &VersionEntry) -> Account {
    if entry.is_delete_marker {
        return Account::Marker;
    }
    let stated = match (version(bucket, &entry.key, &entry.version_id), id_in(&entry.key)) {
        (Some(at), Some(id)) => find(round, &at, id).await,
        _ => Ok(None),
    };
    match stated {
        Ok(Some(statement)) => Account::Stated(statement),
        // The statement about an object is the last thing that its run writes.
        Ok(None) if round.age(entry.last_modified) < round.request.settle => Account::NotYet,
        Ok(None) => Account::Missing,
        Err(error) => Account::Unreadable(error),
    }
}

/// The beginning of the id of the raw version that an object was made of.
fn id_in(key: &ObjectKey) -> Option<&str> {
    let (_, name) = key.as_str().rsplit_once('/')?;
    let (id, _run) = name.split_once('-')?;
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (id.len() == ID_DIGITS && id.bytes().all(is_digit)).then_some(id)
}

/// The statement by which a version was published.
async fn find(round: &Round<'_>, at: &ObjectVersion, id: &str) -> Result<Option<FindingEvidence>, EvidenceError> {
    let archive = round.ports.ledger.archive();
    let shard = id.get(..2).unwrap_or_default();
    let prefix = format!("{STATEMENTS_PREFIX}{}/{shard}/{id}", Stage::Pseudonymize.as_str());
    let mut next = None;
    loop {
        let page = round.ports.versions.list_versions(archive.bucket(), &prefix, next.as_ref()).await?;
        for entry in page.entries.iter().filter(|entry| !entry.is_delete_marker) {
            let Some(statement) = version(archive.bucket(), &entry.key, &entry.version_id) else { continue };
            match archive.load::<Pseudonymize>(&statement).await {
                Ok(kept) => {
                    let names = |one: &ResourceDescriptor| one.version().as_ref() == Some(at);
                    if kept.outcome == Outcome::Published && kept.statement().subject().iter().any(names) {
                        return Ok(Some(evidence_of(&kept)));
                    }
                }
                // It accounts for nothing; the walk over the evidence tells of it.
                Err(error) if is_damage(&error) => {}
                Err(error) => return Err(error),
            }
        }
        match page.next {
            None => return Ok(None),
            more => next = more,
        }
    }
}
