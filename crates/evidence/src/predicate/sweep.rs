use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sluice_common::port::ListCursor;
use sluice_common::{BucketName, ObjectKey, Sha256Digest};

use crate::layout::{RunId, Stage, StatementKey, SubjectId};
use crate::statement::{Predecessor, Predicate, ResourceDescriptor, StatementError, inconsistent};

/// "Everything in this range was looked at, and this is what was found." Clean sweeps are signed too: their absence shows.
/// The subject is the bucket, its digest that of the desired state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sweep {
    /// The time for which the sweep was asked; ages are counted from it. An input, not a clock reading.
    pub as_of: Timestamp,
    /// Whose bytes were hashed again.
    pub deep: Deep,
    /// What was looked at.
    pub coverage: Coverage,
    /// Findings in all.
    pub findings: u64,
    /// Findings by rule.
    pub findings_by_rule: BTreeMap<String, u64>,
    /// SHA-256 over the keys of the finding statements in the order of the findings, a line each.
    pub findings_digest: Sha256Digest,
    /// Things that could not be looked at: unknown, not bad.
    pub unreadable: u64,
    /// Digests of the settings that each bucket had; empty in parts after the first, which do not look at them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<BucketName, Sha256Digest>,
    /// The same of KMS keys and the trail, by ARN.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub other_settings: BTreeMap<String, Sha256Digest>,
    /// The inventory by which the raw bucket was looked at; absent when it was listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inventory: Option<InventoryRef>,
    /// The log's head, in the part that looked at the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_head: Option<LogHead>,
    /// The desired state itself, whose digest is the subject's; absent in parts after the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desired: Option<serde_json::Value>,
    /// Where the next part begins; absent when this was the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<SweepCursor>,
    /// The account of the part before this one; absent when this was the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predecessor: Option<Predecessor>,
}

/// The S3 Inventory that stands in for a listing: hours old when it comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InventoryRef {
    /// [`sluice_common::ObjectVersion::uri`] of its manifest.
    pub manifest: String,
    /// SHA-256 of the manifest, which names the data files by their MD5.
    pub sha256: Sha256Digest,
    /// When AWS began to look at the bucket: versions that came later were not judged.
    pub as_of: Timestamp,
}

/// The largest checkpoint of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogHead {
    /// Its key, which ends in its size.
    pub key: ObjectKey,
    /// SHA-256 of the signed note.
    pub sha256: Sha256Digest,
}

/// Where a sweep goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", content = "after", rename_all = "camelCase")]
pub enum SweepCursor {
    /// In the raw bucket.
    Raw(Option<ListCursor>),
    /// In the evidence bucket.
    Evidence(Option<ListCursor>),
    /// In the log, below the evidence bucket's `log/`.
    Log(Option<ListCursor>),
    /// In the curated bucket.
    Curated(Option<ListCursor>),
}

impl SweepCursor {
    /// The beginning, where the buckets' settings are looked at.
    pub const fn start() -> Self {
        Self::Raw(None)
    }
}

/// Whose bytes are hashed again: the only way to see a silent change, and the only part that costs by the byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Deep {
    /// Nobody's.
    None,
    /// Everybody's.
    All,
    /// The `index`-th of `of` shares. A different index each day looks at everything in `of` days.
    #[serde(rename_all = "camelCase")]
    Share {
        /// Which, from 0.
        index: u32,
        /// Of how many.
        of: u32,
    },
}

impl Deep {
    /// Whether the bytes of what has this id are hashed again.
    pub fn includes(self, subject: &SubjectId) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Share { index, of } => {
                let [a, b, c, d, ..] = *subject.digest().as_bytes();
                u32::from_be_bytes([a, b, c, d]).checked_rem(of) == Some(index)
            }
        }
    }
}

impl Sweep {
    /// The key of the account that goes on from another one: of several attempts at it one is kept.
    pub fn continuation(bucket: SubjectId, of: &Predecessor) -> StatementKey {
        StatementKey { stage: Stage::Sweep, subject: bucket, run: continuing(of) }
    }
}

fn continuing(predecessor: &Predecessor) -> RunId {
    RunId::of([b"continues".as_slice(), predecessor.pae_sha256.as_bytes()])
}

/// What a sweep looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Coverage {
    /// Keys under this prefix.
    pub prefix: String,
    /// The listing went on after this key; absent when it began at the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_key: Option<ObjectKey>,
    /// The listing stopped after this key; absent when it reached the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_key: Option<ObjectKey>,
    /// Whether everything was looked at, or a later sweep goes on from here.
    pub complete: bool,
    /// Object versions seen.
    pub versions_seen: u64,
    /// Delete markers seen.
    pub delete_markers_seen: u64,
    /// Versions with a seal that verifies.
    pub sealed: u64,
    /// Versions without a seal.
    pub unsealed: u64,
    /// Versions that were sent to be sealed again.
    pub re_enqueued: u64,
    /// Versions whose bytes were hashed again.
    pub rehashed: u64,
    /// Curated objects looked at because a statement names them.
    pub curated_seen: u64,
    /// Versions of the curated bucket seen, whether or not a statement names them.
    #[serde(default)]
    pub curated_versions: u64,
    /// Versions whose promised retention ends within a week.
    #[serde(default)]
    pub locks_ending: u64,
    /// Versions whose promised retention is over.
    #[serde(default)]
    pub locks_ended: u64,
    /// Parts of the log looked at for rewriting.
    #[serde(default)]
    pub log_objects: u64,
    /// Statements looked at for rewriting.
    pub statements_seen: u64,
}

impl Predicate for Sweep {
    const STAGE: Stage = Stage::Sweep;

    fn place(&self, subject: &[ResourceDescriptor]) -> Result<(SubjectId, RunId), StatementError> {
        let [bucket] = subject else {
            return Err(inconsistent::<Self>("it must have exactly one subject"));
        };
        if self.coverage.complete && self.next.is_some() {
            return Err(inconsistent::<Self>("it says that it is complete and where it goes on"));
        }
        if let Some(predecessor) = &self.predecessor {
            return Ok((bucket.id(), continuing(predecessor)));
        }
        // The world may change between two attempts at the same sweep: each different account is a statement of its own.
        let account = crate::canonical::to_vec(self)?;
        Ok((bucket.id(), RunId::of([account.as_slice()])))
    }

    fn predecessor(&self) -> Option<&Predecessor> {
        self.predecessor.as_ref()
    }
}
