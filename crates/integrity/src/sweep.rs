//! Sweeping: is everything still what was signed?
//!
//! Events can be lost, locks can be lifted, settings can drift, evidence can be hidden. A sweep looks at every version of the
//! raw and curated buckets, every key of the evidence bucket, the log, and the settings of buckets, keys and the trail, heals what is merely late by sending it
//! through its queue again, signs a finding for what is damaged, and signs that it looked. What could not be read is
//! counted, never reported as damaged. Memory is a page of the listing, whatever the bucket holds.
//!
//! | to add | write | register in |
//! |---|---|---|
//! | a check of a bucket's settings | a file in `sweep/bucket/` | `sweep/bucket.rs` |
//! | a check of a KMS key's settings | a file in `sweep/key/` | `sweep/key.rs` |
//! | a check of the trail's settings | a file in `sweep/trail/` | `sweep/trail.rs` |
//! | a check of a sealed version | a file in `sweep/version/` | `sweep/version.rs` |

mod ahead;
mod bucket;
mod curated;
mod desired;
mod evidence;
mod findings;
mod key;
mod log;
mod past;
mod place;
mod raw;
mod rule;
mod settings;
mod trail;
mod version;
mod walk;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use sluice_common::port::{
    BucketInspector, Clock, Deadline, KeyInspector, ListCursor, Metric, MetricUnit, Metrics, ObjectLock, ObjectReader,
    Queue, StoreError, TrailInspector, UserMetadata, VersionLister,
};
use sluice_common::{BucketName, Dispose, Disposition, ObjectKey, Sha256Digest};
use sluice_evidence::predicate::{Coverage, FindingEvidence, InventoryRef, LogHead, Sweep};
use sluice_evidence::{Archive, EvidenceError, Kept, Ledger, Predecessor, ResourceDescriptor, Statement, SubjectId};

pub use desired::{Desired, DesiredBucket, DesiredKey, DesiredTrail};
pub use findings::FoundProblem;
pub use past::{PastAccount, PastAccounts};
pub use rule::Rule;
pub use sluice_evidence::predicate::{Deep, SweepCursor};

use findings::Findings;
use rule::{Problem, Verdict};

/// What a sweep needs from the outside.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "ports have nothing to show")]
pub struct SweepPorts<'a> {
    /// Reads versions.
    pub objects: &'a dyn ObjectReader,
    /// Lists them.
    pub versions: &'a dyn VersionLister,
    /// Lists the raw bucket in its stead, as an S3 Inventory does.
    pub raw_versions: Option<&'a dyn VersionLister>,
    /// Knows their locks.
    pub locks: &'a dyn ObjectLock,
    /// Knows the buckets' settings.
    pub buckets: &'a dyn BucketInspector,
    /// Knows the KMS keys' settings; without it they are not looked at.
    pub keys: Option<&'a dyn KeyInspector>,
    /// Knows the trail's settings; without it they are not looked at.
    pub trails: Option<&'a dyn TrailInspector>,
    /// Keeps findings and the sweep's own statement.
    pub ledger: &'a Ledger,
    /// The seal function's queue.
    pub seal_queue: &'a dyn Queue,
    /// The quality function's queue, to send seals to that it seems to have missed.
    pub quality_queue: Option<&'a dyn Queue>,
    /// The pseudonymize function's queue, to send verdicts to that it seems to have missed.
    pub pseudonymize_queue: Option<&'a dyn Queue>,
    /// Where findings are counted.
    pub metrics: &'a dyn Metrics,
    /// Tells how much of the deadline is left; never stated.
    pub clock: &'a dyn Clock,
}

/// One sweep, or the next part of one.
#[derive(Debug, Clone)]
pub struct SweepRequest {
    /// The time from which ages are counted: that of the schedule's event, so that a retry judges alike.
    pub as_of: Timestamp,
    /// Where to begin.
    pub from: SweepCursor,
    /// Digests of the buckets' settings that an earlier sweep signed; a bucket that has others now is a finding.
    pub settings: BTreeMap<BucketName, Sha256Digest>,
    /// The same of keys and the trail, by ARN.
    pub other_settings: BTreeMap<String, Sha256Digest>,
    /// The inventory behind [`SweepPorts::raw_versions`].
    pub inventory: Option<InventoryRef>,
    /// The log's head as an earlier sweep saw it: it must still be there.
    pub log_head: Option<LogHead>,
    /// Digest of the desired state by which an earlier sweep judged; another one now is a finding.
    pub desired_before: Option<Sha256Digest>,
    /// Every statement older than this was verified by an earlier sweep, which found all well: its signature is checked
    /// again only when the bytes of its subject are. Without a time every signature is checked.
    pub verified_before: Option<Timestamp>,
    /// The account of the part before this one.
    pub predecessor: Option<Predecessor>,
    /// Whose bytes are hashed again.
    pub deep: Deep,
    /// Larger versions are not hashed again but counted as unreadable: they would outlive the function.
    pub deep_max_bytes: u64,
    /// Versions younger than this are left to their own events.
    pub settle: SignedDuration,
    /// A statement that is missing for longer than this is a finding.
    pub grace: SignedDuration,
    /// When the answer must be there.
    pub deadline: Option<Deadline>,
    /// How much of it is left for the sweep's own statement.
    pub reserve: Duration,
}

impl SweepRequest {
    /// A sweep from the beginning: 15 minutes to settle, 6 hours of grace (the longest life of an
    /// S3 event), no deep look, and if one is asked for then at objects of up to 32 GiB, five minutes at S3's pace.
    pub const fn new(as_of: Timestamp) -> Self {
        Self {
            as_of,
            from: SweepCursor::start(),
            settings: BTreeMap::new(),
            other_settings: BTreeMap::new(),
            inventory: None,
            log_head: None,
            desired_before: None,
            verified_before: None,
            predecessor: None,
            deep: Deep::None,
            deep_max_bytes: 32 << 30,
            settle: SignedDuration::from_mins(15),
            grace: SignedDuration::from_hours(6),
            deadline: None,
            reserve: Duration::from_secs(30),
        }
    }

    /// The sweep that goes on where an account ends, as of the same time; `None` when it was the last.
    pub fn after(account: &Kept<Sweep>) -> Option<Self> {
        let from = account.next.clone()?;
        let inventory = account.inventory.clone();
        Some(Self {
            from,
            inventory,
            deep: account.deep,
            predecessor: Some(account.link()),
            ..Self::new(account.as_of)
        })
    }
}

/// The id under which the accounts of a raw bucket are kept.
pub fn subject(raw: &BucketName) -> SubjectId {
    SubjectId::of_name(&name(raw))
}

fn name(bucket: &BucketName) -> String {
    format!("s3://{bucket}")
}

/// What a sweep did.
#[derive(Debug, Clone)]
pub struct SweepReport {
    /// The signed account.
    pub statement: Kept<Sweep>,
    /// The first findings, at most [`FoundProblem::MAX_REPORTED`]; the statement counts all.
    pub findings: Vec<FoundProblem>,
    /// Where the next part begins; `None` when everything was looked at.
    pub next: Option<SweepCursor>,
}

/// Why a sweep gave no account.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SweepError {
    /// A bucket could not be listed.
    #[error("listing: {0}")]
    Store(#[from] StoreError),
    /// A finding or the account could not be kept.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
}

impl Dispose for SweepError {
    fn disposition(&self) -> Disposition {
        match self {
            // There is no object to blame for a listing that fails.
            Self::Store(_) => Disposition::Retry,
            Self::Evidence(error) => error.disposition(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Store(error) => error.reason(),
            Self::Evidence(error) => error.reason(),
        }
    }
}

/// One sweep under way.
struct Round<'a> {
    ports: SweepPorts<'a>,
    desired: &'a Desired,
    request: &'a SweepRequest,
    /// The evidence, as it is read about subjects whose turn it is: every signature is checked, once a sweep.
    archive: Archive,
    /// The same, as it is read about subjects whose turn it is not.
    recalled: Archive,
}

impl Round<'_> {
    fn raw(&self) -> &BucketName {
        &self.desired.raw.bucket
    }

    /// The evidence about a subject: every signature is checked where it is its turn.
    fn archive(&self, about: &SubjectId) -> &Archive {
        if self.request.deep.includes(about) { &self.archive } else { &self.recalled }
    }

    fn age(&self, since: Timestamp) -> SignedDuration {
        self.request.as_of.duration_since(since)
    }

    fn must_stop(&self) -> bool {
        self.request.deadline.is_some_and(|deadline| deadline.left(self.ports.clock.now()) <= self.request.reserve)
    }
}

/// Sweeps until everything was looked at or the deadline is near.
///
/// # Errors
/// When a bucket cannot be listed, or evidence cannot be kept. Findings recorded before stay, and the same sweep again
/// records the same ones.
pub async fn sweep(
    ports: SweepPorts<'_>,
    desired: &Desired,
    request: &SweepRequest,
) -> Result<SweepReport, SweepError> {
    let archive = ports.ledger.archive().clone().remembering();
    let recalled =
        request.verified_before.map_or_else(|| archive.clone(), |time| archive.clone().verified_before(time));
    let round = Round { ports, desired, request, archive, recalled };
    let mut coverage = Coverage { prefix: desired.raw_prefix.clone(), ..Coverage::default() };
    let mut findings = Findings::new(ports.ledger);
    let mut next = Some(request.from.clone());
    let mut log_head = None;
    let (mut settings, mut other_settings) = (BTreeMap::new(), BTreeMap::new());
    let is_first = request.from == SweepCursor::start();
    if is_first {
        findings.take(desired_state(&round)).await?;
        settings = bucket::sweep(&round, &mut findings).await?;
        key::sweep(&round, &mut other_settings, &mut findings).await?;
        trail::sweep(&round, &mut other_settings, &mut findings).await?;
    }
    while let Some(cursor) = next.take() {
        let (rest, then) = match cursor {
            SweepCursor::Raw(from) => {
                coverage.from_key = from.as_ref().and_then(key_of);
                let rest = raw::sweep(&round, from, &mut coverage, &mut findings).await?;
                coverage.to_key = rest.as_ref().and_then(key_of);
                (rest.map(|rest| SweepCursor::Raw(Some(rest))), Some(SweepCursor::Evidence(None)))
            }
            SweepCursor::Evidence(from) => {
                let rest = evidence::sweep(&round, from, &mut coverage, &mut findings).await?;
                (rest.map(|rest| SweepCursor::Evidence(Some(rest))), Some(SweepCursor::Log(None)))
            }
            SweepCursor::Log(from) => {
                let rest = log::sweep(&round, from, &mut coverage, &mut findings).await?;
                if rest.is_none() {
                    log_head = log::head(&round, &mut findings).await?;
                }
                let then = desired.curated.is_some().then_some(SweepCursor::Curated(None));
                (rest.map(|rest| SweepCursor::Log(Some(rest))), then)
            }
            SweepCursor::Curated(from) => {
                let rest = match &desired.curated {
                    Some(bucket) => curated::sweep(&round, bucket, from, &mut coverage, &mut findings).await?,
                    None => None,
                };
                (rest.map(|rest| SweepCursor::Curated(Some(rest))), None)
            }
        };
        let must_stop = rest.is_some() || round.must_stop();
        next = rest.or(then);
        if must_stop {
            break;
        }
    }
    coverage.complete = next.is_none();
    let counted = findings.finish();
    let account = Sweep {
        as_of: request.as_of,
        deep: request.deep,
        coverage,
        findings: counted.total,
        findings_by_rule: counted.by_rule.iter().map(|(rule, count)| (rule.as_str().to_owned(), *count)).collect(),
        findings_digest: counted.digest,
        unreadable: counted.unreadable,
        settings,
        other_settings,
        inventory: request.inventory.clone(),
        log_head,
        desired: is_first.then(|| serde_json::to_value(desired).ok()).flatten(),
        next: next.clone(),
        predecessor: request.predecessor.clone(),
    };
    let subject = ResourceDescriptor::named(name(&desired.raw.bucket), desired.digest());
    let statement = Statement::new(vec![subject], account).map_err(EvidenceError::from)?;
    let statement = match ports.ledger.record(&statement, &UserMetadata::new()).await {
        Ok(recorded) => recorded.into_kept(),
        // Another attempt at this part saw the world a moment earlier or later: its account stands.
        Err(error @ EvidenceError::Contradiction { .. }) => other_attempt(&round, error).await?,
        Err(error) => return Err(error.into()),
    };
    count(ports.metrics, &statement).await;
    let next = statement.next.clone();
    Ok(SweepReport { statement, findings: counted.reported, next })
}

/// Whether things are judged by the same desired state as before: whoever weakens that hides a drift.
fn desired_state(round: &Round<'_>) -> Verdict {
    let (now, before) = (round.desired.digest(), round.request.desired_before);
    match before.filter(|before| *before != now) {
        None => Verdict::Intact,
        Some(before) => {
            let name = name(round.raw());
            let was = |sha256| FindingEvidence { uri: name.clone(), sha256: Some(sha256) };
            Verdict::Damaged(Problem {
                rule: Rule::DesiredStateChanged,
                subject: ResourceDescriptor::named(name.clone(), now),
                detail: "the desired state is not that of the sweep before: see who changed it if nobody deployed"
                    .to_owned(),
                evidence: vec![was(before), was(now)],
            })
        }
    }
}

/// The account that another attempt at the same part left.
async fn other_attempt(round: &Round<'_>, error: EvidenceError) -> Result<Kept<Sweep>, EvidenceError> {
    let Some(predecessor) = &round.request.predecessor else { return Err(error) };
    let key = Sweep::continuation(subject(round.raw()), predecessor);
    round.ports.ledger.archive().find(&key).await?.ok_or(error)
}

fn key_of(cursor: &ListCursor) -> Option<ObjectKey> {
    ObjectKey::new(cursor.key_marker.as_str()).ok()
}

/// Publishes what was found. The signed account stands whether or not this succeeds.
async fn count(metrics: &dyn Metrics, account: &Sweep) {
    let value = |count: u64| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    let metric = |name, count, dimensions| Metric { name, value: value(count), unit: MetricUnit::Count, dimensions };
    let mut all = vec![
        metric("Findings", account.findings, Vec::new()),
        metric("Unreadable", account.unreadable, Vec::new()),
        metric("UnsealedVersions", account.coverage.unsealed, Vec::new()),
        metric("LocksEnding", account.coverage.locks_ending, Vec::new()),
    ];
    let by_rule = account.findings_by_rule.iter();
    all.extend(by_rule.map(|(rule, count)| metric("FindingsByRule", *count, vec![("Rule", rule.clone())])));
    if let Err(error) = metrics.put(&all).await {
        tracing::warn!(%error, "the sweep's metrics were not published");
    }
}

/// SHA-256 of a value's canonical JSON; of nothing when it has none, which settings always have.
fn digest_of<T: Serialize>(value: &T) -> Sha256Digest {
    Sha256Digest::of(&sluice_evidence::canonical::to_vec(value).unwrap_or_default())
}
