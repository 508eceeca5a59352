//! The only crate that knows the AWS SDK: the ports of `sluice_common`, implemented one file an operation.
//!
//! ```no_run
//! # async fn example(environment: std::collections::BTreeMap<String, String>) -> Result<(), sluice_aws::ConnectError> {
//! let aws = sluice_aws::Aws::connect(|name| environment.get(name).cloned()).await?;
//! let objects = aws.objects(); // the store ports
//! let signer = aws.signer("arn:aws:kms:eu-central-1:111122223333:key/…");
//! # Ok(()) }
//! ```
//!
//! | port | type | operations |
//! |---|---|---|
//! | `ObjectReader` | [`S3Objects`] | `HeadObject`, `GetObject`, `GetObjectAttributes` |
//! | `RangeReader` | [`S3Objects`] | `GetObject` with `Range` and `If-Match` |
//! | `ObjectWriter` | [`S3Objects`] | `PutObject`, `CreateMultipartUpload`, `UploadPart`, `CompleteMultipartUpload`, `AbortMultipartUpload` |
//! | `ObjectLock` | [`S3Objects`] | `GetObjectRetention`, `PutObjectRetention`, `GetObjectLegalHold` |
//! | `VersionEraser` | [`S3Objects`] | `DeleteObject` of one version |
//! | `VersionLister` | [`S3Objects`] | `ListObjectVersions` |
//! | `BucketInspector` | [`S3Objects`] | the `GetBucket…` settings |
//! | `Signer`, `MessageSigner` | [`KmsSigner`] | `Sign`, `GetPublicKey` |
//! | `DataKeys` | [`KmsDataKeys`] | `GenerateDataKey`, `Decrypt` |
//! | `Catalog`, `TableStatistics`, `RulesetSource` | [`GlueCatalog`] | `GetTable`, `CreateTable`, `UpdateTable`, `UpdateColumnStatisticsForTable`, `DeleteColumnStatisticsForTable`, `GetDataQualityRuleset` |
//! | `Metrics` | [`CloudWatchMetrics`] | `PutMetricData` |
//! | `Queue` | [`SqsQueue`] | `SendMessage` |
//! | `ChecksumJobs`, with the feature `batch` | `S3ChecksumJobs` | `CreateJob` of S3 Control |
//! | `TextEntities`, with the feature `comprehend` | `ComprehendEntities` | `DetectPiiEntities` |
//! | `KeyInspector` | [`KmsInspector`] | `DescribeKey`, `GetKeyRotationStatus`, `GetKeyPolicy` |
//! | `TrailKeys`, `TrailInspector`, with the feature `cloudtrail` | `CloudTrailKeys` | `ListPublicKeys`, `GetTrail`, `GetTrailStatus`, `GetEventSelectors` |
//!
//! Errors are told apart by their code and HTTP status, never by their message, and carry neither message nor key.

#[cfg(feature = "batch")]
mod checksum_jobs;
#[cfg(feature = "cloudtrail")]
mod cloudtrail;
mod cloudwatch;
#[cfg(feature = "comprehend")]
mod comprehend;
mod connect;
mod error;
mod glue;
mod http;
mod kms;
#[cfg(test)]
mod replay;
mod s3;
mod sqs;
mod start;
mod time;

#[cfg(feature = "batch")]
pub use checksum_jobs::S3ChecksumJobs;
#[cfg(feature = "cloudtrail")]
pub use cloudtrail::CloudTrailKeys;
pub use cloudwatch::CloudWatchMetrics;
#[cfg(feature = "comprehend")]
pub use comprehend::ComprehendEntities;
pub use connect::{Aws, ConnectError};
pub use glue::GlueCatalog;
pub use kms::{KmsDataKeys, KmsInspector, KmsSigner};
pub use s3::S3Objects;
pub use sqs::SqsQueue;
pub use start::start;
