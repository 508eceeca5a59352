//! Verification. [`Verified`] has no public constructor: who holds one knows that a trusted key signed exactly these bytes.

mod public_key;
mod retired;
mod validity;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;

use jiff::Timestamp;
use p256::ecdsa::Signature;
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use p256::pkcs8::Document;
use serde::Deserialize;
use sluice_common::port::{KeyError, Signer, SpkiDer};
use sluice_common::{Dispose, Disposition, ObjectVersion, Sha256Digest};

use crate::dsse::{DsseError, Envelope, IN_TOTO_PAYLOAD_TYPE, error_place};
use crate::layout::StatementKey;
use crate::predicate::{Quality, Seal};
use crate::statement::{Predicate, STATEMENT_TYPE, Statement, StatementError, predicate_type};

pub use public_key::KeyId;
use public_key::PublicKey;
pub use retired::{RetiredKey, RetiredKeys, RetiredKeysError};
pub use validity::{KeySetError, Window};

/// The most keys that are tried: a signing key and its predecessors.
pub const MAX_TRUSTED_KEYS: usize = 64;

/// The keys whose signatures count.
#[derive(Debug, Clone)]
pub struct TrustedKeys {
    keys: Vec<(KeyId, PublicKey)>,
    /// When each counts; one that is not here counts at any time.
    windows: BTreeMap<KeyId, Window>,
    threshold: usize,
}

/// Why keys cannot be trusted.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// Not a P-256 or Ed25519 public key.
    #[error(
        "public key {0} is not an ECDSA P-256 or Ed25519 key in SubjectPublicKeyInfo form; export it with `aws kms get-public-key`"
    )]
    NotAKey(usize),
    /// No key at all.
    #[error("no public key given: nothing could be verified")]
    None,
    /// More than are ever tried.
    #[error("{0} public keys given; at most {MAX_TRUSTED_KEYS} are tried")]
    TooMany(usize),
    /// The signer does not tell its key.
    #[error("the signer's public key could not be read")]
    Signer(#[from] KeyError),
}

impl Dispose for TrustError {
    fn disposition(&self) -> Disposition {
        Disposition::Retry
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Signer(error) => error.reason(),
            Self::NotAKey(_) | Self::None | Self::TooMany(_) => "trusted_keys_unusable",
        }
    }
}

impl TrustedKeys {
    /// Trusts these keys; one signature suffices.
    ///
    /// # Errors
    /// When there is no key, there are too many, or one is of another kind.
    pub fn from_spki_der<'a>(keys: impl IntoIterator<Item = &'a SpkiDer>) -> Result<Self, TrustError> {
        let read = |(at, key): (usize, &SpkiDer)| PublicKey::from_spki_der(&key.0).ok_or(TrustError::NotAKey(at + 1));
        Self::of(keys.into_iter().enumerate().map(read).collect::<Result<_, _>>()?)
    }

    /// Trusts the keys of a PEM text, which may hold several.
    ///
    /// # Errors
    /// As [`Self::from_spki_der`].
    pub fn from_pem(text: &str) -> Result<Self, TrustError> {
        const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
        const END: &str = "-----END PUBLIC KEY-----";
        let blocks = text.split_inclusive(END).filter_map(|block| block.find(BEGIN).and_then(|at| block.get(at..)));
        let key_of = |block: &str| PublicKey::from_spki_der(Document::from_pem(block).ok()?.1.as_bytes());
        let read = |(at, block)| key_of(block).ok_or(TrustError::NotAKey(at + 1));
        Self::of(blocks.enumerate().map(read).collect::<Result<_, _>>()?)
    }

    /// Trusts a signer's own key, as a stage does that reads what its neighbours sign with the same key.
    ///
    /// # Errors
    /// When the key cannot be read or is of another kind.
    pub async fn of_signer(signer: &dyn Signer) -> Result<Self, TrustError> {
        Self::from_spki_der([&signer.public_key().await?])
    }

    /// Demands signatures of this many different keys.
    #[must_use]
    pub const fn with_threshold(mut self, keys: usize) -> Self {
        self.threshold = if keys == 0 { 1 } else { keys };
        self
    }

    /// The ids of the keys.
    pub fn ids(&self) -> impl Iterator<Item = KeyId> {
        self.keys.iter().map(|(id, _)| *id)
    }

    fn of(keys: Vec<PublicKey>) -> Result<Self, TrustError> {
        match keys.len() {
            0 => return Err(TrustError::None),
            1..=MAX_TRUSTED_KEYS => {}
            more => return Err(TrustError::TooMany(more)),
        }
        let mut known: Vec<(KeyId, PublicKey)> = Vec::with_capacity(keys.len());
        for (at, key) in keys.into_iter().enumerate() {
            let id = key.id().ok_or(TrustError::NotAKey(at + 1))?;
            if known.iter().all(|(other, _)| *other != id) {
                known.push((id, key));
            }
        }
        Ok(Self { keys: known, windows: BTreeMap::new(), threshold: 1 })
    }

    /// The key that made a signature. The hint in the envelope is not asked.
    pub(crate) fn key_of(&self, pae: &[u8], signature: &[u8]) -> Option<KeyId> {
        self.keys.iter().find(|(_, key)| key.made(pae, signature)).map(|(id, _)| *id)
    }

    /// Whether a key, known by its id, made an ECDSA signature (ASN.1 DER) over the digest of a statement: all that can be
    /// asked of who holds the digest and not the statement. Nothing when the key is not among these or of another kind.
    pub fn signed_digest(&self, id: &KeyId, pae_sha256: &Sha256Digest, signature_der: &[u8]) -> Option<bool> {
        let (_, PublicKey::P256(key)) = self.keys.iter().find(|(known, _)| known == id)? else { return None };
        let signature = Signature::from_der(signature_der);
        Some(signature.is_ok_and(|signature| key.verify_prehash(pae_sha256.as_bytes(), &signature).is_ok()))
    }

    /// Checks an envelope's signatures and hands out the signed payload.
    pub(crate) fn open(&self, envelope: Envelope) -> Result<Opened, VerifyError> {
        let pae = envelope.pae();
        let pae_sha256 = Sha256Digest::of(&pae);
        let mut key_ids: Vec<KeyId> = Vec::new();
        let mut signature_der = None;
        for signature in &envelope.signatures {
            if let Some(id) = self.key_of(&pae, &signature.signature)
                && !key_ids.contains(&id)
            {
                key_ids.push(id);
                signature_der.get_or_insert_with(|| signature.signature.clone());
            }
        }
        if key_ids.len() < self.threshold {
            return Err(VerifyError::NoTrustedSignature { found: key_ids.len(), needed: self.threshold });
        }
        if envelope.payload_type != IN_TOTO_PAYLOAD_TYPE {
            return Err(VerifyError::WrongPayloadType);
        }
        let signature = signature_der.unwrap_or_default();
        Ok(Opened { payload: envelope.payload, pae_sha256, key_ids, signature })
    }

    /// Verifies an envelope and reads its statement.
    ///
    /// # Errors
    /// When the bytes are no envelope, no trusted key signed them, or they are another statement than a `P`.
    pub fn verify<P: Predicate>(&self, envelope_json: &[u8]) -> Result<Verified<P>, VerifyError> {
        self.open(Envelope::from_json(envelope_json)?)?.read()
    }
}

/// Reads a statement whose envelope was verified before and has not changed since; who calls knows both.
pub(crate) fn recall<P: Predicate>(envelope_json: &[u8]) -> Result<Verified<P>, VerifyError> {
    let envelope = Envelope::from_json(envelope_json)?;
    let pae_sha256 = envelope.pae_sha256();
    let not_a_statement = |error: serde_json::Error| VerifyError::NotAStatement(error_place(&error));
    let statement: Statement<P> = serde_json::from_slice(&envelope.payload).map_err(not_a_statement)?;
    let key = statement.key()?;
    Ok(Verified { statement, key, payload: envelope.payload, pae_sha256, key_ids: Vec::new() })
}

/// A payload whose signature holds, not yet read.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) payload: Vec<u8>,
    pub(crate) pae_sha256: Sha256Digest,
    pub(crate) key_ids: Vec<KeyId>,
    /// The first signature of a trusted key.
    pub(crate) signature: Vec<u8>,
}

/// The statement's type, whatever its predicate.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    #[serde(rename = "_type")]
    statement_type: String,
    predicate_type: String,
}

impl Opened {
    pub(crate) fn read<P: Predicate>(self) -> Result<Verified<P>, VerifyError> {
        let not_a_statement = |error: serde_json::Error| VerifyError::NotAStatement(error_place(&error));
        let head: Head = serde_json::from_slice(&self.payload).map_err(not_a_statement)?;
        if head.statement_type != STATEMENT_TYPE {
            return Err(VerifyError::NotAStatement("its `_type` is not in-toto Statement v1".to_owned()));
        }
        let expected = predicate_type(P::STAGE);
        if head.predicate_type != expected {
            return Err(VerifyError::WrongPredicateType { expected });
        }
        let statement: Statement<P> = serde_json::from_slice(&self.payload).map_err(not_a_statement)?;
        // Guards against bytes that two readers understand differently, such as fields that one of them skips.
        if statement.payload()? != self.payload {
            return Err(VerifyError::NotCanonical);
        }
        let key = statement.key()?;
        Ok(Verified { statement, key, payload: self.payload, pae_sha256: self.pae_sha256, key_ids: self.key_ids })
    }
}

/// A statement that a trusted key signed.
#[derive(Clone, PartialEq, Eq)]
pub struct Verified<P> {
    statement: Statement<P>,
    key: StatementKey,
    payload: Vec<u8>,
    pae_sha256: Sha256Digest,
    key_ids: Vec<KeyId>,
}

/// Leaves the payload out: it holds the uploader's key.
impl<P: fmt::Debug> fmt::Debug for Verified<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Verified");
        shown.field("statement", &self.statement).field("pae_sha256", &self.pae_sha256).finish_non_exhaustive()
    }
}

impl<P> Verified<P> {
    /// The statement.
    pub fn statement(&self) -> &Statement<P> {
        &self.statement
    }

    /// Where its content says that it is kept.
    pub fn key(&self) -> &StatementKey {
        &self.key
    }

    /// The signed bytes.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// What the signature covers; how other statements name this one.
    pub fn pae_sha256(&self) -> Sha256Digest {
        self.pae_sha256
    }

    /// The trusted keys that signed, each once; none where an earlier verification was relied on, see
    /// [`crate::Archive::verified_before`].
    pub fn key_ids(&self) -> &[KeyId] {
        &self.key_ids
    }

    /// Demands that the statement was kept under the key that its content demands.
    ///
    /// # Errors
    /// [`VerifyError::StoredElsewhere`].
    pub fn check_stored_under(&self, object_key: &str) -> Result<(), VerifyError> {
        if self.key.to_string() == object_key { Ok(()) } else { Err(VerifyError::StoredElsewhere) }
    }

    /// Demands that one of its subjects is this version.
    ///
    /// # Errors
    /// [`VerifyError::SubjectMismatch`].
    pub fn check_subject(&self, version: &ObjectVersion) -> Result<(), VerifyError> {
        let uri = version.uri();
        let named = self.statement.subject().iter().any(|one| one.name == uri);
        if named { Ok(()) } else { Err(VerifyError::SubjectMismatch) }
    }

    /// Demands that one of its subjects is this version with these bytes.
    ///
    /// # Errors
    /// [`VerifyError::SubjectMismatch`] or [`VerifyError::DigestMismatch`].
    pub fn check_digest(&self, version: &ObjectVersion, found: &Sha256Digest) -> Result<(), VerifyError> {
        let uri = version.uri();
        let one = self.statement.subject().iter().find(|one| one.name == uri).ok_or(VerifyError::SubjectMismatch)?;
        match one.digest.sha256 {
            Some(signed) if signed == *found => Ok(()),
            signed => Err(VerifyError::DigestMismatch { signed, found: *found }),
        }
    }
}

impl<P> Deref for Verified<P> {
    type Target = P;
    fn deref(&self) -> &P {
        self.statement.predicate()
    }
}

impl Verified<Seal> {
    /// The sealed version.
    pub fn version(&self) -> ObjectVersion {
        self.object.version()
    }

    /// The sealed digest.
    pub fn sha256(&self) -> Option<Sha256Digest> {
        self.statement.subject().first().and_then(|one| one.digest.sha256)
    }
}

impl Verified<Quality> {
    /// The judged version.
    pub fn version(&self) -> Option<ObjectVersion> {
        self.statement.subject().first().and_then(crate::statement::ResourceDescriptor::version)
    }

    /// The judged digest.
    pub fn sha256(&self) -> Option<Sha256Digest> {
        self.statement.subject().first().and_then(|one| one.digest.sha256)
    }

    /// Demands that the verdict was given under this policy.
    ///
    /// # Errors
    /// [`VerifyError::PolicyMismatch`].
    pub fn check_policy(&self, digest: &Sha256Digest) -> Result<(), VerifyError> {
        let signed = self.policy.digest;
        if signed == *digest { Ok(()) } else { Err(VerifyError::PolicyMismatch { signed, expected: *digest }) }
    }
}

/// Why a statement is not to be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The bytes are no envelope.
    #[error(transparent)]
    NotDsse(#[from] DsseError),
    /// The payload is not an in-toto statement.
    #[error("the envelope's payload type is not {IN_TOTO_PAYLOAD_TYPE}")]
    WrongPayloadType,
    /// Too few trusted keys signed these bytes.
    #[error(
        "signed by {found} trusted keys, {needed} needed: the statement was altered, forged, or signed by a key not given"
    )]
    NoTrustedSignature {
        /// Different trusted keys that signed.
        found: usize,
        /// Keys that must have signed.
        needed: usize,
    },
    /// Signed by a trusted key, but not in its time.
    #[error(
        "written at {written}, outside the validity of key {key} that signed it: the key was retired, or not yet valid"
    )]
    OutsideValidity {
        /// The key.
        key: KeyId,
        /// When S3 wrote the statement.
        written: Timestamp,
    },
    /// The payload does not read as a statement.
    #[error("the signed payload is not a statement of this version: {0}")]
    NotAStatement(String),
    /// Another kind of statement.
    #[error("another kind of statement: expected predicate type {expected}")]
    WrongPredicateType {
        /// The predicate type that was expected.
        expected: String,
    },
    /// Signed, but not in the one form in which ours are written.
    #[error("the signed payload is not canonical JSON (RFC 8785)")]
    NotCanonical,
    /// Signed, but makes no sense.
    #[error(transparent)]
    Inconsistent(#[from] StatementError),
    /// A genuine statement under a key that is not its own.
    #[error("the statement is kept under a key that its content does not give: it was copied or moved")]
    StoredElsewhere,
    /// A genuine statement about something else.
    #[error("the statement is about another object version")]
    SubjectMismatch,
    /// The bytes are not the signed ones.
    #[error("the bytes are not the signed ones: they hash to {found}")]
    DigestMismatch {
        /// The digest that was signed, if one was.
        signed: Option<Sha256Digest>,
        /// The digest that was found.
        found: Sha256Digest,
    },
    /// Given under another policy.
    #[error("the statement was given under the policy {signed}, not {expected}")]
    PolicyMismatch {
        /// The policy that was signed.
        signed: Sha256Digest,
        /// The policy that was expected.
        expected: Sha256Digest,
    },
    /// A link leads to another statement than it names.
    #[error("the statement's link to its predecessor leads to another statement")]
    BrokenLink,
}

impl Dispose for VerifyError {
    fn disposition(&self) -> Disposition {
        Disposition::Alarm
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::NotDsse(_) => "statement_not_dsse",
            Self::WrongPayloadType => "statement_wrong_payload_type",
            Self::NoTrustedSignature { .. } => "statement_not_trusted",
            Self::OutsideValidity { .. } => "statement_outside_key_validity",
            Self::NotAStatement(_) => "statement_unreadable",
            Self::WrongPredicateType { .. } => "statement_wrong_predicate",
            Self::NotCanonical => "statement_not_canonical",
            Self::Inconsistent(_) => "statement_inconsistent",
            Self::StoredElsewhere => "statement_stored_elsewhere",
            Self::SubjectMismatch => "statement_subject_mismatch",
            Self::DigestMismatch { .. } => "digest_mismatch",
            Self::PolicyMismatch { .. } => "policy_mismatch",
            Self::BrokenLink => "statement_broken_link",
        }
    }
}
