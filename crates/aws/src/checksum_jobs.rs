//! `CreateJob` of S3 Batch Operations.

use async_trait::async_trait;
use aws_sdk_s3control::types::{
    ComputeObjectChecksumAlgorithm, ComputeObjectChecksumType, JobManifest, JobManifestFieldName, JobManifestFormat,
    JobManifestLocation, JobManifestSpec, JobOperation, JobReport, JobReportFormat, JobReportScope,
    S3ComputeObjectChecksumOperation,
};
use sluice_common::BucketName;
use sluice_common::port::{ChecksumJob, ChecksumJobs, StoreError};

use crate::error::Failure;

const OPERATION: &str = "CreateJob";
/// Higher runs first; ours wait for nobody and let others pass.
const PRIORITY: i32 = 10;

/// Jobs of S3 Batch Operations of one account, run as one role.
#[derive(Debug, Clone)]
pub struct S3ChecksumJobs {
    client: aws_sdk_s3control::Client,
    role_arn: String,
}

impl S3ChecksumJobs {
    pub(crate) fn new(client: aws_sdk_s3control::Client, role_arn: String) -> Self {
        Self { client, role_arn }
    }

    /// Partition and account, as the role's ARN names them: `arn:PARTITION:iam::ACCOUNT:role/NAME`.
    fn partition_and_account(&self) -> Option<(&str, &str)> {
        let mut parts = self.role_arn.split(':');
        let (partition, account) = (parts.nth(1)?, parts.nth(2)?);
        (!partition.is_empty() && !account.is_empty()).then_some((partition, account))
    }
}

fn incomplete<E>(_error: E) -> StoreError {
    StoreError::Other { operation: OPERATION, code: "InvalidArguments".to_owned(), source: None }
}

#[async_trait]
impl ChecksumJobs for S3ChecksumJobs {
    async fn create(&self, job: &ChecksumJob<'_>) -> Result<String, StoreError> {
        let (partition, account) = self.partition_and_account().ok_or(()).map_err(incomplete)?;
        let bucket_arn = |bucket: &BucketName| format!("arn:{partition}:s3:::{bucket}");
        let spec = JobManifestSpec::builder()
            .format(JobManifestFormat::S3BatchOperationsCsv20180820)
            .fields(JobManifestFieldName::Bucket)
            .fields(JobManifestFieldName::Key)
            .fields(JobManifestFieldName::VersionId)
            .build()
            .map_err(incomplete)?;
        let location = JobManifestLocation::builder()
            .object_arn(format!("{}/{}", bucket_arn(&job.manifest.bucket), job.manifest.key))
            .object_version_id(job.manifest.version_id.as_str())
            .e_tag(job.manifest_etag.trim_matches('"'))
            .build()
            .map_err(incomplete)?;
        let report = JobReport::builder()
            .enabled(true)
            .bucket(bucket_arn(job.report_bucket))
            .prefix(job.report_prefix)
            .format(JobReportFormat::ReportCsv20180820)
            .report_scope(JobReportScope::AllTasks)
            .expected_bucket_owner(account)
            .build();
        let checksum = S3ComputeObjectChecksumOperation::builder()
            .checksum_algorithm(ComputeObjectChecksumAlgorithm::Sha256)
            .checksum_type(ComputeObjectChecksumType::FullObject)
            .build();
        let request = self
            .client
            .create_job()
            .account_id(account)
            .confirmation_required(false)
            .operation(JobOperation::builder().s3_compute_object_checksum(checksum).build())
            .report(report)
            .manifest(JobManifest::builder().spec(spec).location(location).build())
            .client_request_token(job.token)
            .description("Sluice: SHA-256 of an object that is too large for one invocation")
            .priority(PRIORITY)
            .role_arn(self.role_arn.as_str());
        let answer = request.send().await.map_err(|error| Failure::from(error).store(OPERATION))?;
        match answer.job_id() {
            Some(id) if !id.is_empty() => Ok(id.to_owned()),
            _ => Err(StoreError::Other { operation: OPERATION, code: "NoJobId".to_owned(), source: None }),
        }
    }
}

#[cfg(test)]
mod tests {
    use sluice_common::{ObjectKey, ObjectPath, VersionId};

    use super::*;
    use crate::replay::{Answer, Replay};

    const ROLE: &str = "arn:aws:iam::111122223333:role/sluice-batch";

    async fn create(replay: &Replay) -> Result<String, StoreError> {
        let bucket = BucketName::new("lake-batch").unwrap();
        let key = ObjectKey::new("manifests/0011.csv").unwrap();
        let manifest = ObjectPath { bucket: bucket.clone(), key }.version(VersionId::new("v1").unwrap());
        let job = ChecksumJob {
            token: "0011",
            manifest: &manifest,
            manifest_etag: "\"60e460c9d1046e73f7dde5043ac3ae85\"",
            report_bucket: &bucket,
            report_prefix: "reports",
        };
        replay.aws().checksum_jobs(ROLE).create(&job).await
    }

    #[tokio::test]
    async fn the_job_computes_a_full_object_sha256_of_what_the_manifest_names() {
        let body = "<CreateJobResult xmlns=\"http://awss3control.amazonaws.com/doc/2018-08-20/\">\
                    <JobId>1ff5ed94-7e40-4ccd-8b5e-42d2e3c6a8a5</JobId></CreateJobResult>";
        let replay = Replay::new([Answer::new(200, body)]);
        assert_eq!(create(&replay).await.unwrap(), "1ff5ed94-7e40-4ccd-8b5e-42d2e3c6a8a5");
        let sent = &replay.sent()[0];
        assert_eq!(sent.method, "POST");
        assert!(sent.uri.ends_with("/v20180820/jobs"), "{}", sent.uri);
        assert_eq!(sent.header("x-amz-account-id"), Some("111122223333"));
        for wanted in [
            "<S3ComputeObjectChecksum><ChecksumAlgorithm>SHA256</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>",
            "<ClientRequestToken>0011</ClientRequestToken>",
            "<Format>S3BatchOperations_CSV_20180820</Format><Fields><member>Bucket</member><member>Key</member><member>VersionId</member></Fields>",
            "<ObjectArn>arn:aws:s3:::lake-batch/manifests/0011.csv</ObjectArn><ObjectVersionId>v1</ObjectVersionId>",
            "<ETag>60e460c9d1046e73f7dde5043ac3ae85</ETag>",
            "<Bucket>arn:aws:s3:::lake-batch</Bucket><Format>Report_CSV_20180820</Format><Enabled>true</Enabled>",
            "<ReportScope>AllTasks</ReportScope>",
            "<ConfirmationRequired>false</ConfirmationRequired>",
            "<RoleArn>arn:aws:iam::111122223333:role/sluice-batch</RoleArn>",
        ] {
            assert!(sent.body.contains(wanted), "{wanted} in {}", sent.body);
        }
    }

    #[tokio::test]
    async fn refusals_are_told_apart_by_their_code() {
        let refusal = |status, code: &str| {
            Answer::new(status, format!("<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>"))
        };
        let error = create(&Replay::new([refusal(403, "AccessDenied")])).await.unwrap_err();
        assert!(matches!(error, StoreError::Denied { operation: "CreateJob" }), "{error}");
        let error = create(&Replay::new([refusal(400, "IdempotencyException")])).await.unwrap_err();
        assert!(matches!(&error, StoreError::Other { code, .. } if code == "IdempotencyException"), "{error}");
        let error = create(&Replay::new([Answer::new(200, "<CreateJobResult/>")])).await.unwrap_err();
        assert!(matches!(&error, StoreError::Other { code, .. } if code == "NoJobId"), "{error}");
    }
}
