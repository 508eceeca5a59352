//! Verification of a statement on a disk: no AWS, no network, one verdict for each question.

use jiff::Timestamp;
use serde::Serialize;
use sluice_common::Sha256Digest;

use crate::any::stage_of;
use crate::dsse::Envelope;
use crate::layout::{Stage, StatementKey};
use crate::predicate::{
    Audit, Budget, Finding, Handover, KeyRotation, Pseudonymize, Quality, Quarantine, Refusal, Reidentify, Release,
    Seal, Shred, Sweep,
};
use crate::statement::{Predecessor, Predicate, ResourceDescriptor};
use crate::verify::{KeyId, Opened, TrustedKeys, Verified, VerifyError};

/// The answer to one question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", content = "why", rename_all = "camelCase")]
pub enum Verdict {
    /// Yes.
    Holds,
    /// No, because.
    Fails(String),
    /// Neither yes nor no yet: it is too early to tell, because.
    Pending(String),
    /// Nobody asked, or an earlier answer makes the question void.
    NotChecked,
}

impl Verdict {
    fn of(result: Result<(), VerifyError>) -> Self {
        result.map_or_else(|error| Self::Fails(error.to_string()), |()| Self::Holds)
    }

    /// Whether it is too early to tell.
    pub const fn is_pending(&self) -> bool {
        matches!(self, Self::Pending(_))
    }

    /// Whether the answer is no.
    pub const fn fails(&self) -> bool {
        matches!(self, Self::Fails(_))
    }
}

/// What is known of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OfflineReport {
    /// AUTHENTICITY: a trusted key signed exactly these bytes.
    pub signature: Verdict,
    /// VALIDITY: the key that signed was valid when S3 wrote the statement.
    pub validity: Verdict,
    /// The bytes are a statement that makes sense.
    pub statement: Verdict,
    /// PLACE: it was kept under the key that its content gives.
    pub place: Verdict,
    /// INTEGRITY: the file has the digest of one of its subjects.
    pub content: Verdict,
    /// The keys that signed.
    pub key_ids: Vec<KeyId>,
    /// SHA-256 of the signed bytes.
    pub pae_sha256: Option<Sha256Digest>,
    /// The kind of statement, when the signature holds.
    pub stage: Option<Stage>,
    /// Where its content says that it is kept.
    pub object_key: Option<String>,
    /// What it is about, when the signature holds.
    pub subject: Vec<ResourceDescriptor>,
    /// The statement on which it rests.
    pub predecessor: Option<Predecessor>,
}

/// What to check beside the signature.
#[derive(Debug, Clone, Copy, Default)]
pub struct Expected<'a> {
    /// Digest of the file that the statement should be about.
    pub file_sha256: Option<&'a Sha256Digest>,
    /// Key under which the statement was kept.
    pub object_key: Option<&'a str>,
    /// When S3 wrote it.
    pub written: Option<Timestamp>,
}

impl OfflineReport {
    fn unread(signature: Verdict, statement: Verdict) -> Self {
        Self {
            signature,
            validity: Verdict::NotChecked,
            statement,
            place: Verdict::NotChecked,
            content: Verdict::NotChecked,
            key_ids: Vec::new(),
            pae_sha256: None,
            stage: None,
            object_key: None,
            subject: Vec::new(),
            predecessor: None,
        }
    }

    /// Whether the signature holds and no question was answered with no.
    pub fn holds(&self) -> bool {
        self.signature == Verdict::Holds
            && self.statement == Verdict::Holds
            && !self.validity.fails()
            && !self.place.fails()
            && !self.content.fails()
    }
}

/// Verifies an envelope.
pub fn verify(envelope_json: &[u8], keys: &TrustedKeys, expected: Expected<'_>) -> OfflineReport {
    let opened = Envelope::from_json(envelope_json).map_err(VerifyError::from).and_then(|envelope| keys.open(envelope));
    match opened {
        Err(error) => OfflineReport::unread(Verdict::Fails(error.to_string()), Verdict::NotChecked),
        Ok(opened) => {
            let validity = validity(keys, &opened.key_ids, expected.written);
            OfflineReport { validity, ..read_any(opened, expected) }
        }
    }
}

/// Without a time nothing can be said of a key that is not valid for ever.
fn validity(keys: &TrustedKeys, signed_by: &[KeyId], written: Option<Timestamp>) -> Verdict {
    match written {
        Some(written) => Verdict::of(keys.check_written(signed_by, written)),
        None if signed_by.iter().all(|key| keys.window(key).is_open()) => Verdict::Holds,
        None => Verdict::NotChecked,
    }
}

fn read_any(opened: Opened, expected: Expected<'_>) -> OfflineReport {
    let stage = stage_of(&opened.payload);
    match stage {
        Some(Stage::Seal) => read::<Seal>(opened, expected),
        Some(Stage::Quality) => read::<Quality>(opened, expected),
        Some(Stage::Pseudonymize) => read::<Pseudonymize>(opened, expected),
        Some(Stage::Sweep) => read::<Sweep>(opened, expected),
        Some(Stage::Reidentify) => read::<Reidentify>(opened, expected),
        Some(Stage::Quarantine) => read::<Quarantine>(opened, expected),
        Some(Stage::Finding) => read::<Finding>(opened, expected),
        Some(Stage::Audit) => read::<Audit>(opened, expected),
        Some(Stage::Budget) => read::<Budget>(opened, expected),
        Some(Stage::Release) => read::<Release>(opened, expected),
        Some(Stage::Shred) => read::<Shred>(opened, expected),
        Some(Stage::Handover) => read::<Handover>(opened, expected),
        Some(Stage::KeyRotation) => read::<KeyRotation>(opened, expected),
        Some(Stage::Refusal) => read::<Refusal>(opened, expected),
        None => {
            let unknown = Verdict::Fails("the signed payload is no statement of ours".to_owned());
            OfflineReport {
                key_ids: opened.key_ids,
                pae_sha256: Some(opened.pae_sha256),
                ..OfflineReport::unread(Verdict::Holds, unknown)
            }
        }
    }
}

fn read<P: Predicate>(opened: Opened, expected: Expected<'_>) -> OfflineReport {
    let (key_ids, pae_sha256) = (opened.key_ids.clone(), Some(opened.pae_sha256));
    match opened.read::<P>() {
        Err(error) => OfflineReport {
            key_ids,
            pae_sha256,
            ..OfflineReport::unread(Verdict::Holds, Verdict::Fails(error.to_string()))
        },
        Ok(verified) => OfflineReport {
            signature: Verdict::Holds,
            validity: Verdict::NotChecked,
            statement: Verdict::Holds,
            place: expected.object_key.map_or(Verdict::NotChecked, |key| Verdict::of(verified.check_stored_under(key))),
            content: expected.file_sha256.map_or(Verdict::NotChecked, |found| content(&verified, found)),
            key_ids,
            pae_sha256,
            stage: Some(P::STAGE),
            object_key: Some(StatementKey::to_string(verified.key())),
            subject: verified.statement().subject().to_vec(),
            predecessor: verified.predecessor().cloned(),
        },
    }
}

fn content<P: Predicate>(verified: &Verified<P>, found: &Sha256Digest) -> Verdict {
    let mut signed = verified.statement().subject().iter().map(|one| one.digest.sha256);
    if signed.any(|digest| digest == Some(*found)) {
        Verdict::Holds
    } else {
        let first = verified.statement().subject().first().and_then(|one| one.digest.sha256);
        Verdict::of(Err(VerifyError::DigestMismatch { signed: first, found: *found }))
    }
}
