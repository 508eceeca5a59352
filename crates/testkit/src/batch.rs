#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a fake: what does not fit must stop the test")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use md5::{Digest as _, Md5};
use sha2::Sha256;
use sluice_common::port::{ChecksumJob, ChecksumJobs, StoreError};
use sluice_common::{BucketName, ObjectKey, ObjectPath, ObjectVersion};

use crate::{MemoryS3, locked};

/// S3 Batch Operations in memory: jobs that compute the full-object SHA-256 of what a manifest names. A job runs when the test
/// says so, and leaves a report as the service does: `PREFIX/job-ID/results/….csv` and `PREFIX/job-ID/manifest.json`.
///
/// Source: "Examples: S3 Batch Operations completion reports", Amazon S3 User Guide. Clones share the jobs.
#[derive(Debug, Clone)]
pub struct MemoryBatch {
    s3: MemoryS3,
    jobs: Arc<Mutex<BTreeMap<String, Job>>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Job {
    id: String,
    manifest: ObjectVersion,
    report_bucket: BucketName,
    report_prefix: String,
}

impl MemoryBatch {
    /// No job yet, on the objects of a store.
    pub fn new(s3: MemoryS3) -> Self {
        Self { s3, jobs: Arc::default() }
    }

    /// Ids of the jobs, in the order of their tokens.
    pub fn job_ids(&self) -> Vec<String> {
        locked(&self.jobs).values().map(|job| job.id.clone()).collect()
    }

    /// Runs every job and returns the `manifest.json` of each report: what a notification would name.
    ///
    /// # Panics
    /// When a manifest is not there, or the report's bucket is not.
    pub fn run(&self) -> Vec<ObjectVersion> {
        let jobs: Vec<Job> = locked(&self.jobs).values().cloned().collect();
        jobs.iter().map(|job| self.report(job)).collect()
    }

    fn report(&self, job: &Job) -> ObjectVersion {
        let manifest = self.s3.stored_bytes(&job.manifest).expect("the job's manifest");
        let (mut succeeded, mut failed) = (String::new(), String::new());
        for line in String::from_utf8_lossy(&manifest).lines() {
            match line_sha256(&self.s3, line) {
                Some((etag, digest)) => succeeded.push_str(&succeeded_row(line, &etag, &digest)),
                None => failed.push_str(&failed_row(line)),
            }
        }
        let folder = format!("{}/job-{}", job.report_prefix, job.id);
        let mut results = Vec::new();
        for (status, rows) in [("succeeded", succeeded), ("failed", failed)] {
            if rows.is_empty() {
                continue;
            }
            let md5 = hex::encode(Md5::digest(rows.as_bytes()));
            let key = format!("{folder}/results/{}.csv", hex::encode(&Sha256::digest(rows.as_bytes())[..20]));
            self.put(&job.report_bucket, &key, rows);
            results.push(serde_json::json!({
                "TaskExecutionStatus": status, "Bucket": job.report_bucket.as_str(), "MD5Checksum": md5, "Key": key,
            }));
        }
        let document = serde_json::json!({
            "Format": "Report_CSV_20180820", "ReportCreationDate": "2026-01-01T00:00:00.000Z", "Results": results,
            "ReportSchema": "Bucket, Key, VersionId, TaskStatus, ErrorCode, HTTPStatusCode, ResultMessage",
        });
        self.put(&job.report_bucket, &format!("{folder}/manifest.json"), document.to_string())
    }

    fn put(&self, bucket: &BucketName, key: &str, body: String) -> ObjectVersion {
        let at = ObjectPath { bucket: bucket.clone(), key: ObjectKey::new(key).expect("a key") };
        self.s3.put(&at, body).expect("the report's bucket takes it")
    }
}

/// Entity tag and SHA-256 of the version that a line of a manifest names.
fn line_sha256(s3: &MemoryS3, line: &str) -> Option<(String, Vec<u8>)> {
    let mut fields = line.split(',');
    let (bucket, key, version) = (fields.next()?, fields.next()?, fields.next()?);
    let at = ObjectVersion::from_uri(&format!("s3://{bucket}/{key}?versionId={version}")).ok()?;
    let bytes = s3.stored_bytes(&at)?;
    Some((hex::encode(Md5::digest(&bytes)), Sha256::digest(&bytes).to_vec()))
}

/// The service writes `=` as an escape of JSON, and doubles quotes as CSV does.
fn succeeded_row(line: &str, etag: &str, digest: &[u8]) -> String {
    let base64 = BASE64.encode(digest).replace('=', "\\u003d");
    let hex = hex::encode_upper(digest);
    format!(
        "{line},succeeded,200,,\"{{\"\"checksum_base64\"\":\"\"{base64}\"\",\"\"etag\"\":\"\"{etag}\"\",\
         \"\"checksumAlgorithm\"\":\"\"SHA256\"\",\"\"checksumType\"\":\"\"FULL_OBJECT\"\",\"\"checksum_hex\"\":\"\"{hex}\"\"}}\"\n"
    )
}

/// As documented, with its stray quote.
fn failed_row(line: &str) -> String {
    format!(
        "{line},failed,200,PermanentFailure,\"error details: {{\"\"failureMessage\"\":\"Task 2845ca0d Key not found\", \
         \"\"errorCode\"\": \"404\"}}\"\n"
    )
}

#[async_trait]
impl ChecksumJobs for MemoryBatch {
    async fn create(&self, job: &ChecksumJob<'_>) -> Result<String, StoreError> {
        let mut jobs = locked(&self.jobs);
        let id = hex::encode(&Sha256::digest(job.token.as_bytes())[..16]);
        let asked = Job {
            id,
            manifest: job.manifest.clone(),
            report_bucket: job.report_bucket.clone(),
            report_prefix: job.report_prefix.to_owned(),
        };
        let known = jobs.entry(job.token.to_owned()).or_insert_with(|| asked.clone());
        if *known == asked {
            Ok(asked.id)
        } else {
            Err(StoreError::Other { operation: "CreateJob", code: "IdempotencyException".to_owned(), source: None })
        }
    }
}
