//! `DeleteObject` of one version.

use async_trait::async_trait;
use sluice_common::ObjectVersion;
use sluice_common::port::{StoreError, VersionEraser};

use super::S3Objects;
use crate::error::Failure;

#[async_trait]
impl VersionEraser for S3Objects {
    async fn erase(&self, at: &ObjectVersion) -> Result<(), StoreError> {
        let request = self
            .client
            .delete_object()
            .bucket(at.bucket.as_str())
            .key(at.key.as_str())
            .version_id(at.version_id.as_str());
        request.send().await.map(drop).map_err(|error| Failure::from(error).store("DeleteObject"))
    }
}
