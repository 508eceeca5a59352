//! What a stage holds for as long as its sandbox lives.

use std::fmt;
use std::sync::Arc;

use sluice_common::BucketName;
use sluice_common::port::{KeyError, Metrics, ObjectReader, ObjectWriter, Signer, VersionLister};
use sluice_common::{Dispose, Disposition};
use sluice_evidence::verify::{RetiredKeys, TrustError};
use sluice_evidence::{Archive, Ledger, Stage, TrustedKeys};
use tokio::sync::OnceCell;

/// The ports that every stage needs.
#[derive(Clone)]
pub struct Ports {
    /// Reads raw objects and statements.
    pub reader: Arc<dyn ObjectReader>,
    /// Writes statements.
    pub writer: Arc<dyn ObjectWriter>,
    /// Looks at the history of write-once keys.
    pub versions: Arc<dyn VersionLister>,
    /// Signs statements.
    pub signer: Arc<dyn Signer>,
    /// Publishes metrics that outlive the log group.
    pub metrics: Arc<dyn Metrics>,
}

/// A stage and its ports. Nothing is fetched before the first message needs it, so that a cold start costs nothing.
pub struct Context {
    /// Which stage.
    pub stage: Stage,
    /// The ports.
    pub ports: Ports,
    evidence_bucket: BucketName,
    retired: RetiredKeys,
    ledger: OnceCell<Ledger>,
}

/// The evidence bucket cannot be used yet.
#[derive(Debug, thiserror::Error)]
pub enum TrustAnchorError {
    /// The public key could not be fetched.
    #[error("the public key of the statement signing key cannot be fetched: {0}")]
    Key(#[from] KeyError),
    /// It is not a P-256 key.
    #[error("the statement signing key is not usable: {0}")]
    Unusable(#[from] TrustError),
}

impl Dispose for TrustAnchorError {
    fn disposition(&self) -> Disposition {
        Disposition::Retry
    }

    fn reason(&self) -> &'static str {
        "trust_anchor_unavailable"
    }
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ports")
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("stage", &self.stage)
            .field("evidence_bucket", &self.evidence_bucket)
            .finish_non_exhaustive()
    }
}

impl Ports {
    /// One store for everything, a key and metrics.
    pub fn new<S>(objects: &Arc<S>, signer: Arc<dyn Signer>, metrics: Arc<dyn Metrics>) -> Self
    where
        S: ObjectReader + ObjectWriter + VersionLister + 'static,
    {
        Self {
            reader: Arc::clone(objects) as _,
            writer: Arc::clone(objects) as _,
            versions: Arc::clone(objects) as _,
            signer,
            metrics,
        }
    }
}

impl Context {
    /// A stage that keeps its statements in a bucket.
    pub fn new(stage: Stage, evidence_bucket: BucketName, ports: Ports) -> Self {
        Self { stage, ports, evidence_bucket, retired: RetiredKeys::default(), ledger: OnceCell::new() }
    }

    /// Believes what keys of before signed, too.
    #[must_use]
    pub fn trusting(mut self, retired: RetiredKeys) -> Self {
        self.retired = retired;
        self
    }

    /// The evidence bucket's name.
    pub fn evidence_bucket(&self) -> &BucketName {
        &self.evidence_bucket
    }

    /// The evidence bucket. The trust anchor is the signing key's public key as KMS gives it, fetched once, and the
    /// retired ones that the deployment names: a key found in a bucket could have been put there by anyone.
    ///
    /// # Errors
    /// When the public key cannot be fetched.
    pub async fn ledger(&self) -> Result<&Ledger, TrustAnchorError> {
        self.ledger
            .get_or_try_init(|| async {
                let public_key = self.ports.signer.public_key().await?;
                let keys = TrustedKeys::from_spki_der([&public_key])?.with_retired(&self.retired)?;
                let archive = Archive::new(
                    self.evidence_bucket.clone(),
                    Arc::clone(&self.ports.reader),
                    Arc::clone(&self.ports.versions),
                    keys,
                );
                Ok(Ledger::new(archive, Arc::clone(&self.ports.writer), Arc::clone(&self.ports.signer)))
            })
            .await
    }
}
