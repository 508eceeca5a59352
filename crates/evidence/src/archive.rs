//! Reading statements back from the evidence bucket: verified, from the key that their content demands, and written once.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use futures::TryStreamExt as _;
use jiff::Timestamp;
use sluice_common::port::{KeyError, ObjectReader, StoreError, VersionEntry, VersionLister};
use sluice_common::{BucketName, Dispose, Disposition, ObjectKey, ObjectPath, ObjectVersion, VersionId};

use crate::beside::beside;
use crate::dsse::{DsseError, MAX_ENVELOPE_BYTES};
use crate::layout::{StatementKey, SubjectId};
use crate::memo::{Memo, Trace};
use crate::sign::SignError;
use crate::statement::{Predecessor, Predicate, StatementError};
use crate::verify::{TrustedKeys, Verified, VerifyError, recall};

/// The most statements that [`Archive::list`] loads: one for each policy and ruleset that ever applied.
pub const MAX_LISTED: usize = 64;

/// The evidence bucket, for reading.
#[derive(Clone)]
pub struct Archive {
    bucket: BucketName,
    objects: Arc<dyn ObjectReader>,
    versions: Arc<dyn VersionLister>,
    keys: Arc<TrustedKeys>,
    verified_before: Option<Timestamp>,
    memo: Option<Arc<Memo>>,
}

/// A verified statement and the version under which it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept<P> {
    at: ObjectVersion,
    statement: Verified<P>,
}

impl<P> Kept<P> {
    pub(crate) const fn new(at: ObjectVersion, statement: Verified<P>) -> Self {
        Self { at, statement }
    }

    /// Where it is kept.
    pub const fn at(&self) -> &ObjectVersion {
        &self.at
    }

    /// The link by which a later statement names this one.
    pub fn link(&self) -> Predecessor {
        Predecessor { uri: self.at.uri(), pae_sha256: self.statement.pae_sha256() }
    }
}

impl<P> Deref for Kept<P> {
    type Target = Verified<P>;
    fn deref(&self) -> &Verified<P> {
        &self.statement
    }
}

/// What can go wrong with evidence.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvidenceError {
    /// The bucket could not be read or written.
    #[error("evidence bucket: {0}")]
    Store(#[from] StoreError),
    /// The signing key could not be used.
    #[error("signing key: {0}")]
    Key(#[from] KeyError),
    /// The statement to be recorded makes no sense.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// The statement to be recorded is too large.
    #[error(transparent)]
    Unencodable(#[from] DsseError),
    /// A stored statement is not to be believed.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// Our own signature does not verify.
    #[error("the signer's signature does not verify with the trusted keys: add its public key to them")]
    Untrusted(#[source] VerifyError),
    /// An event or a link names something that is no statement of this bucket.
    #[error("not a statement of the evidence bucket")]
    NotEvidence,
    /// A write-once key was written again or deleted.
    #[error("a write-once key has {versions} versions and {delete_markers} delete markers: someone rewrites evidence")]
    Rewritten {
        /// Versions with bytes.
        versions: usize,
        /// Delete markers.
        delete_markers: usize,
    },
    /// The evidence bucket keeps no versions.
    #[error("the evidence bucket keeps no versions: turn on versioning")]
    Unversioned,
    /// Another payload is kept under the key of this statement.
    #[error("the stored statement {key} differs from the one just made from the same inputs")]
    Contradiction {
        /// The key of both.
        key: StatementKeyText,
    },
}

/// The text of a [`StatementKey`], which holds nothing of an uploader's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementKeyText(pub(crate) String);

impl fmt::Display for StatementKeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<SignError> for EvidenceError {
    fn from(error: SignError) -> Self {
        match error {
            SignError::Statement(error) => Self::Statement(error),
            SignError::Dsse(error) => Self::Unencodable(error),
            SignError::Key(error) => Self::Key(error),
            SignError::Untrusted(error) => Self::Untrusted(error),
        }
    }
}

impl Dispose for EvidenceError {
    fn disposition(&self) -> Disposition {
        match self {
            Self::Store(error) => error.disposition(),
            Self::Key(error) => error.disposition(),
            Self::Verify(error) => error.disposition(),
            // The configuration is wrong, not the object: a corrected one clears the queue.
            Self::Untrusted(_) => Disposition::Retry,
            Self::Unencodable(_) => Disposition::Quarantine,
            Self::Statement(_)
            | Self::NotEvidence
            | Self::Rewritten { .. }
            | Self::Unversioned
            | Self::Contradiction { .. } => Disposition::Alarm,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Store(error) => error.reason(),
            Self::Key(error) => error.reason(),
            Self::Verify(error) => error.reason(),
            Self::Untrusted(_) => "signer_not_trusted",
            Self::Unencodable(_) => "statement_too_large",
            Self::Statement(_) => "statement_inconsistent",
            Self::NotEvidence => "not_evidence",
            Self::Rewritten { .. } => "evidence_rewritten",
            Self::Unversioned => "evidence_unversioned",
            Self::Contradiction { .. } => "evidence_contradiction",
        }
    }
}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Archive").field("bucket", &self.bucket).finish_non_exhaustive()
    }
}

impl Archive {
    /// The evidence bucket, read through these ports and believed only when these keys signed.
    pub fn new(
        bucket: BucketName,
        objects: Arc<dyn ObjectReader>,
        versions: Arc<dyn VersionLister>,
        keys: TrustedKeys,
    ) -> Self {
        Self { bucket, objects, versions, keys: Arc::new(keys), verified_before: None, memo: None }
    }

    /// The same bucket for a reader who knows that everything written before a time was verified already, by a sweep whose
    /// account is signed. S3 never changes the bytes of a version and sets its time itself, so what was genuine then is
    /// genuine now: older statements are read without checking their signature once more.
    #[must_use]
    pub fn verified_before(mut self, time: Timestamp) -> Self {
        self.verified_before = Some(time);
        self
    }

    /// The same bucket for a reader who meets statements more than once: what it verified it knows again, byte by byte, until it
    /// ends. Readers made of this one by [`Self::verified_before`] share what is known. Such a reader meets many, so several
    /// that are loaded at a time are verified on several cores; that needs a Tokio runtime.
    #[must_use]
    pub fn remembering(mut self) -> Self {
        self.memo = Some(Arc::default());
        self
    }

    /// The bucket.
    pub const fn bucket(&self) -> &BucketName {
        &self.bucket
    }

    /// The keys that are believed.
    pub fn keys(&self) -> &TrustedKeys {
        &self.keys
    }

    /// Loads the statement that an event names: of this bucket, of this stage, signed by a trusted key, kept under the
    /// key that its content gives, so that its subject is the one that the key promises.
    ///
    /// # Errors
    /// When any of that does not hold, or the bucket cannot be read.
    pub async fn load<P: Predicate>(&self, at: &ObjectVersion) -> Result<Kept<P>, EvidenceError> {
        let named: StatementKey = at.key.as_str().parse().map_err(|_no_key| EvidenceError::NotEvidence)?;
        if at.bucket != self.bucket || named.stage != P::STAGE {
            return Err(EvidenceError::NotEvidence);
        }
        let (bytes, written) = self.read_written(at).await?;
        let statement = match self.verified_before {
            Some(time) if written < time => recall::<P>(&bytes)?,
            _ => self.verify(bytes, written).await?,
        };
        statement.check_stored_under(at.key.as_str())?;
        Ok(Kept::new(at.clone(), statement))
    }

    async fn verify<P: Predicate>(&self, bytes: Vec<u8>, written: Timestamp) -> Result<Verified<P>, VerifyError> {
        let Some(memo) = &self.memo else { return verify_written(&self.keys, &bytes, written) };
        let trace = Trace::of(&bytes, written);
        if memo.knows(trace) {
            return recall::<P>(&bytes);
        }
        let keys = Arc::clone(&self.keys);
        let verified = beside(move || verify_written(&keys, &bytes, written)).await?;
        memo.add(trace);
        Ok(verified)
    }

    /// Follows a statement's link to its predecessor.
    ///
    /// # Errors
    /// As [`Self::load`], and when the link's digest names another statement.
    pub async fn follow<P: Predicate>(&self, link: &Predecessor) -> Result<Kept<P>, EvidenceError> {
        let at = ObjectVersion::from_uri(&link.uri).map_err(|_no_version| EvidenceError::NotEvidence)?;
        let kept = self.load::<P>(&at).await?;
        if kept.pae_sha256() == link.pae_sha256 { Ok(kept) } else { Err(VerifyError::BrokenLink.into()) }
    }

    /// Looks for the statement under a key.
    ///
    /// # Errors
    /// As [`Self::load`], and [`EvidenceError::Rewritten`] when the key has more than one version or a delete marker.
    pub async fn find<P: Predicate>(&self, key: &StatementKey) -> Result<Option<Kept<P>>, EvidenceError> {
        match self.only_version(key).await? {
            None => Ok(None),
            Some(at) => self.load(&at).await.map(Some),
        }
    }

    /// Looks at the current version under a key and not at its history: a twelfth of the price of [`Self::find`], for
    /// who looks at every key's history by other means.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub async fn peek<P: Predicate>(&self, key: &StatementKey) -> Result<Option<Kept<P>>, EvidenceError> {
        let path = ObjectPath { bucket: self.bucket.clone(), key: key.object_key() };
        match self.objects.current(&path).await {
            Ok(at) => self.load(&at).await.map(Some),
            // Never written, or hidden by a delete marker: the history tells.
            Err(StoreError::NotFound { .. }) => self.find(key).await,
            Err(error) => Err(error.into()),
        }
    }

    /// Every statement of one stage about one subject, at most [`MAX_LISTED`], each believed or not by itself.
    ///
    /// # Errors
    /// When the bucket cannot be listed.
    pub async fn list<P: Predicate>(
        &self,
        subject: &SubjectId,
    ) -> Result<Vec<Result<Kept<P>, EvidenceError>>, EvidenceError> {
        let prefix = StatementKey::prefix(P::STAGE, subject);
        let mut histories: Vec<(ObjectKey, Vec<VersionEntry>)> = Vec::new();
        let mut next = None;
        loop {
            let page = self.versions.list_versions(&self.bucket, &prefix, next.as_ref()).await?;
            for entry in page.entries {
                match histories.last_mut() {
                    Some((key, history)) if *key == entry.key => history.push(entry),
                    _ => histories.push((entry.key.clone(), vec![entry])),
                }
            }
            match page.next {
                Some(more) if histories.len() <= MAX_LISTED => next = Some(more),
                _ => break,
            }
        }
        let mut statements = Vec::with_capacity(histories.len().min(MAX_LISTED));
        for (key, history) in histories.into_iter().take(MAX_LISTED) {
            if key.as_str().parse::<StatementKey>().is_err() {
                continue;
            }
            let loaded = match self.only(key, &history) {
                Ok(Some(at)) => self.load(&at).await,
                Ok(None) => continue,
                Err(error) => Err(error),
            };
            statements.push(loaded);
        }
        Ok(statements)
    }

    /// The version of a statement that an event names by its path alone. Statement keys are written once, so there is
    /// one or none.
    ///
    /// # Errors
    /// [`EvidenceError::NotEvidence`] for another bucket or key, [`EvidenceError::Rewritten`] for more than one version.
    pub async fn resolve(&self, path: &ObjectPath) -> Result<Option<ObjectVersion>, EvidenceError> {
        let key: StatementKey = path.key.as_str().parse().map_err(|_no_key| EvidenceError::NotEvidence)?;
        if path.bucket != self.bucket {
            return Err(EvidenceError::NotEvidence);
        }
        self.only_version(&key).await
    }

    /// The one version of a write-once key. A conditional put succeeds over a delete marker, so the key's history must
    /// be looked at, not its current version.
    async fn only_version(&self, key: &StatementKey) -> Result<Option<ObjectVersion>, EvidenceError> {
        let object_key = key.object_key();
        let history = self.history(&object_key).await?;
        self.only(object_key, &history)
    }

    /// The one version of a history.
    fn only(&self, key: ObjectKey, history: &[VersionEntry]) -> Result<Option<ObjectVersion>, EvidenceError> {
        let delete_markers = history.iter().filter(|entry| entry.is_delete_marker).count();
        match history {
            [] => Ok(None),
            [one] if delete_markers == 0 => {
                let version_id =
                    VersionId::new(one.version_id.as_str()).map_err(|_unversioned| EvidenceError::Unversioned)?;
                Ok(Some(ObjectVersion { bucket: self.bucket.clone(), key, version_id }))
            }
            more => Err(EvidenceError::Rewritten { versions: more.len() - delete_markers, delete_markers }),
        }
    }

    /// The versions and delete markers of a key. It sorts before every longer key that begins with it, so they lead the
    /// listing; a page may end among them.
    async fn history(&self, key: &ObjectKey) -> Result<Vec<VersionEntry>, EvidenceError> {
        let mut history = Vec::new();
        let mut next = None;
        loop {
            let page = self.versions.list_versions(&self.bucket, key.as_str(), next.as_ref()).await?;
            let is_past = page.entries.last().is_some_and(|last| last.key != *key);
            history.extend(page.entries.into_iter().filter(|entry| entry.key == *key));
            match page.next {
                // Two tell as much as a thousand.
                Some(more) if !is_past && history.len() < 2 => next = Some(more),
                _ => return Ok(history),
            }
        }
    }

    pub(crate) async fn read(&self, at: &ObjectVersion) -> Result<Vec<u8>, EvidenceError> {
        Ok(self.read_written(at).await?.0)
    }

    /// The bytes of a version, and when S3 says that it was written.
    async fn read_written(&self, at: &ObjectVersion) -> Result<(Vec<u8>, Timestamp), EvidenceError> {
        let too_large = || VerifyError::NotDsse(DsseError::TooLarge(MAX_ENVELOPE_BYTES + 1));
        let mut body = self.objects.get(at).await?;
        let announced = usize::try_from(body.facts.size_bytes).unwrap_or(usize::MAX);
        if announced > MAX_ENVELOPE_BYTES {
            return Err(too_large().into());
        }
        let mut bytes = Vec::with_capacity(announced);
        while let Some(chunk) = body.stream.try_next().await? {
            if bytes.len() + chunk.len() > MAX_ENVELOPE_BYTES {
                return Err(too_large().into());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok((bytes, body.facts.last_modified))
    }
}

/// Checks the signatures, and that their keys counted when S3 wrote the envelope.
fn verify_written<P: Predicate>(
    keys: &TrustedKeys,
    bytes: &[u8],
    written: Timestamp,
) -> Result<Verified<P>, VerifyError> {
    let verified = keys.verify::<P>(bytes)?;
    keys.check_written(verified.key_ids(), written)?;
    Ok(verified)
}
