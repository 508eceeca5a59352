//! What a stage does before and after its own work, and what can go wrong there.

use std::fmt;
use std::sync::Arc;

use sluice_common::port::UserMetadata;
use sluice_common::{BucketName, Dispose, Disposition, ObjectPath, ObjectVersion};
use sluice_evidence::{
    EvidenceError, Kept, Ledger, Predicate, Recorded, ResourceDescriptor, Stage, Statement, StatementError,
};

use crate::context::{Context, Ports, TrustAnchorError};
use crate::policy::{LoadedPolicy, PolicySource, PolicySourceError};
use crate::{StageConfig, arrival};

/// A stage's context, its policy and the bucket that it works on.
pub struct Frame {
    /// The context.
    pub context: Context,
    /// The policy.
    pub policy: PolicySource,
    raw_bucket: BucketName,
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame")
            .field("context", &self.context)
            .field("raw_bucket", &self.raw_bucket)
            .finish_non_exhaustive()
    }
}

/// What can go wrong around any stage's work.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// A statement is not to be believed, or could not be kept.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The signing key cannot be used.
    #[error(transparent)]
    TrustAnchor(#[from] TrustAnchorError),
    /// The policy cannot be used.
    #[error(transparent)]
    Policy(#[from] PolicySourceError),
    /// The object is one of another bucket.
    #[error("the object is one of another bucket than the raw one: correct what sends its events")]
    ForeignBucket,
    /// The bytes are not those that were sealed.
    #[error(
        "the bytes of the version are not the ones that were sealed: someone changed them, or the seal is of others"
    )]
    DigestChanged,
}

impl From<StatementError> for FrameError {
    fn from(error: StatementError) -> Self {
        Self::Evidence(error.into())
    }
}

impl Dispose for FrameError {
    fn disposition(&self) -> Disposition {
        match self {
            Self::Evidence(error) => error.disposition(),
            Self::TrustAnchor(error) => error.disposition(),
            Self::Policy(error) => error.disposition(),
            Self::ForeignBucket | Self::DigestChanged => Disposition::Alarm,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Evidence(error) => error.reason(),
            Self::TrustAnchor(error) => error.reason(),
            Self::Policy(error) => error.reason(),
            Self::ForeignBucket => "foreign_bucket",
            Self::DigestChanged => "digest_changed",
        }
    }
}

impl Frame {
    /// A stage on its ports. Nothing is fetched before the first message needs it.
    pub fn new(stage: Stage, config: StageConfig, ports: Ports) -> Self {
        let policy_path = ObjectPath { bucket: config.evidence_bucket.clone(), key: config.policy_key };
        Self {
            policy: PolicySource::new(Arc::clone(&ports.reader), policy_path),
            context: Context::new(stage, config.evidence_bucket, ports).trusting(config.signing.retired),
            raw_bucket: config.raw_bucket,
        }
    }

    /// The bucket that the stage works on.
    pub const fn raw_bucket(&self) -> &BucketName {
        &self.raw_bucket
    }

    /// The stage's ports.
    pub const fn ports(&self) -> &Ports {
        &self.context.ports
    }

    /// The evidence bucket.
    ///
    /// # Errors
    /// When the trust anchor cannot be fetched.
    pub async fn ledger(&self) -> Result<&Ledger, FrameError> {
        Ok(self.context.ledger().await?)
    }

    /// The policy as it is now.
    ///
    /// # Errors
    /// When it cannot be used.
    pub async fn current_policy(&self) -> Result<Arc<LoadedPolicy>, FrameError> {
        Ok(self.policy.current().await?)
    }

    /// Makes sure that a version lies in the bucket that the stage works on.
    ///
    /// # Errors
    /// When it does not.
    pub fn check_raw(&self, version: &ObjectVersion) -> Result<(), FrameError> {
        if version.bucket == self.raw_bucket { Ok(()) } else { Err(FrameError::ForeignBucket) }
    }

    /// Loads the statement that an event names, as [`arrival::load`] does.
    ///
    /// # Errors
    /// As there.
    pub async fn arrived<P: Predicate>(&self, at: &ObjectVersion) -> Result<Kept<P>, FrameError> {
        Ok(arrival::load::<P>(self.ledger().await?, at).await?)
    }

    /// Signs and keeps a statement.
    ///
    /// # Errors
    /// When it makes no sense or cannot be kept.
    pub async fn record<P: Predicate>(
        &self,
        subject: Vec<ResourceDescriptor>,
        predicate: P,
    ) -> Result<Recorded<P>, FrameError> {
        let statement = Statement::new(subject, predicate)?;
        Ok(self.ledger().await?.record(&statement, &UserMetadata::new()).await?)
    }
}
