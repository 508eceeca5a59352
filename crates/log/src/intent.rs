//! Intents: the write-once objects that decide by what the log grows.
//!
//! Whether an intent counts is a function of its bytes, of the log before it and of the trusted keys, and of nothing that
//! may change. So all writers agree on it for ever, whoever wrote it: an intruder's nonsense is void for everyone.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sluice_common::Sha256Digest;
use sluice_evidence::canonical;
use sluice_tlog::{Edge, Hash, leaf_hash};

use crate::layout::MAX_BATCH;
use crate::leaf::{LeafJudge, LeafVerdict, MAX_LEAF_BYTES};

/// More than [`MAX_BATCH`] leaves of [`MAX_LEAF_BYTES`] in base64 with their frame.
pub const MAX_INTENT_BYTES: usize = MAX_BATCH * (MAX_LEAF_BYTES / 3 * 4 + 16) + 1024;

/// "The log grows from this size by these leaves."
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intent {
    v: u8,
    size_before: u64,
    root_before: Sha256Digest,
    size_after: u64,
    root_after: Sha256Digest,
    leaves: Vec<String>,
}

/// What an intent is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IntentVerdict {
    /// It decides: the log grows by these leaves.
    Counts(Vec<Vec<u8>>),
    /// It says nothing, for anyone, ever.
    Void(&'static str),
    /// A leaf's key is not trusted here. Another writer may know it, so this one must not go on.
    Unknown,
}

impl Intent {
    /// The intent to append leaves, at most [`MAX_BATCH`], to a log.
    pub fn new(before: &Edge, leaves: &[Vec<u8>]) -> Self {
        let mut after = before.clone();
        for leaf in leaves {
            after.push(leaf_hash(leaf));
        }
        Self {
            v: 1,
            size_before: before.size(),
            root_before: Sha256Digest::from_bytes(before.root()),
            size_after: after.size(),
            root_after: Sha256Digest::from_bytes(after.root()),
            leaves: leaves.iter().map(|leaf| STANDARD.encode(leaf)).collect(),
        }
    }

    /// The bytes that are written, RFC 8785.
    ///
    /// # Errors
    /// When a size cannot be written as JSON.
    pub fn to_bytes(&self) -> Result<Vec<u8>, canonical::CanonicalError> {
        canonical::to_vec(self)
    }

    /// The size of the log that it makes.
    pub fn size_after(&self) -> u64 {
        self.size_after
    }
}

/// Judges what lies under an intent's key.
pub fn judge(bytes: &[u8], before: &Edge, judge: &dyn LeafJudge) -> IntentVerdict {
    let intent: Intent = match serde_json::from_slice(bytes) {
        Ok(intent) if bytes.len() <= MAX_INTENT_BYTES => intent,
        _ => return IntentVerdict::Void("it does not read as an intent"),
    };
    let decoded: Result<Vec<Vec<u8>>, _> = intent.leaves.iter().map(|leaf| STANDARD.decode(leaf)).collect();
    let leaves = match decoded {
        Ok(leaves) if (1..=MAX_BATCH).contains(&leaves.len()) => leaves,
        _ => return IntentVerdict::Void("it does not hold 1 to 256 leaves"),
    };
    // Sizes, roots and form in one comparison: there is one way to write the intent of these leaves at this place.
    if Intent::new(before, &leaves).to_bytes().ok().as_deref() != Some(bytes) {
        return IntentVerdict::Void("its sizes or roots are not those of its leaves at this place");
    }
    let mut hashes: Vec<Hash> = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
    hashes.sort_unstable();
    if hashes.windows(2).any(|pair| pair.first() == pair.last()) {
        return IntentVerdict::Void("it holds a leaf twice");
    }
    let verdicts: Vec<LeafVerdict> = leaves.iter().map(|leaf| judge.judge(leaf)).collect();
    if verdicts.contains(&LeafVerdict::Fails) {
        IntentVerdict::Void("a leaf's signature does not hold")
    } else if verdicts.contains(&LeafVerdict::Unknown) {
        IntentVerdict::Unknown
    } else {
        IntentVerdict::Counts(leaves)
    }
}
