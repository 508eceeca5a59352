use async_trait::async_trait;

use super::StoreError;
use crate::object::{BucketName, ObjectVersion};

/// A job of S3 Batch Operations that computes the full-object SHA-256 of what a manifest names, inside S3.
///
/// Source: `CreateJob` with `S3ComputeObjectChecksum`, Amazon S3 API Reference.
#[derive(Debug, Clone, Copy)]
pub struct ChecksumJob<'a> {
    /// Equal tokens are one job: at most 64 characters.
    pub token: &'a str,
    /// The manifest, CSV of bucket, key (URL-encoded) and version id.
    pub manifest: &'a ObjectVersion,
    /// The manifest's entity tag.
    pub manifest_etag: &'a str,
    /// Where the completion report goes.
    pub report_bucket: &'a BucketName,
    /// Below which prefix, without a slash at its end: S3 adds `/job-ID/`.
    pub report_prefix: &'a str,
}

/// Starts jobs of S3 Batch Operations.
#[async_trait]
pub trait ChecksumJobs: Send + Sync {
    /// Starts the job, or finds the one that an equal request with the same token started; its id.
    async fn create(&self, job: &ChecksumJob<'_>) -> Result<String, StoreError>;
}
