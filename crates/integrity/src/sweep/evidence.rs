//! The walk over the evidence bucket: every statement was written once, and what was sealed is still there.

use futures::{FutureExt as _, TryStreamExt as _};
use sha2::{Digest as _, Sha256};
use sluice_common::port::{ListCursor, ObjectFacts, ObjectReader, StoreError, VersionEntry};
use sluice_common::{BucketName, ObjectKey, ObjectVersion, Sha256Digest};
use sluice_evidence::layout::STATEMENTS_PREFIX;
use sluice_evidence::predicate::{Coverage, Seal};
use sluice_evidence::{ResourceDescriptor, Stage, StatementKey};

use super::ahead::Ahead;
use super::findings::Findings;
use super::rule::{Problem, Rule, Verdict};
use super::version::{evidence_of, is_damage};
use super::walk::{unnamed, version};
use super::{Round, SweepError};

/// The history of one key.
#[derive(Debug, Clone)]
pub(super) struct History {
    pub(super) key: ObjectKey,
    newest_version_id: String,
    versions: u64,
    delete_markers: u64,
}

impl History {
    fn begin(entry: &VersionEntry) -> Self {
        let (key, newest_version_id) = (entry.key.clone(), entry.version_id.clone());
        let mut history = Self { key, newest_version_id, versions: 0, delete_markers: 0 };
        history.add(entry);
        history
    }

    fn add(&mut self, entry: &VersionEntry) {
        if entry.is_delete_marker { self.delete_markers += 1 } else { self.versions += 1 }
    }

    /// The newest version, when it has an id.
    pub(super) fn newest(&self, bucket: &BucketName) -> Option<ObjectVersion> {
        version(bucket, &self.key, &self.newest_version_id)
    }

    /// Something wrong with the key.
    pub(super) fn damaged(&self, bucket: &BucketName, rule: Rule, detail: String) -> Verdict {
        let by_key = || unnamed(bucket, &self.key);
        let subject = self.newest(bucket).as_ref().map_or_else(by_key, ResourceDescriptor::unread_object);
        Verdict::Damaged(Problem { rule, subject, detail, evidence: Vec::new() })
    }

    /// A key that is written once has one version and nothing over it.
    pub(super) fn rewritten(&self, bucket: &BucketName) -> Option<Verdict> {
        let (versions, markers) = (self.versions, self.delete_markers);
        let detail = || format!("a write-once key has {versions} versions and {markers} delete markers");
        (versions != 1 || markers != 0).then(|| self.damaged(bucket, Rule::EvidenceRewritten, detail()))
    }
}

/// Gathers entries into histories, also across pages.
#[derive(Default)]
pub(super) struct Gatherer {
    current: Option<History>,
    pub(super) done: Option<String>,
}

impl Gatherer {
    /// After the last whole history: where a sweep that stops goes on.
    pub(super) fn place(self) -> Option<ListCursor> {
        self.done.map(|key_marker| ListCursor { key_marker, version_id_marker: None })
    }

    pub(super) fn take(&mut self, entries: &[VersionEntry], is_last_page: bool) -> Vec<History> {
        let mut whole = Vec::new();
        for entry in entries {
            match &mut self.current {
                Some(current) if current.key == entry.key => current.add(entry),
                current => whole.extend(current.replace(History::begin(entry))),
            }
        }
        if is_last_page {
            whole.extend(self.current.take());
        }
        if let Some(last) = whole.last() {
            self.done = Some(last.key.as_str().to_owned());
        }
        whole
    }
}

pub(super) async fn sweep(
    round: &Round<'_>,
    from: Option<ListCursor>,
    coverage: &mut Coverage,
    findings: &mut Findings<'_>,
) -> Result<Option<ListCursor>, SweepError> {
    let bucket = &round.desired.evidence.bucket;
    let mut gatherer = Gatherer::default();
    let mut next = from;
    loop {
        let page = round.ports.versions.list_versions(bucket, STATEMENTS_PREFIX, next.as_ref()).await?;
        let whole = gatherer.take(&page.entries, page.next.is_none());
        let (mut histories, mut ahead) = (whole.iter(), Ahead::new());
        loop {
            ahead.fill(&mut histories, |history| look_at(round, history).boxed());
            let Some(verdict) = ahead.next().await else { break };
            coverage.statements_seen += 1;
            findings.take(verdict).await?;
        }
        match page.next {
            None => return Ok(None),
            _ if round.must_stop() && gatherer.done.is_some() => return Ok(gatherer.place()),
            more => next = more,
        }
    }
}

async fn look_at(round: &Round<'_>, history: &History) -> Verdict {
    let bucket = &round.desired.evidence.bucket;
    let Ok(key) = history.key.as_str().parse::<StatementKey>() else {
        let detail = "an object lies among the statements under a key that is none: see who wrote it";
        return history.damaged(bucket, Rule::EvidenceForeignKey, detail.to_owned());
    };
    if let Some(rewritten) = history.rewritten(bucket) {
        return rewritten;
    }
    match history.newest(bucket) {
        Some(at) if key.stage == Stage::Seal && round.request.deep.includes(&key.subject) => sealed(round, &at).await,
        _ => Verdict::Intact,
    }
}

/// What was sealed is still there, unless its time is over.
async fn sealed(round: &Round<'_>, at: &ObjectVersion) -> Verdict {
    let seal = match round.archive.load::<Seal>(at).await {
        Ok(seal) => seal,
        Err(error) if is_damage(&error) => {
            return Verdict::Damaged(Problem {
                rule: Rule::SealDamaged,
                subject: ResourceDescriptor::unread_object(at),
                detail: "a seal does not verify".to_owned(),
                evidence: Vec::new(),
            });
        }
        Err(error) => return Verdict::unreadable("seal", &error),
    };
    let must_exist = seal.lock.is_none_or(|lock| lock.retain_until > round.request.as_of);
    match round.ports.objects.head(&seal.version()).await {
        Ok(_facts) => Verdict::Intact,
        Err(StoreError::NotFound { .. }) if must_exist => Verdict::Damaged(Problem {
            rule: Rule::SealedVersionGone,
            subject: ResourceDescriptor::unread_object(&seal.version()),
            detail: "a sealed version was deleted before the end of its retention".to_owned(),
            evidence: vec![evidence_of(&seal)],
        }),
        Err(StoreError::NotFound { .. }) => Verdict::Intact,
        Err(error) => Verdict::unreadable("sealed version", &error),
    }
}

/// A version's bytes, hashed again.
pub(super) struct Rehashed {
    pub(super) sha256: Sha256Digest,
    pub(super) facts: ObjectFacts,
}

pub(super) async fn rehash(
    objects: &dyn ObjectReader,
    at: &ObjectVersion,
    limit_bytes: u64,
) -> Result<Rehashed, StoreError> {
    let mut body = objects.get(at).await?;
    if body.facts.size_bytes > limit_bytes {
        return Err(StoreError::TooLarge { operation: "GetObject", limit_bytes });
    }
    let mut hasher = Sha256::new();
    while let Some(chunk) = body.stream.try_next().await? {
        hasher.update(&chunk);
    }
    Ok(Rehashed { sha256: Sha256Digest::from_bytes(hasher.finalize().into()), facts: body.facts })
}
