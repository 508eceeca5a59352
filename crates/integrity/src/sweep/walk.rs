//! The walk that the raw and the curated bucket share: every version, a page at a time, several looked at at once and judged
//! in order.

use async_trait::async_trait;
use futures::FutureExt as _;
use sluice_common::port::{ListCursor, VersionEntry, VersionLister};
use sluice_common::{BucketName, ObjectKey, ObjectVersion, Sha256Digest, VersionId};
use sluice_evidence::ResourceDescriptor;
use sluice_evidence::predicate::{Coverage, FindingEvidence};

use super::ahead::Ahead;
use super::findings::Findings;
use super::place::Place;
use super::rule::{Problem, Rule, Verdict};
use super::{Round, SweepError};

/// A bucket that is walked over.
#[async_trait]
pub(super) trait Ground: Sync {
    /// What becomes known of a version.
    type Seen: Send;

    /// The rule that a delete marker breaks over a version which a statement speaks of.
    const HIDDEN: Rule;

    /// What is wrong then and what to do.
    const HIDDEN_DETAIL: &'static str;

    fn bucket(&self) -> &BucketName;

    /// Lists the versions.
    fn versions(&self) -> &dyn VersionLister;

    /// Keys under it are looked at.
    fn prefix(&self) -> &str;

    /// Looks at a version, which is no delete marker.
    async fn look_at(&self, entry: &VersionEntry) -> Self::Seen;

    /// The statement that speaks of the version.
    fn statement(seen: &Self::Seen) -> Option<&FindingEvidence>;

    /// Counts what was seen and says what is wrong with it.
    fn judge(&self, entry: &VersionEntry, seen: Self::Seen, coverage: &mut Coverage) -> Vec<Verdict>;

    /// Counts a delete marker.
    fn count_marker(&self, _coverage: &mut Coverage) {}
}

/// Walks from a place to the end, or to where the time is over, which is returned.
pub(super) async fn walk<G: Ground>(
    round: &Round<'_>,
    ground: &G,
    from: Option<ListCursor>,
    coverage: &mut Coverage,
    findings: &mut Findings<'_>,
) -> Result<Option<ListCursor>, SweepError> {
    let mut place = Place::default();
    let mut hidden_by: Option<VersionEntry> = None;
    let mut next = from;
    loop {
        let page = ground.versions().list_versions(ground.bucket(), ground.prefix(), next.as_ref()).await?;
        let (mut entries, mut ahead) = (page.entries.iter(), Ahead::new());
        loop {
            ahead.fill(&mut entries, |entry| look_at(ground, entry).boxed());
            let Some((entry, seen)) = ahead.next().await else { break };
            place.enter(entry.key.as_str());
            // Without a finished key there is no place to go on from.
            if place.is_known() && round.must_stop() {
                return Ok(place.cursor());
            }
            let Some(seen) = seen else {
                ground.count_marker(coverage);
                if entry.is_latest {
                    hidden_by = Some(entry.clone());
                }
                continue;
            };
            if let Some(verdict) = hidden(ground, &mut hidden_by, entry, &seen) {
                findings.take(verdict).await?;
            }
            for verdict in ground.judge(entry, seen, coverage) {
                findings.take(verdict).await?;
            }
        }
        match page.next {
            None => return Ok(None),
            more => next = more,
        }
    }
}

async fn look_at<'e, G: Ground>(ground: &G, entry: &'e VersionEntry) -> (&'e VersionEntry, Option<G::Seen>) {
    if entry.is_delete_marker { (entry, None) } else { (entry, Some(ground.look_at(entry).await)) }
}

/// The newest version of a key that a statement speaks of, when the key's current version is a delete marker. One finding a
/// marker.
fn hidden<G: Ground>(
    ground: &G,
    hidden_by: &mut Option<VersionEntry>,
    entry: &VersionEntry,
    seen: &G::Seen,
) -> Option<Verdict> {
    let statement = G::statement(seen);
    let marker = hidden_by.take_if(|marker| marker.key != entry.key || statement.is_some())?;
    let statement = statement.filter(|_| marker.key == entry.key)?;
    let stated = version(ground.bucket(), &entry.key, &entry.version_id)?;
    let marker = version(ground.bucket(), &marker.key, &marker.version_id);
    let marker = marker.map(|marker| FindingEvidence { uri: marker.uri(), sha256: None });
    Some(Verdict::Damaged(Problem {
        rule: G::HIDDEN,
        subject: ResourceDescriptor::unread_object(&stated),
        detail: G::HIDDEN_DETAIL.to_owned(),
        evidence: std::iter::once(statement.clone()).chain(marker).collect(),
    }))
}

/// A version by its name, when it has one: what is written without versioning has none.
pub(super) fn version(bucket: &BucketName, key: &ObjectKey, version_id: &str) -> Option<ObjectVersion> {
    let version_id = VersionId::new(version_id).ok()?;
    Some(ObjectVersion { bucket: bucket.clone(), key: key.clone(), version_id })
}

/// A subject for what has no version to name it by: the bucket, and the digest of the key.
pub(super) fn unnamed(bucket: &BucketName, key: &ObjectKey) -> ResourceDescriptor {
    ResourceDescriptor::named(format!("s3://{bucket}"), Sha256Digest::of(key.as_str().as_bytes()))
}
