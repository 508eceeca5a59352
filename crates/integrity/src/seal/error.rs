use sluice_common::port::StoreError;
use sluice_common::{Dispose, Disposition};
use sluice_evidence::EvidenceError;

/// Why a version was not sealed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The raw bucket could not be read or the version not be locked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The statement could not be kept, or another one is.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The event names an object of the evidence bucket.
    #[error("the event names an object of the evidence bucket: correct the notification that sends it here")]
    OwnOutput,
    /// The bucket does not keep every version.
    #[error("versioning of the bucket is off or suspended: turn it on, then upload the object again")]
    Unversioned,
    /// Two answers about one version differ.
    #[error("HeadObject and GetObject tell a different {fact} of the same version")]
    Unstable {
        /// The fact that differs.
        fact: &'static str,
    },
    /// The bytes are not those that S3 took a checksum of.
    #[error("the bytes do not have the checksum that S3 keeps beside them ({algorithms})")]
    ChecksumMismatch {
        /// The algorithms, separated by commas.
        algorithms: String,
    },
    /// The lock that was set is not there.
    #[error("the retention just set on the version is not there: someone changes retentions")]
    LockNotHeld,
    /// The retention ends beyond all dates.
    #[error("a retention of {days} days ends beyond the last date that S3 knows; correct the pipeline policy")]
    RetentionTooLong {
        /// The policy's days.
        days: u32,
    },
    /// The version cannot stand in a manifest.
    #[error("the version's id cannot be written into a manifest of S3 Batch Operations as it is; seal it by hand")]
    Unlistable,
    /// A report does not read as one.
    #[error("the report of S3 Batch Operations cannot be used: {what}")]
    ReportMalformed {
        /// What is wrong.
        what: &'static str,
    },
    /// A report tells of a version that was never handed over.
    #[error(
        "a report tells the digest of a version that was not handed over: someone else's job writes into our bucket"
    )]
    UnaskedReport,
    /// A report tells of another state of things than was handed over.
    #[error("the report is not the answer to what was handed over: its {fact} is another one")]
    OtherReport {
        /// The fact that differs.
        fact: &'static str,
    },
    /// The job could not compute the digest.
    #[error("S3 Batch Operations could not compute the digest ({code}); read the job's report")]
    JobFailed {
        /// The codes of the failed task.
        code: String,
    },
}

impl Dispose for SealError {
    fn disposition(&self) -> Disposition {
        match self {
            Self::Store(error) => error.disposition(),
            Self::Evidence(error) => error.disposition(),
            // The policy is at fault: a corrected one clears the queue. And an in-place change of encryption may come
            // between two answers.
            // A report that we do not understand may be one that we should: the queue keeps it until we do.
            Self::RetentionTooLong { .. } | Self::Unstable { .. } | Self::ReportMalformed { .. } => Disposition::Retry,
            Self::JobFailed { .. } | Self::Unlistable => Disposition::Quarantine,
            Self::OwnOutput
            | Self::Unversioned
            | Self::ChecksumMismatch { .. }
            | Self::LockNotHeld
            | Self::UnaskedReport
            | Self::OtherReport { .. } => Disposition::Alarm,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Store(error) => error.reason(),
            Self::Evidence(error) => error.reason(),
            Self::OwnOutput => "own_output",
            Self::Unversioned => "bucket_unversioned",
            Self::Unstable { .. } => "version_unstable",
            Self::ChecksumMismatch { .. } => "checksum_mismatch",
            Self::LockNotHeld => "lock_not_held",
            Self::RetentionTooLong { .. } => "retention_too_long",
            Self::Unlistable => "version_unlistable",
            Self::ReportMalformed { .. } => "report_malformed",
            Self::UnaskedReport => "report_unasked",
            Self::OtherReport { .. } => "report_of_another",
            Self::JobFailed { .. } => "checksum_job_failed",
        }
    }
}
