use std::fmt;

use sluice_common::Dispose;
use sluice_evidence::ResourceDescriptor;
use sluice_evidence::predicate::{FindingEvidence, Severity};

/// What can be found. The names stand in statements, metrics and alarms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // each rule's detail says what it means
pub enum Rule {
    BucketVersioning,
    BucketObjectLock,
    BucketEncryption,
    BucketPublicAccess,
    BucketTlsOnly,
    BucketEventWiring,
    BucketLifecycle,
    BucketReplication,
    KeyUnusable,
    KeyRotation,
    KeyPolicyOpen,
    TrailLogging,
    TrailValidation,
    TrailDataEvents,
    SettingsChanged,
    DesiredStateChanged,
    UnversionedObject,
    SealMissing,
    SealDamaged,
    SealedFactsChanged,
    SealedVersionGone,
    LockMissing,
    LockTooShort,
    DigestMismatch,
    EncryptionChanged,
    DeleteMarkerOverSealed,
    QualityMissing,
    PseudonymizeMissing,
    StatementDamaged,
    QuarantinedRowsMissing,
    QuarantinedRowsMismatch,
    CuratedMissing,
    CuratedDigestMismatch,
    CuratedUnexplained,
    DeleteMarkerOverPublished,
    EvidenceRewritten,
    EvidenceForeignKey,
    LogTruncated,
    LogReplayed,
}

impl Rule {
    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BucketVersioning => "bucket_versioning",
            Self::BucketObjectLock => "bucket_object_lock",
            Self::BucketEncryption => "bucket_encryption",
            Self::BucketPublicAccess => "bucket_public_access",
            Self::BucketTlsOnly => "bucket_tls_only",
            Self::BucketEventWiring => "bucket_event_wiring",
            Self::BucketLifecycle => "bucket_lifecycle",
            Self::BucketReplication => "bucket_replication",
            Self::KeyUnusable => "key_unusable",
            Self::KeyRotation => "key_rotation",
            Self::KeyPolicyOpen => "key_policy_open",
            Self::TrailLogging => "trail_logging",
            Self::TrailValidation => "trail_validation",
            Self::TrailDataEvents => "trail_data_events",
            Self::SettingsChanged => "settings_changed",
            Self::DesiredStateChanged => "desired_state_changed",
            Self::UnversionedObject => "unversioned_object",
            Self::SealMissing => "seal_missing",
            Self::SealDamaged => "seal_damaged",
            Self::SealedFactsChanged => "sealed_facts_changed",
            Self::SealedVersionGone => "sealed_version_gone",
            Self::LockMissing => "lock_missing",
            Self::LockTooShort => "lock_too_short",
            Self::DigestMismatch => "digest_mismatch",
            Self::EncryptionChanged => "encryption_changed",
            Self::DeleteMarkerOverSealed => "delete_marker_over_sealed",
            Self::QualityMissing => "quality_missing",
            Self::PseudonymizeMissing => "pseudonymize_missing",
            Self::StatementDamaged => "statement_damaged",
            Self::QuarantinedRowsMissing => "quarantined_rows_missing",
            Self::QuarantinedRowsMismatch => "quarantined_rows_mismatch",
            Self::CuratedMissing => "curated_missing",
            Self::CuratedDigestMismatch => "curated_digest_mismatch",
            Self::CuratedUnexplained => "curated_unexplained",
            Self::DeleteMarkerOverPublished => "delete_marker_over_published",
            Self::EvidenceRewritten => "evidence_rewritten",
            Self::EvidenceForeignKey => "evidence_foreign_key",
            Self::LogTruncated => "log_truncated",
            Self::LogReplayed => "log_replayed",
        }
    }

    /// How bad it is.
    pub const fn severity(self) -> Severity {
        match self {
            Self::SealMissing | Self::QualityMissing | Self::PseudonymizeMissing => Severity::Low,
            Self::EncryptionChanged
            | Self::EvidenceForeignKey
            | Self::BucketEventWiring
            | Self::KeyRotation
            | Self::DesiredStateChanged
            | Self::SettingsChanged => Severity::Medium,
            Self::BucketVersioning
            | Self::BucketObjectLock
            | Self::BucketEncryption
            | Self::BucketPublicAccess
            | Self::BucketTlsOnly
            | Self::BucketLifecycle
            | Self::BucketReplication
            | Self::TrailValidation
            | Self::TrailDataEvents
            | Self::UnversionedObject
            | Self::LockMissing
            | Self::LockTooShort
            | Self::DeleteMarkerOverSealed
            | Self::DeleteMarkerOverPublished
            | Self::QuarantinedRowsMissing
            | Self::CuratedUnexplained
            | Self::CuratedMissing => Severity::High,
            Self::LogTruncated
            | Self::LogReplayed
            | Self::KeyUnusable
            | Self::KeyPolicyOpen
            | Self::TrailLogging
            | Self::SealDamaged
            | Self::SealedFactsChanged
            | Self::SealedVersionGone
            | Self::DigestMismatch
            | Self::StatementDamaged
            | Self::QuarantinedRowsMismatch
            | Self::CuratedDigestMismatch
            | Self::EvidenceRewritten => Severity::Critical,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) rule: Rule,
    pub(super) subject: ResourceDescriptor,
    /// What is wrong, a pure function of what was seen: the same problem tomorrow is the same finding.
    pub(super) detail: String,
    pub(super) evidence: Vec<FindingEvidence>,
}

/// The outcome of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// As it was signed.
    Intact,
    /// Not as it was signed.
    Damaged(Problem),
    /// Could not be looked at. Not bad, merely unknown.
    Unreadable {
        /// What could not be looked at.
        what: &'static str,
        /// The error's reason.
        reason: &'static str,
    },
}

impl Verdict {
    pub(super) fn unreadable(what: &'static str, error: &impl Dispose) -> Self {
        Self::Unreadable { what, reason: error.reason() }
    }
}
