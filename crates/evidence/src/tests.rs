//! Laws of the whole crate, over the ports in memory.

mod ledger;
mod offline;
mod openssl;
mod verification;

use std::sync::Arc;

use sluice_common::digest::{ChecksumAlgorithm, ChecksumType};
use sluice_common::port::RetentionMode;
use sluice_common::{ObjectVersion, Sha256Digest};
use sluice_testkit::names::{bucket, version};
use sluice_testkit::{FaultPlan, Faulty, MemoryKms, MemoryS3};

use crate::predicate::{
    ChecksumCheck, ChecksumVerdict, ConfigRef, Coverage, Decision, Deep, Finding, FindingEvidence, Input, KeyUse, Lock,
    Outcome, OwnChecksums, PolicyRef, Pseudonymize, PseudonymizeStats, Quality, QualityResult, Quarantine, Reidentify,
    RuleCounts, RulesetRef, Seal, SealChecks, SealedObject, Severity, Sweep,
};
use crate::{Archive, Ledger, Predecessor, ResourceDescriptor, Stage, Statement, TrustedKeys};

const EVIDENCE: &str = "lake-evidence";

fn upload() -> ObjectVersion {
    version("lake-raw", "inbox/a b.csv", "v1")
}

fn digest(text: &str) -> Sha256Digest {
    Sha256Digest::of(text.as_bytes())
}

fn link() -> Predecessor {
    Predecessor { uri: "s3://lake-evidence/att/x?versionId=v".to_owned(), pae_sha256: digest("before") }
}

fn policy() -> PolicyRef {
    PolicyRef { version_id: Some("pv".to_owned()), digest: digest("policy"), dataset: Some("orders".to_owned()) }
}

fn seal() -> Statement<Seal> {
    let at = upload();
    let predicate = Seal {
        object: SealedObject {
            bucket: at.bucket.clone(),
            key: at.key.clone(),
            version_id: at.version_id.clone(),
            size: 5,
            etag: "\"e\"".to_owned(),
            last_modified: "2026-01-01T00:00:00Z".parse().unwrap(),
            sse: None,
            metadata_sha256: None,
        },
        checks: SealChecks {
            s3_checksums: vec![ChecksumCheck {
                algorithm: ChecksumAlgorithm::Crc64Nvme,
                checksum_type: ChecksumType::FullObject,
                value: "AAAAAAAAAAA=".to_owned(),
                recomputed: Some("AAAAAAAAAAA=".to_owned()),
                verdict: ChecksumVerdict::Match,
            }],
            s3_checksums_verdict: ChecksumVerdict::Match,
            size: true,
            head_get_stable: true,
        },
        lock: Some(Lock { mode: RetentionMode::Governance, retain_until: "2026-01-31T00:00:00Z".parse().unwrap() }),
        checksums: OwnChecksums { crc64nvme: Some("AAAAAAAAAAA=".to_owned()) },
        hashed_by: None,
    };
    Statement::new(vec![ResourceDescriptor::object(&at, digest("bytes"))], predicate).unwrap()
}

fn quality(result: QualityResult) -> Statement<Quality> {
    let predicate = Quality {
        result,
        ruleset: Some(RulesetRef { digest: digest("rules") }),
        policy: policy(),
        engine: "sluice-quality/0".to_owned(),
        counts: RuleCounts { passed: 2, failed: 0, errors: 0 },
        report_sha256: Some(digest("report")),
        inputs_sha256: None,
        state_sha256: None,
        failing_rows: None,
        external: None,
        rows: Some(7),
        bytes: 5,
        predecessor: link(),
    };
    Statement::new(vec![ResourceDescriptor::object(&upload(), digest("bytes"))], predicate).unwrap()
}

fn pseudonymize() -> Pseudonymize {
    Pseudonymize {
        outcome: Outcome::Published,
        inputs: vec![Input { uri: upload().uri(), sha256: digest("bytes") }],
        policy: policy(),
        config: ConfigRef { digest: digest("config") },
        engine: "sluice-privacy/0".to_owned(),
        keys: vec![KeyUse { key_id: "customers".to_owned(), version: 1, purpose: "token".to_owned() }],
        format_preserving: Vec::new(),
        stats: PseudonymizeStats { rows_read: 7, rows_written: 7, columns: 3, ..PseudonymizeStats::default() },
        dropped: None,
        text_detection: None,
        predecessor: link(),
    }
}

fn curated() -> ResourceDescriptor {
    ResourceDescriptor::object(&version("lake-curated", "orders/1.csv", "c1"), digest("tokens"))
}

fn published() -> Statement<Pseudonymize> {
    Statement::new(vec![curated()], pseudonymize()).unwrap()
}

fn quarantine() -> Statement<Quarantine> {
    let predicate = Quarantine {
        stage: Stage::Quality,
        reason: "ragged_row".to_owned(),
        detail: Some("line 7".to_owned()),
        policy: Some(policy()),
        predecessor: Some(link()),
    };
    Statement::new(vec![ResourceDescriptor::unread_object(&upload())], predicate).unwrap()
}

fn finding() -> Statement<Finding> {
    let predicate = Finding {
        rule: "bucket_versioning".to_owned(),
        severity: Severity::High,
        detail: "versioning is off".to_owned(),
        evidence: vec![FindingEvidence { uri: "s3://lake-raw".to_owned(), sha256: None }],
    };
    Statement::new(vec![ResourceDescriptor::named("s3://lake-raw", digest("settings"))], predicate).unwrap()
}

fn sweep() -> Statement<Sweep> {
    let predicate = Sweep {
        as_of: "2026-01-01T00:00:00Z".parse().unwrap(),
        deep: Deep::None,
        coverage: Coverage { complete: true, versions_seen: 3, ..Coverage::default() },
        findings: 0,
        findings_by_rule: std::collections::BTreeMap::new(),
        findings_digest: digest(""),
        unreadable: 0,
        settings: std::collections::BTreeMap::new(),
        other_settings: std::collections::BTreeMap::new(),
        inventory: None,
        log_head: None,
        desired: None,
        next: None,
        predecessor: None,
    };
    Statement::new(vec![ResourceDescriptor::named("s3://lake-raw", digest("desired"))], predicate).unwrap()
}

fn reidentify() -> Statement<Reidentify> {
    let predicate = Reidentify {
        request_sha256: digest("request"),
        requester: "arn:aws:iam::111122223333:role/fraud".to_owned(),
        approver: "arn:aws:iam::111122223333:role/dpo".to_owned(),
        case_id: "C-1".to_owned(),
        purpose: "fraud".to_owned(),
        record_count: 2,
        format_preserving: None,
        result_sha256: None,
        decision: Decision::Denied { reason: "same_person".to_owned() },
    };
    Statement::new(vec![ResourceDescriptor::named("request", digest("request"))], predicate).unwrap()
}

/// An evidence bucket in memory.
struct World {
    s3: MemoryS3,
    kms: MemoryKms,
}

impl World {
    fn new() -> Self {
        let s3 = MemoryS3::default();
        s3.create_versioned_bucket(&bucket(EVIDENCE)).unwrap();
        Self { s3, kms: MemoryKms::new("statements") }
    }

    async fn keys(&self) -> TrustedKeys {
        TrustedKeys::of_signer(&self.kms).await.unwrap()
    }

    /// The ledger, its bucket and its signer failing as planned.
    async fn ledger(&self, plan: FaultPlan) -> Ledger {
        let store = Arc::new(Faulty::new(self.s3.clone(), plan.clone()));
        let archive = Archive::new(bucket(EVIDENCE), store.clone(), store.clone(), self.keys().await);
        Ledger::new(archive, store, Arc::new(Faulty::new(self.kms.clone(), plan)))
    }
}
