use async_trait::async_trait;
use sluice_common::ObjectVersion;
use sluice_common::port::{StoreError, VersionEraser};

use super::MemoryS3;

#[async_trait]
impl VersionEraser for MemoryS3 {
    async fn erase(&self, at: &ObjectVersion) -> Result<(), StoreError> {
        // As with S3, a version that is gone already is no error.
        self.force_delete(at);
        Ok(())
    }
}
