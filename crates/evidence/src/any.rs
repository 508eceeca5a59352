//! Statements of any kind, for whoever needs to know that one is genuine and not what it says, as the log does.

use sluice_common::{ObjectVersion, Sha256Digest};

use crate::archive::{Archive, EvidenceError};
use crate::dsse::Envelope;
use crate::layout::{Stage, StatementKey};
use crate::predicate::{
    Audit, Budget, Finding, Handover, KeyRotation, Pseudonymize, Quality, Quarantine, Refusal, Reidentify, Release,
    Seal, Shred, Sweep,
};
use crate::statement::{Predicate, predicate_type};
use crate::verify::{KeyId, Opened, TrustedKeys, VerifyError};

/// A statement whose kind does not matter: a trusted key signed it, and it reads as a statement of its stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Genuine {
    /// Where its content says that it is kept: stage, subject and run.
    pub key: StatementKey,
    /// What the signature covers.
    pub pae_sha256: Sha256Digest,
    /// The first trusted key that signed.
    pub key_id: KeyId,
    /// That key's signature.
    pub signature: Vec<u8>,
}

impl TrustedKeys {
    /// Verifies an envelope and reads its statement, whatever its kind.
    ///
    /// # Errors
    /// As [`TrustedKeys::verify`], and [`VerifyError::NotAStatement`] for a predicate type that is not ours.
    pub fn verify_any(&self, envelope_json: &[u8]) -> Result<Genuine, VerifyError> {
        let opened = self.open(Envelope::from_json(envelope_json)?)?;
        match stage_of(&opened.payload) {
            Some(Stage::Seal) => genuine::<Seal>(opened),
            Some(Stage::Quality) => genuine::<Quality>(opened),
            Some(Stage::Pseudonymize) => genuine::<Pseudonymize>(opened),
            Some(Stage::Sweep) => genuine::<Sweep>(opened),
            Some(Stage::Reidentify) => genuine::<Reidentify>(opened),
            Some(Stage::Quarantine) => genuine::<Quarantine>(opened),
            Some(Stage::Finding) => genuine::<Finding>(opened),
            Some(Stage::Audit) => genuine::<Audit>(opened),
            Some(Stage::Budget) => genuine::<Budget>(opened),
            Some(Stage::Release) => genuine::<Release>(opened),
            Some(Stage::Shred) => genuine::<Shred>(opened),
            Some(Stage::Handover) => genuine::<Handover>(opened),
            Some(Stage::KeyRotation) => genuine::<KeyRotation>(opened),
            Some(Stage::Refusal) => genuine::<Refusal>(opened),
            None => Err(VerifyError::NotAStatement("its predicate type is not one of ours".to_owned())),
        }
    }
}

/// The stage that a payload names, when it is one of ours.
pub(crate) fn stage_of(payload: &[u8]) -> Option<Stage> {
    let statement: serde_json::Value = serde_json::from_slice(payload).ok()?;
    let named = statement.get("predicateType")?.as_str()?;
    Stage::ALL.into_iter().find(|stage| predicate_type(*stage) == named)
}

fn genuine<P: Predicate>(opened: Opened) -> Result<Genuine, VerifyError> {
    let signature = opened.signature.clone();
    let verified = opened.read::<P>()?;
    let key_id = *verified.key_ids().first().ok_or(VerifyError::NoTrustedSignature { found: 0, needed: 1 })?;
    Ok(Genuine { key: verified.key().clone(), pae_sha256: verified.pae_sha256(), key_id, signature })
}

impl Archive {
    /// Loads a statement of whatever stage: signed by a trusted key, kept under the key that its content gives, written
    /// once.
    ///
    /// # Errors
    /// As [`Archive::load`], and [`EvidenceError::Rewritten`] when its key was written more than once.
    pub async fn load_any(&self, at: &ObjectVersion) -> Result<Genuine, EvidenceError> {
        let named: StatementKey = at.key.as_str().parse().map_err(|_no_key| EvidenceError::NotEvidence)?;
        if at.bucket != *self.bucket() {
            return Err(EvidenceError::NotEvidence);
        }
        let genuine = self.keys().verify_any(&self.read(at).await?)?;
        if genuine.key != named {
            return Err(VerifyError::StoredElsewhere.into());
        }
        self.resolve(&at.path()).await?;
        Ok(genuine)
    }
}
