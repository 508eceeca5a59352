//! CloudTrail's public keys, fetched when a digest needs one that is not at hand.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use sluice_audit::trail::{PublicKey, PublicKeys};
use sluice_common::port::{ObjectReader, TrailKeys};
use sluice_common::{BucketName, ObjectPath};
use sluice_stage::policy::read_capped;
use tokio::sync::Mutex;

use crate::config::KeysFrom;
use crate::error::AuditError;

/// More than the keys of a decade.
const MAX_KEYS_BYTES: u64 = 1 << 20;

/// Keys are asked for with this much room on both sides: they overlap.
const ROOM: SignedDuration = SignedDuration::from_hours(2);

/// Where keys come from, and those that came.
pub(crate) struct KeyRing {
    from: KeysFrom,
    port: Arc<dyn TrailKeys>,
    reader: Arc<dyn ObjectReader>,
    evidence_bucket: BucketName,
    known: Mutex<PublicKeys>,
}

impl KeyRing {
    pub(crate) fn new(
        from: KeysFrom,
        port: Arc<dyn TrailKeys>,
        reader: Arc<dyn ObjectReader>,
        evidence_bucket: BucketName,
    ) -> Self {
        Self { from, port, reader, evidence_bucket, known: Mutex::default() }
    }

    /// The keys that sign within some hours.
    pub(crate) async fn keys(&self, from: Timestamp, to: Timestamp) -> Result<PublicKeys, AuditError> {
        let fresh = match &self.from {
            KeysFrom::CloudTrail => {
                let (from, to) = (from.checked_sub(ROOM).unwrap_or(from), to.checked_add(ROOM).unwrap_or(to));
                let listed = self.port.public_keys(from, to).await?;
                PublicKeys::new(listed.into_iter().map(|key| PublicKey::new(key.der, key.valid_from, key.valid_to)))
            }
            KeysFrom::Evidence(key) => {
                let path = ObjectPath { bucket: self.evidence_bucket.clone(), key: key.clone() };
                let at = self
                    .reader
                    .current(&path)
                    .await
                    .map_err(|error| AuditError::Source(sluice_audit::trail::SourceError(Box::new(error))))?;
                PublicKeys::from_json(&read_capped(self.reader.as_ref(), &at, MAX_KEYS_BYTES).await?)?
            }
        };
        let mut known = self.known.lock().await;
        known.extend(fresh);
        Ok(known.clone())
    }
}
