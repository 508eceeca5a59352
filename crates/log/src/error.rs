//! What can go wrong.

use sluice_common::port::{KeyError, StoreError};
use sluice_common::{Dispose, Disposition};
use sluice_evidence::canonical::CanonicalError;

/// Why leaves were not appended. None of these forks the log: whoever cannot be sure stops.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The bucket could not be read or written.
    #[error("log: {0}")]
    Store(#[from] StoreError),
    /// The anchor could not be written.
    #[error("anchor bucket: {0}; the checkpoint is not published before it is anchored")]
    Anchor(#[source] StoreError),
    /// What lies in the anchor contradicts the log, or was meddled with.
    #[error("anchor bucket: {0}")]
    AnchorDiffers(#[source] Box<Self>),
    /// The checkpoint key could not be used.
    #[error("checkpoint key: {0}")]
    Key(#[from] KeyError),
    /// The checkpoint key is not an Ed25519 key, or its signature does not verify with itself.
    #[error("the checkpoint key is no Ed25519 key of this log; check SLUICE_CHECKPOINT_KEY_ARN and SLUICE_LOG_ORIGIN")]
    WrongKey,
    /// A write-once key was written again or deleted.
    #[error("{key} has {versions} versions and {delete_markers} delete markers: someone rewrites the log")]
    Rewritten {
        /// The key, which holds no one's text.
        key: String,
        /// Versions with bytes.
        versions: usize,
        /// Delete markers.
        delete_markers: usize,
    },
    /// The bucket keeps no versions.
    #[error("the evidence bucket keeps no versions: turn on versioning")]
    Unversioned,
    /// What lies under a key is not what must lie there.
    #[error("{key}: {what}; someone wrote into the log, compare it with an anchored checkpoint")]
    Forged {
        /// The key.
        key: String,
        /// What is wrong.
        what: &'static str,
    },
    /// A part of the log is gone.
    #[error("{key} is missing; restore it before anything is appended")]
    Missing {
        /// The key.
        key: String,
    },
    /// An intent holds a leaf whose key is not trusted here.
    #[error("{key} holds a leaf signed by a key that is not trusted here; give this writer all statement keys")]
    UnknownKey {
        /// The intent's key.
        key: String,
    },
    /// Other writers were always faster.
    #[error("other writers were faster {0} times; set the function's concurrency to 1")]
    Busy(u32),
    /// A leaf is longer than any of ours.
    #[error("a leaf of {0} bytes is longer than any statement's")]
    LeafTooLong(usize),
    /// A leaf's signature does not hold.
    #[error("a leaf to be appended is not one that a trusted key signed")]
    LeafNotTrusted,
    /// The intent cannot be written.
    #[error(transparent)]
    Unencodable(#[from] CanonicalError),
}

impl Dispose for LogError {
    fn disposition(&self) -> Disposition {
        match self {
            Self::Store(_) | Self::Anchor(_) | Self::WrongKey | Self::UnknownKey { .. } | Self::Busy(_) => {
                Disposition::Retry
            }
            Self::Key(error) => error.disposition(),
            Self::AnchorDiffers(error) => error.disposition(),
            Self::LeafTooLong(_) => Disposition::Quarantine,
            Self::Rewritten { .. }
            | Self::Unversioned
            | Self::Forged { .. }
            | Self::Missing { .. }
            | Self::LeafNotTrusted
            | Self::Unencodable(_) => Disposition::Alarm,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Store(error) => error.reason(),
            Self::Anchor(_) => "anchor_failed",
            Self::AnchorDiffers(error) => error.reason(),
            Self::Key(error) => error.reason(),
            Self::WrongKey => "checkpoint_key_unusable",
            Self::Rewritten { .. } => "log_rewritten",
            Self::Unversioned => "evidence_unversioned",
            Self::Forged { .. } => "log_forged",
            Self::Missing { .. } => "log_incomplete",
            Self::UnknownKey { .. } => "statement_key_unknown",
            Self::Busy(_) => "log_busy",
            Self::LeafTooLong(_) => "leaf_too_long",
            Self::LeafNotTrusted => "leaf_not_trusted",
            Self::Unencodable(_) => "intent_unencodable",
        }
    }
}
