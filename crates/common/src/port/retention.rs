use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::object::ObjectVersion;

/// The two modes of S3 Object Lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RetentionMode {
    /// May be lifted by who has `s3:BypassGovernanceRetention`.
    Governance,
    /// May be lifted by nobody, not even the account's root, until it ends.
    Compliance,
}

/// A text that is neither mode.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a retention mode: expected GOVERNANCE or COMPLIANCE")]
pub struct RetentionModeError;

impl std::str::FromStr for RetentionMode {
    type Err = RetentionModeError;
    fn from_str(text: &str) -> Result<Self, RetentionModeError> {
        match text {
            "GOVERNANCE" => Ok(Self::Governance),
            "COMPLIANCE" => Ok(Self::Compliance),
            _ => Err(RetentionModeError),
        }
    }
}

/// A retention on one version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Retention {
    /// The mode.
    pub mode: RetentionMode,
    /// When it ends.
    pub retain_until: Timestamp,
}

impl Retention {
    /// Whether this protects at least as well and as long as `other`.
    pub fn covers(&self, other: &Self) -> bool {
        self.mode >= other.mode && self.retain_until >= other.retain_until
    }
}

/// Whether a legal hold is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum LegalHold {
    /// Set.
    On,
    /// Not set.
    Off,
}

/// S3 Object Lock on single versions.
#[async_trait]
pub trait ObjectLock: Send + Sync {
    /// The version's retention; `None` when it has none. "May not look" is [`StoreError::Denied`], never `None`.
    async fn retention(&self, at: &ObjectVersion) -> Result<Option<Retention>, StoreError>;

    /// Sets or extends the version's retention.
    async fn set_retention(&self, at: &ObjectVersion, retention: &Retention) -> Result<(), StoreError>;

    /// The version's legal hold; `None` when it never had one.
    async fn legal_hold(&self, at: &ObjectVersion) -> Result<Option<LegalHold>, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retention_covers_what_is_weaker_and_shorter() {
        use RetentionMode::{Compliance, Governance};
        let retention = |mode, seconds| Retention { mode, retain_until: Timestamp::from_second(seconds).unwrap() };
        assert!(retention(Compliance, 2).covers(&retention(Governance, 2)));
        assert!(retention(Governance, 2).covers(&retention(Governance, 1)));
        assert!(!retention(Governance, 9).covers(&retention(Compliance, 1)));
        assert!(!retention(Compliance, 1).covers(&retention(Governance, 2)));
    }
}
