//! One file, judged by its statement and the statement's proof.

use serde::Serialize;
use sluice_common::Sha256Digest;
use sluice_evidence::TrustedKeys;
use sluice_evidence::offline::{self, Expected, Verdict};
use sluice_tlog::OfflineProof;

use crate::keys::LogKeys;
use crate::leaf::Leaf;

/// What is known of one object by its statement and proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectReport {
    /// The file has the digest that was signed.
    pub integrity: Verdict,
    /// The statement is a leaf under the checkpoint.
    pub completeness: Verdict,
    /// Trusted keys signed the statement and the checkpoint.
    pub authenticity: Verdict,
    /// The statement's own account of the object's lock.
    pub lock: Verdict,
    /// The leaf's position.
    pub leaf: Option<u64>,
    /// The size of the log under which it was proved.
    pub log_size: Option<u64>,
    /// The statement's kind.
    pub stage: Option<String>,
}

impl ObjectReport {
    /// Whether the file, its statement and its leaf all hold.
    pub fn holds(&self) -> bool {
        [&self.integrity, &self.completeness, &self.authenticity].into_iter().all(|verdict| *verdict == Verdict::Holds)
            && !self.lock.fails()
    }
}

/// Judges a file by its statement and the statement's offline proof. `checkpoint`, when given, was kept elsewhere: the
/// proof must lead to it, and not to some other one that the log's key signed.
pub fn verify_object(
    file_sha256: &Sha256Digest,
    envelope: &[u8],
    proof: &str,
    checkpoint: Option<&[u8]>,
    keys: &TrustedKeys,
    log_keys: &LogKeys,
) -> ObjectReport {
    let statement = offline::verify(envelope, keys, Expected { file_sha256: Some(file_sha256), ..Expected::default() });
    let mut report = ObjectReport {
        integrity: statement.content.clone(),
        completeness: Verdict::NotChecked,
        authenticity: statement.signature.clone(),
        lock: lock_of(envelope),
        leaf: None,
        log_size: None,
        stage: statement.stage.map(|stage| stage.to_string()),
    };
    if statement.statement.fails() {
        report.integrity = statement.statement;
        return report;
    }
    let Ok(genuine) = keys.verify_any(envelope) else { return report };
    // The leaf is computed from the very bytes that were verified: a proof of another statement proves nothing.
    let Some(leaf) = Leaf::of(&genuine).to_bytes() else { return report };
    match judge_proof(proof, &leaf, checkpoint, log_keys) {
        Ok((index, size)) => {
            report.completeness = Verdict::Holds;
            (report.leaf, report.log_size) = (Some(index), Some(size));
        }
        Err(ProofFault::Signature(what)) => report.authenticity = Verdict::Fails(what),
        Err(ProofFault::Place(what)) => report.completeness = Verdict::Fails(what),
    }
    report
}

pub(super) enum ProofFault {
    Signature(String),
    Place(String),
}

pub(super) fn judge_proof(
    proof: &str,
    leaf: &[u8],
    checkpoint: Option<&[u8]>,
    keys: &LogKeys,
) -> Result<(u64, u64), ProofFault> {
    let parsed = OfflineProof::parse(proof).map_err(|error| ProofFault::Place(format!("proof: {error}")))?;
    let signed = keys.open(parsed.checkpoint.as_bytes());
    let head = signed.map_err(|what| ProofFault::Signature(format!("the proof's checkpoint: {what}")))?;
    if let Some(kept) = checkpoint {
        let kept = keys.open(kept).map_err(|what| ProofFault::Signature(format!("the checkpoint: {what}")))?;
        if (kept.size, kept.root) != (head.size, head.root) {
            let what = format!("the proof is for a log of {} leaves, the checkpoint of {}", head.size, kept.size);
            return Err(ProofFault::Place(what));
        }
    }
    let held = keys.keys().iter().map(|key| parsed.verify(leaf, key)).find(Result::is_ok);
    match held {
        Some(_) => Ok((parsed.index, head.size)),
        None => Err(ProofFault::Place("the proof does not lead from this statement to the checkpoint".to_owned())),
    }
}

/// A seal says under which lock the object stood; other statements do not.
fn lock_of(envelope: &[u8]) -> Verdict {
    let payload = sluice_evidence::dsse::Envelope::from_json(envelope).ok().map(|envelope| envelope.payload);
    let statement: Option<serde_json::Value> = payload.and_then(|payload| serde_json::from_slice(&payload).ok());
    match statement.as_ref().and_then(|statement| statement.pointer("/predicate/lock")) {
        None => Verdict::NotChecked,
        Some(lock) if lock.get("mode").is_some_and(serde_json::Value::is_string) => Verdict::Holds,
        Some(_) => Verdict::Fails("the seal says that the object was not locked".to_owned()),
    }
}
