use async_trait::async_trait;

use super::StoreError;
use crate::object::ObjectVersion;

/// Destroys single versions for good. Only wrapped keys are ever destroyed on purpose; nothing in the pipeline may do it.
#[async_trait]
pub trait VersionEraser: Send + Sync {
    /// Removes one version, or one delete marker. Doing it again is no error.
    async fn erase(&self, at: &ObjectVersion) -> Result<(), StoreError>;
}
