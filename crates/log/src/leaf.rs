//! What is logged of a statement: canonical JSON of digests, a signature and the kind. Leaves stay for ever, so nothing in
//! them is clear text: no key of an uploader, no bucket, no person.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sluice_common::Sha256Digest;
use sluice_evidence::verify::KeyId;
use sluice_evidence::{Genuine, Stage, StatementKey, SubjectId, TrustedKeys, canonical};

/// No leaf of ours is longer; a longer one is not ours.
pub const MAX_LEAF_BYTES: usize = 1024;

/// A logged statement. It is a pure function of the stored envelope, so anyone who holds that computes the same leaf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaf {
    v: u8,
    kind: Kind,
    /// SHA-256 of the statement's pre-authentication encoding.
    pub pae: Sha256Digest,
    /// The signature over it, ASN.1 DER in base64.
    sig: String,
    /// The key that signed.
    pub kid: KeyId,
    /// The statement's stage.
    #[serde(rename = "type")]
    pub stage: Stage,
    /// What the statement is about, as a digest.
    pub sid: SubjectId,
    /// Which of the stage's statements about it.
    pub run: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Dsse,
}

/// What can be said of a leaf by whoever holds its bytes and the trusted keys and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeafVerdict {
    /// A trusted key signed it.
    Holds,
    /// It is malformed or its signature fails: so for everyone, for ever.
    Fails,
    /// Its key is not among the trusted ones: others may know it.
    Unknown,
}

/// Judges leaves. Two judges may differ in [`LeafVerdict::Unknown`] only, or the log could fork.
pub trait LeafJudge: Send + Sync {
    /// The verdict about the bytes of a leaf.
    fn judge(&self, leaf: &[u8]) -> LeafVerdict;
}

impl LeafJudge for TrustedKeys {
    fn judge(&self, bytes: &[u8]) -> LeafVerdict {
        let Some((leaf, signature)) = Leaf::parse(bytes).and_then(|leaf| leaf.signature().map(|sig| (leaf, sig)))
        else {
            return LeafVerdict::Fails;
        };
        match self.signed_digest(&leaf.kid, &leaf.pae, &signature) {
            Some(true) => LeafVerdict::Holds,
            Some(false) => LeafVerdict::Fails,
            None => LeafVerdict::Unknown,
        }
    }
}

impl Leaf {
    /// The leaf of a statement.
    pub fn of(statement: &Genuine) -> Self {
        Self {
            v: 1,
            kind: Kind::Dsse,
            pae: statement.pae_sha256,
            sig: STANDARD.encode(&statement.signature),
            kid: statement.key_id,
            stage: statement.key.stage,
            sid: statement.key.subject,
            run: statement.key.run.as_str().to_owned(),
        }
    }

    /// The bytes that are logged, RFC 8785. Nothing when they would exceed [`MAX_LEAF_BYTES`].
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        canonical::to_vec(self).ok().filter(|bytes| bytes.len() <= MAX_LEAF_BYTES)
    }

    /// Reads a leaf; nothing when the bytes are not exactly what [`Self::to_bytes`] gives.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let leaf: Self = serde_json::from_slice(bytes).ok().filter(|_| bytes.len() <= MAX_LEAF_BYTES)?;
        (leaf.v == 1 && leaf.to_bytes()? == bytes).then_some(leaf)
    }

    /// Where the statement is kept.
    pub fn statement_key(&self) -> Option<StatementKey> {
        Some(StatementKey { stage: self.stage, subject: self.sid, run: self.run.parse().ok()? })
    }

    fn signature(&self) -> Option<Vec<u8>> {
        STANDARD.decode(&self.sig).ok()
    }
}
