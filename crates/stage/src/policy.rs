//! The pipeline policy as it is now in the evidence bucket.

use std::sync::Arc;

use futures::TryStreamExt as _;
use sluice_common::policy::{Dataset, Policy, PolicyProblems};
use sluice_common::port::{ObjectReader, StoreError};
use sluice_common::{Dispose, Disposition, ObjectPath, ObjectVersion, VersionId};
use sluice_evidence::predicate::PolicyRef;
use tokio::sync::Mutex;

/// More than any policy that a person can still read.
pub const MAX_POLICY_BYTES: u64 = 256 * 1024;

/// A policy and the version of it that was read. Both stand in every statement made under it.
#[derive(Debug, Clone)]
pub struct LoadedPolicy {
    /// What it says.
    pub policy: Policy,
    /// Where it was read.
    pub at: ObjectVersion,
}

impl LoadedPolicy {
    /// The policy as statements name it.
    pub fn reference(&self, dataset: Option<&Dataset>) -> PolicyRef {
        PolicyRef {
            version_id: Some(self.at.version_id.as_str().to_owned()),
            digest: self.policy.digest,
            dataset: dataset.map(|dataset| dataset.name.clone()),
        }
    }
}

/// Reads the policy, and again when it has changed.
pub struct PolicySource {
    reader: Arc<dyn ObjectReader>,
    path: ObjectPath,
    loaded: Mutex<Option<Arc<LoadedPolicy>>>,
}

impl std::fmt::Debug for PolicySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PolicySource").field("path", &self.path).finish_non_exhaustive()
    }
}

/// The policy cannot be used. Objects wait in their queues until it can: none of them is at fault.
#[derive(Debug, thiserror::Error)]
pub enum PolicySourceError {
    /// It could not be read.
    #[error(
        "the pipeline policy cannot be read: {0}; upload one as the deployment does (infra/README.md), or check \
         SLUICE_POLICY_KEY"
    )]
    Store(#[from] StoreError),
    /// It is not UTF-8.
    #[error("the pipeline policy is not UTF-8 text")]
    NotText,
    /// It has problems.
    #[error("the pipeline policy is refused as a whole:\n{0}")]
    Refused(#[from] PolicyProblems),
}

impl Dispose for PolicySourceError {
    fn disposition(&self) -> Disposition {
        Disposition::Retry
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Store(_) => "policy_unreadable",
            Self::NotText | Self::Refused(_) => "policy_refused",
        }
    }
}

impl PolicySource {
    /// A source at a path. Nothing is read yet.
    pub fn new(reader: Arc<dyn ObjectReader>, path: ObjectPath) -> Self {
        Self { reader, path, loaded: Mutex::new(None) }
    }

    /// The policy as it is now. One `HeadObject` when it has not changed.
    ///
    /// # Errors
    /// When it cannot be read or has problems, even if an earlier version had none: going on with rules that someone
    /// has replaced would be worse than waiting.
    pub async fn current(&self) -> Result<Arc<LoadedPolicy>, PolicySourceError> {
        let at = self.reader.current(&self.path).await?;
        let mut loaded = self.loaded.lock().await;
        if let Some(same) = loaded.as_ref().filter(|loaded| loaded.at == at) {
            return Ok(Arc::clone(same));
        }
        let fresh = Arc::new(self.read(at).await?);
        *loaded = Some(Arc::clone(&fresh));
        Ok(fresh)
    }

    /// The policy as it was in an earlier version, which a statement names.
    ///
    /// # Errors
    /// As [`Self::current`].
    pub async fn version(&self, version_id: &VersionId) -> Result<LoadedPolicy, PolicySourceError> {
        self.read(self.path.version(version_id.clone())).await
    }

    async fn read(&self, at: ObjectVersion) -> Result<LoadedPolicy, PolicySourceError> {
        let bytes = read_capped(self.reader.as_ref(), &at, MAX_POLICY_BYTES).await?;
        let text = String::from_utf8(bytes).map_err(|_not_utf8| PolicySourceError::NotText)?;
        Ok(LoadedPolicy { policy: Policy::parse(&text)?, at })
    }
}

/// Reads a small object whole.
///
/// # Errors
/// [`StoreError::TooLarge`] when it is longer than the limit.
pub async fn read_capped(
    reader: &dyn ObjectReader,
    at: &ObjectVersion,
    limit_bytes: u64,
) -> Result<Vec<u8>, StoreError> {
    let too_large = StoreError::TooLarge { operation: "GetObject", limit_bytes };
    let mut body = reader.get(at).await?;
    if body.facts.size_bytes > limit_bytes {
        return Err(too_large);
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = body.stream.try_next().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() as u64 > limit_bytes {
            return Err(too_large);
        }
    }
    Ok(bytes)
}
