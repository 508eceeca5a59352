use async_trait::async_trait;
use sluice_common::BucketName;
use sluice_common::port::{
    BucketInspector, BucketPosture, EncryptionSetting, LockSetting, PublicAccessBlock, StoreError, VersioningState,
};

use super::state::Bucket;
use super::{MemoryS3, Refusal};

impl MemoryS3 {
    /// Creates a bucket as S3 makes them: no versioning, SSE-S3, public access blocked.
    ///
    /// # Errors
    /// `BucketAlreadyOwnedByYou`.
    pub fn create_bucket(&self, name: &BucketName) -> Result<(), Refusal> {
        let mut state = self.state();
        if state.buckets.contains_key(name) {
            return Err(Refusal::BUCKET_ALREADY_OWNED);
        }
        let everything_blocked = PublicAccessBlock {
            block_public_acls: true,
            ignore_public_acls: true,
            block_public_policy: true,
            restrict_public_buckets: true,
        };
        let posture = BucketPosture {
            versioning: VersioningState::Off,
            object_lock: None,
            encryption: Some(EncryptionSetting { algorithm: "AES256".into(), kms_key: None, bucket_key: false }),
            public_access_block: Some(everything_blocked),
            policy: None,
            notifications: Vec::new(),
            lifecycle: Vec::new(),
            replication: Vec::new(),
        };
        state.buckets.insert(name.clone(), Bucket::new(posture));
        Ok(())
    }

    /// Creates a bucket with versioning.
    ///
    /// # Errors
    /// `BucketAlreadyOwnedByYou`.
    pub fn create_versioned_bucket(&self, name: &BucketName) -> Result<(), Refusal> {
        self.create_bucket(name)?;
        self.put_versioning(name, VersioningState::Enabled)
    }

    /// Creates a bucket with versioning and Object Lock, which may have a default.
    ///
    /// # Errors
    /// `BucketAlreadyOwnedByYou`.
    pub fn create_locked_bucket(&self, name: &BucketName, lock: LockSetting) -> Result<(), Refusal> {
        self.create_versioned_bucket(name)?;
        self.put_object_lock(name, lock)
    }

    /// Turns versioning on or suspends it.
    ///
    /// # Errors
    /// `InvalidBucketState` when Object Lock holds it on, `InvalidArgument` for [`VersioningState::Off`], to which there
    /// is no way back.
    pub fn put_versioning(&self, name: &BucketName, state: VersioningState) -> Result<(), Refusal> {
        let mut buckets = self.state();
        let posture = &mut buckets.bucket_mut(name)?.posture;
        match state {
            VersioningState::Off => return Err(Refusal::INVALID_ARGUMENT),
            VersioningState::Suspended if posture.object_lock.is_some() => return Err(Refusal::INVALID_BUCKET_STATE),
            VersioningState::Suspended | VersioningState::Enabled => posture.versioning = state,
        }
        Ok(())
    }

    /// Turns Object Lock on or changes its default.
    ///
    /// # Errors
    /// `InvalidBucketState` without versioning, `MalformedXML` for half a default.
    pub fn put_object_lock(&self, name: &BucketName, lock: LockSetting) -> Result<(), Refusal> {
        let mut buckets = self.state();
        let posture = &mut buckets.bucket_mut(name)?.posture;
        if posture.versioning != VersioningState::Enabled {
            return Err(Refusal::INVALID_BUCKET_STATE);
        }
        if lock.default_mode.is_some() != lock.default_days.is_some() || lock.default_days == Some(0) {
            return Err(Refusal::MALFORMED_XML);
        }
        posture.object_lock = Some(lock);
        Ok(())
    }

    /// Backdoor: changes any setting of a bucket, also in ways that S3 refuses. Returns whether the bucket exists.
    pub fn force_posture(&self, name: &BucketName, change: impl FnOnce(&mut BucketPosture)) -> bool {
        self.state().bucket_mut(name).map(|bucket| change(&mut bucket.posture)).is_ok()
    }
}

#[async_trait]
impl BucketInspector for MemoryS3 {
    async fn versioning(&self, bucket: &BucketName) -> Result<VersioningState, StoreError> {
        let state = self.state();
        state.bucket(bucket).map(|bucket| bucket.posture.versioning).map_err(|e| e.of("GetBucketVersioning"))
    }

    async fn posture(&self, bucket: &BucketName) -> Result<BucketPosture, StoreError> {
        let state = self.state();
        state.bucket(bucket).map(|bucket| bucket.posture.clone()).map_err(|e| e.of("GetBucketVersioning"))
    }
}
