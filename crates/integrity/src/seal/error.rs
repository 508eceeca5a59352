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
}

impl Dispose for SealError {
    fn disposition(&self) -> Disposition {
        match self {
            Self::Store(error) => error.disposition(),
            Self::Evidence(error) => error.disposition(),
            // The policy is at fault: a corrected one clears the queue. And an in-place change of encryption may come
            // between two answers.
            Self::RetentionTooLong { .. } | Self::Unstable { .. } => Disposition::Retry,
            Self::OwnOutput | Self::Unversioned | Self::ChecksumMismatch { .. } | Self::LockNotHeld => {
                Disposition::Alarm
            }
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
        }
    }
}
