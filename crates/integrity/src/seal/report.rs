//! Completion reports of S3 Batch Operations: a version that was handed over is sealed by the digest that S3 computed.
//!
//! A report is not signed. It is believed because only the role that Batch Operations works in may write below `reports/`,
//! and then only as the answer to what we asked: the signed `handover` of the version names the job, and the entity tag that
//! the report tells is the one that was seen before. The seal says who hashed, and by which report.
//!
//! Source: "Examples: S3 Batch Operations completion reports" and "Compute checksums", Amazon S3 User Guide.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use md5::{Digest as _, Md5};
use serde::Deserialize;
use sluice_common::policy::RetentionSpec;
use sluice_common::port::UserMetadata;
use sluice_common::{ObjectKey, ObjectPath, ObjectVersion, Sha256Digest};
use sluice_evidence::ResourceDescriptor;
use sluice_evidence::predicate::{HashEngine, HashedBy};

use super::handover::{REPORTS_PREFIX, find, read_small};
use super::{Digests, SealError, SealPorts, Sealed, keep, look};

/// A report's `manifest.json` names a handful of files.
const MAX_INDEX_BYTES: u64 = 1 << 20;
/// A job of ours has one task; a file of many would be somebody else's.
const MAX_RESULTS_BYTES: u64 = 8 << 20;
/// Files that an index may name: succeeded and failed tasks, with room for parts.
const MAX_RESULTS: usize = 64;

/// What one task of a report gave.
#[derive(Debug)]
pub struct TaskOutcome {
    /// The version.
    pub version: ObjectVersion,
    /// It is sealed, or not.
    pub result: Result<Sealed, SealError>,
}

/// Whether a key is the one that is written last of a report.
pub fn is_index(key: &ObjectKey) -> bool {
    job_id(key).is_some()
}

/// The job of `reports/job-ID/manifest.json`.
fn job_id(key: &ObjectKey) -> Option<&str> {
    let (job, file) = key.as_str().strip_prefix(REPORTS_PREFIX)?.strip_prefix("/job-")?.split_once('/')?;
    (file == "manifest.json" && !job.is_empty()).then_some(job)
}

/// Seals every version that a report tells of. `wish` gives the least retention of each.
///
/// # Errors
/// When the report itself cannot be read or does not read as one; what befalls single versions stands in their outcome.
pub async fn seal_from_report(
    ports: SealPorts<'_>,
    index: &ObjectVersion,
    wish: &(dyn Fn(&ObjectVersion) -> Option<RetentionSpec> + Sync),
    delivery: &UserMetadata,
) -> Result<Vec<TaskOutcome>, SealError> {
    let job =
        job_id(&index.key).ok_or(SealError::ReportMalformed { what: "its key is not reports/job-ID/manifest.json" })?;
    let bytes = read_small(ports.objects, index, MAX_INDEX_BYTES).await?;
    let mut outcomes = Vec::new();
    for file in Index::parse(&bytes)?.files(index)? {
        let at = ports.objects.current(&file.path).await?;
        let rows = read_small(ports.objects, &at, MAX_RESULTS_BYTES).await?;
        if hex::encode(Md5::digest(&rows)) != file.md5.to_ascii_lowercase() {
            return Err(SealError::ReportMalformed { what: "a file of results has another MD5 than its index says" });
        }
        let report = ResourceDescriptor::object(&at, Sha256Digest::of(&rows));
        let text = std::str::from_utf8(&rows).map_err(|_not_text| MALFORMED_ROW)?;
        for line in text.lines().filter(|line| !line.is_empty()) {
            let task = Task::parse(line)?;
            let version = task.version.clone();
            let result = seal_task(ports, job, &report, task, wish(&version), delivery).await;
            outcomes.push(TaskOutcome { version, result });
        }
    }
    Ok(outcomes)
}

async fn seal_task(
    ports: SealPorts<'_>,
    job: &str,
    report: &ResourceDescriptor,
    task: Task,
    wish: Option<RetentionSpec>,
    delivery: &UserMetadata,
) -> Result<Sealed, SealError> {
    let at = &task.version;
    let Some(asked) = find(ports.ledger, at).await? else {
        return Err(SealError::UnaskedReport);
    };
    if asked.job_id != job {
        return Err(SealError::OtherReport { fact: "job" });
    }
    let computed = match task.result {
        TaskResult::Failed { code } => return Err(SealError::JobFailed { code }),
        TaskResult::Computed(computed) => computed,
    };
    let facts = look(ports, at).await?;
    // Entity tags stand in quotes in headers and without in reports.
    let bare = |etag: &str| etag.trim_matches('"').to_owned();
    if bare(&facts.etag) != bare(&asked.etag) || bare(&computed.etag) != bare(&asked.etag) {
        return Err(SealError::OtherReport { fact: "entity tag" });
    }
    if facts.size_bytes != asked.size {
        return Err(SealError::OtherReport { fact: "size" });
    }
    let hashed_by = HashedBy { engine: HashEngine::S3BatchOperations, job_id: job.to_owned(), report: report.clone() };
    keep(ports, at, &facts, Digests::of_engine(computed.sha256, &facts, hashed_by), wish, delivery).await
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Index {
    format: String,
    results: Vec<IndexEntry>,
}

#[derive(Deserialize)]
struct IndexEntry {
    #[serde(rename = "Bucket")]
    bucket: String,
    #[serde(rename = "Key")]
    key: String,
    #[serde(rename = "MD5Checksum")]
    md5: String,
}

struct ResultsFile {
    path: ObjectPath,
    md5: String,
}

impl Index {
    fn parse(bytes: &[u8]) -> Result<Self, SealError> {
        let index: Self = serde_json::from_slice(bytes).map_err(|_shape| SealError::ReportMalformed {
            what: "manifest.json does not read as the index of a report",
        })?;
        if index.format != "Report_CSV_20180820" {
            return Err(SealError::ReportMalformed { what: "its format is not Report_CSV_20180820" });
        }
        Ok(index)
    }

    /// The files of results, which lie beside the index and nowhere else.
    fn files(self, index: &ObjectVersion) -> Result<Vec<ResultsFile>, SealError> {
        let folder = index.key.as_str().strip_suffix("manifest.json").unwrap_or_default();
        if self.results.len() > MAX_RESULTS {
            return Err(SealError::ReportMalformed { what: "its index names too many files" });
        }
        let file = |entry: IndexEntry| {
            let beside = entry.bucket == index.bucket.as_str()
                && entry.key.strip_prefix(folder).is_some_and(|rest| rest.starts_with("results/"));
            let key = ObjectKey::new(entry.key).ok().filter(|_| beside);
            let key = key.ok_or(SealError::ReportMalformed { what: "its index names a file that is not beside it" })?;
            Ok(ResultsFile { path: ObjectPath { bucket: index.bucket.clone(), key }, md5: entry.md5 })
        };
        self.results.into_iter().map(file).collect()
    }
}

/// One row of results.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Task {
    version: ObjectVersion,
    result: TaskResult,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum TaskResult {
    Computed(Computed),
    Failed { code: String },
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Computed {
    sha256: Sha256Digest,
    etag: String,
}

/// What S3 writes of a computed checksum, JSON in the last field.
#[derive(Deserialize)]
struct Message {
    checksum_base64: String,
    checksum_hex: String,
    etag: String,
    #[serde(rename = "checksumAlgorithm")]
    algorithm: String,
    #[serde(rename = "checksumType")]
    checksum_type: String,
}

const MALFORMED_ROW: SealError = SealError::ReportMalformed {
    what: "a row of results is not bucket, key, version, status, two codes and a message",
};

impl Task {
    /// Reads `bucket,key,version,status,code,code,message`. The message is the rest of the line: the service does not double
    /// every quote of a failure's, so it is taken as it is.
    fn parse(line: &str) -> Result<Self, SealError> {
        let mut fields = line.splitn(7, ',');
        let mut next = || fields.next().map(unquoted).ok_or(MALFORMED_ROW);
        let (bucket, key, version_id) = (next()?, next()?, next()?);
        let (status, one_code, other_code, message) = (next()?, next()?, next()?, next()?);
        // The key stands as it stood in the manifest, percent-encoded.
        let version = ObjectVersion::from_uri(&format!("s3://{bucket}/{key}?versionId={version_id}"));
        let version = version.map_err(|_no_version| MALFORMED_ROW)?;
        let result = match status.as_str() {
            "succeeded" => TaskResult::Computed(Computed::parse(&message)?),
            "failed" => TaskResult::Failed { code: failure_code(&[&one_code, &other_code], &message) },
            _ => return Err(MALFORMED_ROW),
        };
        Ok(Self { version, result })
    }
}

fn unquoted(field: &str) -> String {
    let inner = field.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.map_or_else(|| field.to_owned(), |inner| inner.replace("\"\"", "\""))
}

/// The codes of a failure, never its message, which may quote a key.
fn failure_code(columns: &[&str], message: &str) -> String {
    let is_code = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let mut codes: Vec<&str> = columns.iter().copied().filter(is_code).collect();
    let own = message.rsplit_once("errorCode").map(|(_, rest)| rest.trim_matches(|c: char| !c.is_ascii_digit()));
    codes.extend(own.filter(is_code));
    codes.iter().map(|code| code.chars().take(40).collect::<String>()).collect::<Vec<_>>().join(" ")
}

impl Computed {
    fn parse(message: &str) -> Result<Self, SealError> {
        let malformed = || SealError::ReportMalformed { what: "a result is not a SHA-256 in base64 and hexadecimal" };
        let message: Message = serde_json::from_str(message).map_err(|_shape| malformed())?;
        if message.algorithm != "SHA256" || message.checksum_type != "FULL_OBJECT" {
            return Err(SealError::ReportMalformed { what: "a result is not the SHA256 of the FULL_OBJECT" });
        }
        let bytes = BASE64.decode(&message.checksum_base64).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let sha256 = Sha256Digest::from_bytes(bytes.ok_or_else(malformed)?);
        if !message.checksum_hex.eq_ignore_ascii_case(&sha256.to_hex()) {
            return Err(malformed());
        }
        Ok(Self { sha256, etag: message.etag })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EMPTY_HEX: &str = "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855";

    fn row(key: &str, message: &str) -> String {
        format!("lake-raw,{key},v1,succeeded,200,,\"{}\"", message.replace('"', "\"\""))
    }

    fn message(algorithm: &str, kind: &str, base64: &str, hex: &str) -> String {
        format!(
            "{{\"checksum_base64\":\"{base64}\",\"etag\":\"3c3c1813042989094598e4b57ecbdc82\",\
             \"checksumAlgorithm\":\"{algorithm}\",\"checksumType\":\"{kind}\",\"checksum_hex\":\"{hex}\"}}"
        )
    }

    #[test]
    fn the_documented_shape_is_read() {
        let text = message("SHA256", "FULL_OBJECT", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU\\u003d", EMPTY_HEX);
        let task = Task::parse(&row("a%20b%2Cc.csv", &text)).unwrap();
        assert_eq!(task.version.key.as_str(), "a b,c.csv");
        let TaskResult::Computed(computed) = task.result else { panic!("it succeeded") };
        assert_eq!(
            (computed.sha256, computed.etag.as_str()),
            (Sha256Digest::of(b""), "3c3c1813042989094598e4b57ecbdc82")
        );
    }

    #[test]
    fn other_algorithms_types_and_disagreeing_forms_are_refused() {
        let good = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        for (algorithm, kind, base64, hex) in [
            ("CRC32", "FULL_OBJECT", "bS9TOQ==", "6D2F5339"),
            ("SHA256", "COMPOSITE", good, EMPTY_HEX),
            ("SHA256", "FULL_OBJECT", good, "00"),
            ("SHA256", "FULL_OBJECT", "bS9TOQ==", EMPTY_HEX),
        ] {
            let error = Task::parse(&row("a", &message(algorithm, kind, base64, hex))).unwrap_err();
            assert!(matches!(error, SealError::ReportMalformed { .. }), "{algorithm} {kind}: {error}");
        }
    }

    #[test]
    fn a_failure_is_told_by_its_codes_and_not_by_its_words() {
        let line = "lake-raw,patients%2Fjane.csv,v1,failed,200,PermanentFailure,\"error details: \
                    {\"\"failureMessage\"\":\"Task 2845 SSE-C encryption type is not supported\", \"\"errorCode\"\": \"400\"}\"";
        let TaskResult::Failed { code } = Task::parse(line).unwrap().result else { panic!("it failed") };
        assert_eq!(code, "200 PermanentFailure 400");
    }

    #[test]
    fn only_the_index_of_a_report_is_one() {
        let of = |key: &str| job_id(&ObjectKey::new(key).unwrap()).map(str::to_owned);
        assert_eq!(of("reports/job-1ff5/manifest.json").as_deref(), Some("1ff5"));
        for key in [
            "reports/job-1/manifest.json.md5",
            "reports/job-1/results/a.csv",
            "reports/job-/manifest.json",
            "manifests/job-1/manifest.json",
        ] {
            assert_eq!(of(key), None, "{key}");
        }
    }

    proptest! {
        #[test]
        fn any_row_reads_or_fails_in_peace(line in "\\PC{0,200}", tail in "[,\"a-z{}:]{0,60}") {
            drop(Task::parse(&line));
            drop(Task::parse(&format!("lake-raw,a,v1,succeeded,200,,{tail}")));
        }
    }
}
