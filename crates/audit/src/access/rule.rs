//! What can be broken, and how bad that is.

use sluice_evidence::predicate::Severity;

/// A rule. Breaking it in vain is another rule, of less severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The stable name.
    pub name: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The name of an attempt that was refused.
    pub denied: &'static str,
    /// How bad an attempt is.
    pub denied_severity: Severity,
}

macro_rules! rules {
    ($($(#[doc = $doc:literal])+ $constant:ident = $name:literal $severity:ident / $denied:literal $denied_severity:ident;)+) => {
        impl Rule {
            $($(#[doc = $doc])+
            pub const $constant: Self = Self {
                name: $name,
                severity: Severity::$severity,
                denied: $denied,
                denied_severity: Severity::$denied_severity,
            };)+

            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$constant,)+];
        }
    };
}

rules! {
    /// The account's root user did something.
    ROOT_ACTIVITY = "ROOT_ACTIVITY" Critical / "ROOT_ACTIVITY" Critical;
    /// Nobody in particular touched a bucket.
    ANONYMOUS_ACCESS = "ANONYMOUS_ACCESS" Critical / "ANONYMOUS_ACCESS_DENIED" Medium;
    /// A principal of another account touched a bucket.
    CROSS_ACCOUNT_ACCESS = "CROSS_ACCOUNT_ACCESS" Critical / "CROSS_ACCOUNT_ACCESS_DENIED" Medium;

    /// A lock was passed by the right to bypass governance.
    GOVERNANCE_BYPASS = "GOVERNANCE_BYPASS" Critical / "GOVERNANCE_BYPASS_DENIED" High;
    /// Many objects were deleted at once.
    BULK_DELETE = "BULK_DELETE" Critical / "BULK_DELETE_DENIED" High;
    /// A version was deleted for ever.
    VERSION_DELETED = "VERSION_DELETED" Critical / "VERSION_DELETE_DENIED" High;
    /// An object was hidden.
    DELETE_MARKER = "DELETE_MARKER" Medium / "DELETE_DENIED" Low;
    /// A retention was set by somebody else than the sealer.
    RETENTION_CHANGED = "RETENTION_CHANGED" High / "RETENTION_CHANGE_DENIED" Medium;
    /// A legal hold was changed.
    LEGAL_HOLD_CHANGED = "LEGAL_HOLD_CHANGED" High / "LEGAL_HOLD_CHANGE_DENIED" Medium;
    /// An object's access list was changed.
    OBJECT_ACL_CHANGED = "OBJECT_ACL_CHANGED" High / "OBJECT_ACL_CHANGE_DENIED" Medium;
    /// An object's encryption was changed in place.
    OBJECT_ENCRYPTION_CHANGED = "OBJECT_ENCRYPTION_CHANGED" High / "OBJECT_ENCRYPTION_CHANGE_DENIED" Medium;

    /// A raw object was copied elsewhere.
    RAW_COPY_OUT = "RAW_COPY_OUT" Critical / "RAW_COPY_OUT_DENIED" High;
    /// A raw object was read by somebody who may not.
    RAW_READ = "RAW_READ_UNAUTHORISED" High / "RAW_READ_DENIED" Medium;
    /// A vault object was read by somebody who may not.
    VAULT_READ = "VAULT_READ_UNAUTHORISED" Critical / "VAULT_READ_DENIED" High;
    /// An object of another bucket was read by somebody who may not.
    OTHER_READ = "READ_UNAUTHORISED" Medium / "READ_DENIED" Low;
    /// A raw object was written by somebody who may not.
    RAW_WRITE = "RAW_WRITE_UNAUTHORISED" High / "RAW_WRITE_DENIED" Medium;
    /// A statement was written by somebody who may not.
    EVIDENCE_WRITE = "EVIDENCE_WRITE_UNAUTHORISED" Critical / "EVIDENCE_WRITE_DENIED" High;
    /// A trail's file was written by somebody else than CloudTrail.
    TRAIL_WRITE = "TRAIL_WRITE_UNAUTHORISED" Critical / "TRAIL_WRITE_DENIED" High;
    /// An object of another bucket was written by somebody who may not.
    OTHER_WRITE = "WRITE_UNAUTHORISED" High / "WRITE_DENIED" Low;

    /// The connection was not encrypted.
    NO_TLS = "NO_TLS" High / "NO_TLS" Low;
    /// The connection was encrypted by an outdated version of TLS.
    WEAK_TLS = "WEAK_TLS" Medium / "WEAK_TLS" Low;
    /// A link that anybody could have used.
    PRESIGNED_READ = "PRESIGNED_READ" High / "PRESIGNED_READ" Low;
    /// A function's role was used outside its function.
    ROLE_USED_OUTSIDE_LAMBDA = "ROLE_USED_OUTSIDE_LAMBDA" Critical / "ROLE_USED_OUTSIDE_LAMBDA" High;
    /// A person looked through the console.
    CONSOLE_ACCESS = "CONSOLE_ACCESS" Medium / "CONSOLE_ACCESS" Low;
    /// It did not come through the VPC endpoint.
    ACCESS_OUTSIDE_VPCE = "ACCESS_OUTSIDE_VPCE" High / "ACCESS_OUTSIDE_VPCE" Low;

    /// A pseudonym key was used by somebody else than `reidentify`.
    REID_KEY_USE = "REID_KEY_USE" Critical / "REID_KEY_USE_DENIED" High;
    /// A signing key was used by somebody who may not.
    SIGNING_KEY_USE = "SIGNING_KEY_USE" Critical / "SIGNING_KEY_USE_DENIED" High;
    /// A data key was used by somebody who may not.
    DATA_KEY_USE = "DATA_KEY_USE_UNAUTHORISED" High / "DATA_KEY_USE_DENIED" Medium;
    /// A function's role was assumed by somebody else than Lambda.
    ROLE_ASSUMED = "ROLE_ASSUMED" High / "ROLE_ASSUME_DENIED" Medium;

    /// Versioning was suspended.
    VERSIONING_SUSPENDED = "VERSIONING_SUSPENDED" Critical / "VERSIONING_CHANGE_DENIED" High;
    /// The default lock was changed.
    OBJECT_LOCK_CONFIG_CHANGED = "OBJECT_LOCK_CONFIG_CHANGED" Critical / "OBJECT_LOCK_CONFIG_CHANGE_DENIED" High;
    /// The bucket policy was changed.
    BUCKET_POLICY_CHANGED = "BUCKET_POLICY_CHANGED" Critical / "BUCKET_POLICY_CHANGE_DENIED" High;
    /// The public access block was changed.
    PUBLIC_ACCESS_BLOCK_CHANGED = "PUBLIC_ACCESS_BLOCK_CHANGED" Critical / "PUBLIC_ACCESS_BLOCK_CHANGE_DENIED" High;
    /// The bucket's access list was changed.
    BUCKET_ACL_CHANGED = "BUCKET_ACL_CHANGED" High / "BUCKET_ACL_CHANGE_DENIED" Medium;
    /// The wiring of events was changed.
    NOTIFICATION_CHANGED = "NOTIFICATION_CHANGED" High / "NOTIFICATION_CHANGE_DENIED" Medium;
    /// The default encryption was changed.
    ENCRYPTION_CHANGED = "ENCRYPTION_CHANGED" High / "ENCRYPTION_CHANGE_DENIED" Medium;
    /// The lifecycle was changed.
    LIFECYCLE_CHANGED = "LIFECYCLE_CHANGED" High / "LIFECYCLE_CHANGE_DENIED" Medium;
    /// The replication was changed.
    REPLICATION_CHANGED = "REPLICATION_CHANGED" High / "REPLICATION_CHANGE_DENIED" Medium;
    /// The access log was changed.
    LOGGING_CHANGED = "LOGGING_CHANGED" High / "LOGGING_CHANGE_DENIED" Medium;
    /// The ownership of objects was changed.
    OWNERSHIP_CHANGED = "OWNERSHIP_CHANGED" High / "OWNERSHIP_CHANGE_DENIED" Medium;
    /// Another setting of the bucket was changed.
    BUCKET_CONFIG_CHANGED = "BUCKET_CONFIG_CHANGED" Medium / "BUCKET_CONFIG_CHANGE_DENIED" Low;
    /// An access point to the bucket was made or changed.
    ACCESS_POINT_CHANGED = "ACCESS_POINT_CHANGED" High / "ACCESS_POINT_CHANGE_DENIED" Medium;
    /// A bucket was deleted.
    BUCKET_DELETED = "BUCKET_DELETED" Critical / "BUCKET_DELETE_DENIED" High;

    /// A trail was stopped, changed or deleted.
    TRAIL_TAMPERED = "TRAIL_TAMPERED" Critical / "TRAIL_TAMPER_DENIED" High;
    /// A key was disabled or its deletion was scheduled.
    KMS_KEY_LOST = "KMS_KEY_TAMPERED" Critical / "KMS_KEY_TAMPER_DENIED" High;
    /// A key's policy, alias or rotation was changed.
    KMS_KEY_CHANGED = "KMS_KEY_TAMPERED" High / "KMS_KEY_TAMPER_DENIED" Medium;
    /// A grant on a key was made.
    KMS_GRANT_CREATED = "KMS_GRANT_CREATED" Medium / "KMS_GRANT_DENIED" Low;
    /// A function's code, configuration, permissions or triggers were changed.
    FUNCTION_CHANGED = "FUNCTION_CHANGED" High / "FUNCTION_CHANGE_DENIED" Medium;
    /// A role's trust, permissions or boundary were changed.
    ROLE_CHANGED = "ROLE_CHANGED" Critical / "ROLE_CHANGE_DENIED" High;
    /// A queue was changed, emptied or deleted.
    QUEUE_CHANGED = "QUEUE_CHANGED" High / "QUEUE_CHANGE_DENIED" Medium;
    /// A rule or schedule that wakes a function was changed.
    TRIGGER_CHANGED = "TRIGGER_CHANGED" High / "TRIGGER_CHANGE_DENIED" Medium;
    /// An alarm, or the topic that it speaks through, was changed.
    ALARM_CHANGED = "ALARM_CHANGED" High / "ALARM_CHANGE_DENIED" Medium;
}
