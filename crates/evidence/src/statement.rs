//! In-toto Statement v1 over typed predicates.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sluice_common::{ObjectVersion, ObjectVersionId, Sha256Digest};

use crate::canonical::{self, CanonicalError};
use crate::dsse::{IN_TOTO_PAYLOAD_TYPE, pre_authentication_encoding};
use crate::layout::{RunId, Stage, StatementKey, SubjectId};

/// `_type` of every statement.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// Base of our predicate types. A name, not a link: `.example` is reserved (RFC 2606), so nobody else can mean it.
pub const PREDICATE_TYPE_BASE: &str = "https://sluice.example/attest";

/// What one stage states about its subjects.
pub trait Predicate:
    Serialize + DeserializeOwned + Clone + PartialEq + std::fmt::Debug + Send + Sync + 'static
{
    /// The stage, which gives the predicate type and the key prefix.
    const STAGE: Stage;

    /// What the statement is about and which of the stage's statements about it this is, from its content alone.
    ///
    /// # Errors
    /// When subjects and predicate contradict each other.
    fn place(&self, subject: &[ResourceDescriptor]) -> Result<(SubjectId, RunId), StatementError>;

    /// The statement on which this one rests.
    fn predecessor(&self) -> Option<&Predecessor> {
        None
    }
}

/// The predicate type of a stage, `<base>/<stage>/v1`.
pub fn predicate_type(stage: Stage) -> String {
    format!("{PREDICATE_TYPE_BASE}/{stage}/v1")
}

/// An in-toto statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Statement<P> {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<ResourceDescriptor>,
    predicate_type: String,
    predicate: P,
}

/// A subject: something with a name and a digest.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResourceDescriptor {
    /// Its name; for an object version the text of [`ObjectVersion::uri`].
    pub name: String,
    /// Its digests.
    pub digest: DigestSet,
}

/// Shows the name's id: the name may hold an uploader's key.
impl fmt::Debug for ResourceDescriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResourceDescriptor({}, {:?})", self.id(), self.digest)
    }
}

/// The digests of a subject; at least one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DigestSet {
    /// Of its bytes. Absent only where they could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Sha256Digest>,
    /// [`ObjectVersionId`], where the bytes could not be read: it names them no less exactly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s3_object_version: Option<ObjectVersionId>,
}

/// A link to the statement on which another rests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Predecessor {
    /// [`ObjectVersion::uri`] of the statement in the evidence bucket.
    pub uri: String,
    /// SHA-256 of its pre-authentication encoding: what its signature covers.
    pub pae_sha256: Sha256Digest,
}

/// Why a statement makes no sense. Ours never do; a stored one that does was not made by us.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// Subjects and predicate do not fit together.
    #[error("{stage} statement contradicts itself: {problem}")]
    Inconsistent {
        /// The stage.
        stage: Stage,
        /// What does not fit.
        problem: &'static str,
    },
    /// It cannot be encoded.
    #[error("statement has no canonical form")]
    Canonical(#[from] CanonicalError),
}

impl ResourceDescriptor {
    /// An object version whose bytes were hashed.
    pub fn object(version: &ObjectVersion, sha256: Sha256Digest) -> Self {
        Self { name: version.uri(), digest: DigestSet { sha256: Some(sha256), s3_object_version: None } }
    }

    /// An object version whose bytes could not be hashed.
    pub fn unread_object(version: &ObjectVersion) -> Self {
        Self { name: version.uri(), digest: DigestSet { sha256: None, s3_object_version: Some(version.id()) } }
    }

    /// Anything else that has a name and a digest, such as a bucket's settings or a request.
    pub fn named(name: impl Into<String>, sha256: Sha256Digest) -> Self {
        Self { name: name.into(), digest: DigestSet { sha256: Some(sha256), s3_object_version: None } }
    }

    /// The object version that is named, if one is.
    pub fn version(&self) -> Option<ObjectVersion> {
        ObjectVersion::from_uri(&self.name).ok().filter(|version| version.uri() == self.name)
    }

    /// The id of what is named.
    pub fn id(&self) -> SubjectId {
        self.version().map_or_else(|| SubjectId::of_name(&self.name), |version| SubjectId::from(&version))
    }

    fn is_sound(&self) -> bool {
        match (self.digest.sha256, self.digest.s3_object_version) {
            (Some(_), None) => true,
            (None, Some(id)) => self.version().is_some_and(|version| version.id() == id),
            (None, None) | (Some(_), Some(_)) => false,
        }
    }
}

impl<P> Statement<P> {
    /// What the statement is about.
    pub fn subject(&self) -> &[ResourceDescriptor] {
        &self.subject
    }

    /// What it states.
    pub fn predicate(&self) -> &P {
        &self.predicate
    }

    /// The predicate type as it stands in the statement.
    pub fn predicate_type(&self) -> &str {
        &self.predicate_type
    }
}

impl<P: Predicate> Statement<P> {
    /// Makes a statement.
    ///
    /// # Errors
    /// When subjects and predicate contradict each other.
    pub fn new(subject: Vec<ResourceDescriptor>, predicate: P) -> Result<Self, StatementError> {
        let statement =
            Self { kind: STATEMENT_TYPE.to_owned(), subject, predicate_type: predicate_type(P::STAGE), predicate };
        statement.key()?;
        Ok(statement)
    }

    /// The key under which it is kept: a pure function of its content.
    ///
    /// # Errors
    /// When subjects and predicate contradict each other.
    pub fn key(&self) -> Result<StatementKey, StatementError> {
        if self.subject.is_empty() || !self.subject.iter().all(ResourceDescriptor::is_sound) {
            return Err(inconsistent::<P>("every subject needs one digest, and there must be a subject"));
        }
        let (subject, run) = self.predicate.place(&self.subject)?;
        Ok(StatementKey { stage: P::STAGE, subject, run })
    }

    /// Its canonical bytes: the payload that is signed.
    ///
    /// # Errors
    /// When it holds an integer beyond 2^53 − 1.
    pub fn payload(&self) -> Result<Vec<u8>, StatementError> {
        Ok(canonical::to_vec(self)?)
    }

    /// What its signature covers.
    ///
    /// # Errors
    /// As [`Self::payload`].
    pub fn pae_sha256(&self) -> Result<Sha256Digest, StatementError> {
        Ok(Sha256Digest::of(&pre_authentication_encoding(IN_TOTO_PAYLOAD_TYPE, &self.payload()?)))
    }
}

/// An error of a predicate's [`Predicate::place`].
pub(crate) const fn inconsistent<P: Predicate>(problem: &'static str) -> StatementError {
    StatementError::Inconsistent { stage: P::STAGE, problem }
}

/// The only subject, which must name an object version.
pub(crate) fn only_object<P: Predicate>(subject: &[ResourceDescriptor]) -> Result<ObjectVersion, StatementError> {
    match subject {
        [one] => one.version().ok_or_else(|| inconsistent::<P>("its subject is not an object version")),
        _ => Err(inconsistent::<P>("it must have exactly one subject")),
    }
}
