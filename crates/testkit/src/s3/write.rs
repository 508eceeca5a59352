use async_trait::async_trait;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use sluice_common::digest::ChecksumAlgorithm;
use sluice_common::port::{
    LegalHold, ObjectWriter, Retention, StoreError, UserMetadata, VersioningState, WriteOnceUpload,
};
use sluice_common::{ObjectPath, ObjectVersion, VersionId};

use super::state::{Bucket, Deleted, NULL, Object, Version};
use super::upload::MemoryUpload;
use super::{MemoryS3, PutOptions, Refusal, checksum, port_version_id};

/// User metadata is at most 2 KB of names and values.
const MAX_METADATA_BYTES: usize = 2048;

impl MemoryS3 {
    /// What any uploader does: overwrites, gives no checksum of its own. Returns the version.
    ///
    /// # Errors
    /// As S3; and `InvalidRequest` in a bucket without versioning, for which [`Self::put_unversioned`] is.
    pub fn put(&self, at: &ObjectPath, body: impl Into<Bytes>) -> Result<ObjectVersion, Refusal> {
        self.put_with(at, body, &PutOptions::default())
    }

    /// What an uploader does who sends headers with it.
    ///
    /// # Errors
    /// As S3; and `InvalidRequest` in a bucket without versioning.
    pub fn put_with(
        &self,
        at: &ObjectPath,
        body: impl Into<Bytes>,
        options: &PutOptions,
    ) -> Result<ObjectVersion, Refusal> {
        let id = self.store(at, body.into(), options)?;
        Ok(at.version(VersionId::new(id).map_err(|_unversioned| Refusal::INVALID_REQUEST)?))
    }

    /// An upload whose version id does not matter, for buckets without versioning. Returns the id, `null` there.
    ///
    /// # Errors
    /// As S3.
    pub fn put_unversioned(&self, at: &ObjectPath, body: impl Into<Bytes>) -> Result<String, Refusal> {
        self.put_unversioned_with(at, body, &PutOptions::default())
    }

    /// The same with headers.
    ///
    /// # Errors
    /// As S3.
    pub fn put_unversioned_with(
        &self,
        at: &ObjectPath,
        body: impl Into<Bytes>,
        options: &PutOptions,
    ) -> Result<String, Refusal> {
        self.store(at, body.into(), options)
    }

    /// A plain delete, which Object Lock does not hinder where there is versioning.
    ///
    /// # Errors
    /// `NoSuchBucket`.
    pub fn delete(&self, at: &ObjectPath) -> Result<Deleted, Refusal> {
        let now = self.now();
        let mut state = self.state();
        let versioning = state.bucket(&at.bucket)?.posture.versioning;
        let sequence = state.next_sequence();
        let id = match versioning {
            VersioningState::Enabled => state.next_version_id(sequence),
            VersioningState::Off | VersioningState::Suspended => NULL.to_owned(),
        };
        let bucket = state.bucket_mut(&at.bucket)?;
        let history = bucket.keys.entry(at.key.as_str().to_owned()).or_default();
        history.deleted_at = sequence;
        if versioning == VersioningState::Off {
            history.versions.retain(|version| version.id != NULL);
            return Ok(Deleted::Unversioned);
        }
        bucket.push(at.key.as_str(), Version { id: id.clone(), sequence, last_modified: now, object: None });
        Ok(VersionId::new(id).map_or(Deleted::Unversioned, Deleted::Marker))
    }

    /// Deletes one version for ever, if Object Lock lets it. `bypass` is `x-amz-bypass-governance-retention`. A version
    /// that does not exist is deleted with success, as in S3.
    ///
    /// # Errors
    /// `AccessDenied` for a protected version, `InvalidArgument` for `bypass` in a bucket without Object Lock.
    pub fn delete_version(&self, at: &ObjectVersion, bypass: bool) -> Result<(), Refusal> {
        let now = self.now();
        let mut state = self.state();
        let lockable = state.bucket(&at.bucket)?.posture.object_lock.is_some();
        if bypass && !lockable {
            return Err(Refusal::INVALID_ARGUMENT);
        }
        if state.object(at).is_ok_and(|object| object.is_protected(now, bypass)) {
            return Err(Refusal::ACCESS_DENIED);
        }
        let sequence = state.next_sequence();
        if state.remove(at)
            && let Some(history) = state.bucket_mut(&at.bucket)?.keys.get_mut(at.key.as_str())
        {
            history.deleted_at = sequence;
        }
        Ok(())
    }

    fn store(&self, at: &ObjectPath, body: Bytes, options: &PutOptions) -> Result<String, Refusal> {
        let checksum = checksum::full(options.algorithm.unwrap_or(ChecksumAlgorithm::Crc64Nvme), &body)?;
        let object = Object {
            etag: checksum::etag(&body),
            body,
            checksum: Some(checksum),
            parts: Vec::new(),
            metadata: options.metadata.clone(),
            encryption: None,
            retention: options.retention,
            legal_hold: options.legal_hold,
        };
        self.insert(at, object, options.if_none_match, None)
    }

    /// Makes an object visible, unless a condition fails. `begun_at` is the sequence number of a multipart upload's start.
    pub(super) fn insert(
        &self,
        at: &ObjectPath,
        mut object: Object,
        if_none_match: bool,
        begun_at: Option<u64>,
    ) -> Result<String, Refusal> {
        let now = self.now();
        let mut state = self.state();
        let bucket = state.bucket(&at.bucket)?;
        if if_none_match {
            if state.current(at).is_ok() {
                return Err(Refusal::PRECONDITION_FAILED);
            }
            let deleted_at = bucket.keys.get(at.key.as_str()).map_or(0, |history| history.deleted_at);
            if begun_at.is_some_and(|begun_at| deleted_at > begun_at) {
                return Err(Refusal::CONDITIONAL_CONFLICT);
            }
        }
        check_metadata(&object.metadata)?;
        check_lock(bucket, object.retention, object.legal_hold, now)?;
        object.encryption = bucket.encryption();
        object.retention = object.retention.or_else(|| default_retention(bucket, now));
        let keeps_versions = bucket.keeps_versions();
        let sequence = state.next_sequence();
        let id = if keeps_versions { state.next_version_id(sequence) } else { NULL.to_owned() };
        let version = Version { id: id.clone(), sequence, last_modified: now, object: Some(object) };
        state.bucket_mut(&at.bucket)?.push(at.key.as_str(), version);
        if let Ok(version_id) = VersionId::new(id.clone()) {
            state.created.push(at.version(version_id));
        }
        Ok(id)
    }
}

fn check_metadata(metadata: &UserMetadata) -> Result<(), Refusal> {
    let bytes: usize = metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > MAX_METADATA_BYTES { Err(Refusal::METADATA_TOO_LARGE) } else { Ok(()) }
}

fn check_lock(
    bucket: &Bucket,
    retention: Option<Retention>,
    legal_hold: Option<LegalHold>,
    now: Timestamp,
) -> Result<(), Refusal> {
    if bucket.posture.object_lock.is_none() && (retention.is_some() || legal_hold.is_some()) {
        return Err(Refusal::INVALID_REQUEST);
    }
    if retention.is_some_and(|retention| retention.retain_until <= now) {
        return Err(Refusal::INVALID_ARGUMENT);
    }
    Ok(())
}

fn default_retention(bucket: &Bucket, now: Timestamp) -> Option<Retention> {
    let lock = bucket.posture.object_lock?;
    let days = i64::from(lock.default_days?);
    let retain_until = now.checked_add(SignedDuration::from_hours(24 * days)).ok()?;
    Some(Retention { mode: lock.default_mode?, retain_until })
}

/// As the adapter, which refuses what would reach S3 in an encoding that nobody reads back.
pub(super) fn check_ascii(metadata: &UserMetadata, operation: &'static str) -> Result<(), StoreError> {
    let visible = |text: &str| text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    if metadata.iter().all(|(name, value)| visible(name) && visible(value)) {
        return Ok(());
    }
    Err(StoreError::Other { operation, code: "MetadataNotAscii".into(), source: None })
}

#[async_trait]
impl ObjectWriter for MemoryS3 {
    async fn put_new(&self, at: &ObjectPath, body: Bytes, metadata: &UserMetadata) -> Result<VersionId, StoreError> {
        let operation = "PutObject";
        check_ascii(metadata, operation)?;
        let options = PutOptions {
            metadata: metadata.clone(),
            algorithm: Some(ChecksumAlgorithm::Sha256),
            if_none_match: true,
            ..PutOptions::default()
        };
        let id = self.store(at, body, &options).map_err(|refusal| refusal.of(operation))?;
        port_version_id(&id, operation)
    }

    async fn upload_new(
        &self,
        at: &ObjectPath,
        metadata: &UserMetadata,
    ) -> Result<Box<dyn WriteOnceUpload>, StoreError> {
        let operation = "CreateMultipartUpload";
        check_ascii(metadata, operation)?;
        check_metadata(metadata).map_err(|refusal| refusal.of(operation))?;
        let mut state = self.state();
        state.bucket(&at.bucket).map_err(|refusal| refusal.of(operation))?;
        let begun_at = state.next_sequence();
        Ok(Box::new(MemoryUpload::new(self.clone(), at.clone(), metadata.clone(), begun_at)))
    }
}
