use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sluice_common::port::{ObjectReader, ObjectWriter, StoreError, UserMetadata};
use sluice_common::{BucketName, ObjectKey, ObjectPath, Sha256Digest};

use super::request::ReidentifyRequest;
use crate::keyring::read_capped;

/// So many requests a day for each requester, counted in the vault bucket.
///
/// The count is a row of write-once objects, `requests/<requester>/<day>/<number>`, of which each request takes the first
/// that is free: two requests at once cannot take the same one, nothing is ever counted back, and a request that comes
/// twice finds the one it has. The requester stands there as a digest.
pub struct RateLimit {
    bucket: BucketName,
    reader: Arc<dyn ObjectReader>,
    writer: Arc<dyn ObjectWriter>,
    per_day: u16,
}

/// Whether a request is within the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It is the requester's so-many-th of the day, counted from 1.
    Admitted(u16),
    /// The requester has had all of the day's.
    Exhausted,
}

impl RateLimit {
    /// The most bytes that an object of the row has.
    const MAX_BYTES: u64 = 64;

    /// A limit, counted in a vault bucket.
    pub fn new(bucket: BucketName, reader: Arc<dyn ObjectReader>, writer: Arc<dyn ObjectWriter>, per_day: u16) -> Self {
        Self { bucket, reader, writer, per_day }
    }

    /// Counts a request of a day in UTC.
    ///
    /// # Errors
    /// When the vault cannot be read or written: what cannot be counted is not admitted.
    pub async fn admit(&self, request: &ReidentifyRequest, now: Timestamp) -> Result<Admission, StoreError> {
        let requester = Sha256Digest::of(request.requester.as_str().to_ascii_lowercase().as_bytes());
        let day = now.to_zoned(TimeZone::UTC).date();
        let own = request.digest.to_hex();
        for number in 1..=self.per_day {
            let key = format!("requests/{}/{day}/{number}", requester.to_hex());
            let key = ObjectKey::new(key).map_err(|error| StoreError::Other {
                operation: "PutObject",
                code: "Key".to_owned(),
                source: Some(Box::new(error)),
            })?;
            let path = ObjectPath { bucket: self.bucket.clone(), key };
            match self.writer.put_new(&path, Bytes::from(own.clone()), &UserMetadata::new()).await {
                Ok(_version) => return Ok(Admission::Admitted(number)),
                Err(StoreError::Exists { .. } | StoreError::Conflict { .. }) => {
                    let at = self.reader.current(&path).await?;
                    let taken = read_capped(self.reader.as_ref(), &at, Self::MAX_BYTES).await?;
                    if taken.is_some_and(|by| by == own.as_bytes()) {
                        return Ok(Admission::Admitted(number));
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Admission::Exhausted)
    }
}

impl fmt::Debug for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimit")
            .field("bucket", &self.bucket)
            .field("per_day", &self.per_day)
            .finish_non_exhaustive()
    }
}
