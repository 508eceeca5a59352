//! The walk over the log: every part was written once, and the log is at least what the sweep before saw. That each part is what
//! it must be, `sluice verify log` and every append look at; here it shows when nobody appends.

use futures::TryStreamExt as _;
use sluice_common::port::{ListCursor, StoreError};
use sluice_common::{BucketName, ObjectKey, ObjectPath, Sha256Digest};
use sluice_evidence::ResourceDescriptor;
use sluice_evidence::predicate::{Coverage, LogHead};

use super::evidence::Gatherer;
use super::findings::Findings;
use super::rule::{Problem, Rule, Verdict};
use super::{Round, SweepError};

/// Prefix of the log in the evidence bucket.
const LOG_PREFIX: &str = "log/";

/// Prefix of its checkpoints; the rest of the key is the size in 20 digits, so the last key is the head.
const CHECKPOINTS_PREFIX: &str = "log/checkpoints/";

/// No checkpoint is larger: three lines, an empty one, and some signatures.
const MAX_NOTE_BYTES: usize = 64 << 10;

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
        let page = round.ports.versions.list_versions(bucket, LOG_PREFIX, next.as_ref()).await?;
        for history in gatherer.take(&page.entries, page.next.is_none()) {
            coverage.log_objects += 1;
            if let Some(rewritten) = history.rewritten(bucket) {
                findings.take(rewritten).await?;
            }
        }
        match page.next {
            None => return Ok(None),
            _ if round.must_stop() && gatherer.done.is_some() => return Ok(gatherer.place()),
            more => next = more,
        }
    }
}

/// The log's head now, after it was compared with what the sweep before saw.
pub(super) async fn head(round: &Round<'_>, findings: &mut Findings<'_>) -> Result<Option<LogHead>, SweepError> {
    let bucket = &round.desired.evidence.bucket;
    let mut known = None;
    if let Some(before) = &round.request.log_head {
        let verdict = match read(round, &before.key).await {
            Ok(note) if Sha256Digest::of(&note) == before.sha256 => {
                known = Some(before.key.clone());
                Verdict::Intact
            }
            Ok(_) | Err(StoreError::NotFound { .. }) => cut_short(bucket, before),
            Err(error) => Verdict::unreadable("the log's checkpoint", &error),
        };
        findings.take(verdict).await?;
    }
    let Some(key) = largest(round, known).await? else { return Ok(None) };
    match read(round, &key).await {
        Ok(note) => {
            let head = LogHead { sha256: Sha256Digest::of(&note), key };
            if size_in(&note) != head.key.as_str().strip_prefix(CHECKPOINTS_PREFIX).and_then(|size| size.parse().ok()) {
                findings.take(replayed(bucket, &head)).await?;
            }
            Ok(Some(head))
        }
        Err(error) => {
            findings.take(Verdict::unreadable("the log's checkpoint", &error)).await?;
            Ok(None)
        }
    }
}

/// The key of the largest checkpoint, from one that is there on.
async fn largest(round: &Round<'_>, known: Option<ObjectKey>) -> Result<Option<ObjectKey>, SweepError> {
    let bucket = &round.desired.evidence.bucket;
    let mut next =
        known.as_ref().map(|key| ListCursor { key_marker: key.as_str().to_owned(), version_id_marker: None });
    let mut last = known;
    loop {
        let page = round.ports.versions.list_versions(bucket, CHECKPOINTS_PREFIX, next.as_ref()).await?;
        last = page.entries.into_iter().rfind(|entry| !entry.is_delete_marker).map(|entry| entry.key).or(last);
        match page.next {
            None => return Ok(last),
            more => next = more,
        }
    }
}

async fn read(round: &Round<'_>, key: &ObjectKey) -> Result<Vec<u8>, StoreError> {
    let path = ObjectPath { bucket: round.desired.evidence.bucket.clone(), key: key.clone() };
    let at = round.ports.objects.current(&path).await?;
    let mut body = round.ports.objects.get(&at).await?;
    let mut note = Vec::new();
    while let Some(chunk) = body.stream.try_next().await? {
        if note.len() + chunk.len() > MAX_NOTE_BYTES {
            return Err(StoreError::TooLarge { operation: "GetObject", limit_bytes: MAX_NOTE_BYTES as u64 });
        }
        note.extend_from_slice(&chunk);
    }
    Ok(note)
}

/// The size that a checkpoint states on its second line (<https://c2sp.org/tlog-checkpoint>).
fn size_in(note: &[u8]) -> Option<u64> {
    std::str::from_utf8(note).ok()?.lines().nth(1)?.parse().ok()
}

fn cut_short(bucket: &BucketName, before: &LogHead) -> Verdict {
    Verdict::Damaged(Problem {
        rule: Rule::LogTruncated,
        subject: ResourceDescriptor::named(format!("s3://{bucket}/{}", before.key.as_str()), before.sha256),
        detail: "the checkpoint that the sweep before saw is gone or another: the log was cut short, compare it with the anchor"
            .to_owned(),
        evidence: Vec::new(),
    })
}

fn replayed(bucket: &BucketName, head: &LogHead) -> Verdict {
    Verdict::Damaged(Problem {
        rule: Rule::LogReplayed,
        subject: ResourceDescriptor::named(format!("s3://{bucket}/{}", head.key.as_str()), head.sha256),
        detail: "the log's newest checkpoint states another size than its key: see who wrote it".to_owned(),
        evidence: Vec::new(),
    })
}
