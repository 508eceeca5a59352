use async_trait::async_trait;
use jiff::Timestamp;

/// A public key of CloudTrail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailPublicKey {
    /// The key as published, DER.
    pub der: Vec<u8>,
    /// The first moment at which it signs.
    pub valid_from: Timestamp,
    /// The last moment at which it signs.
    pub valid_to: Timestamp,
}

/// The keys could not be fetched.
#[derive(Debug, thiserror::Error)]
#[error("CloudTrail's public keys cannot be fetched: {code}")]
pub struct TrailKeyError {
    /// The error's code.
    pub code: String,
}

/// `ListPublicKeys` of the region.
#[async_trait]
pub trait TrailKeys: Send + Sync {
    /// The keys that sign within a range.
    async fn public_keys(&self, from: Timestamp, to: Timestamp) -> Result<Vec<TrailPublicKey>, TrailKeyError>;
}
