use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use sluice_common::digest::S3Checksum;
use sluice_common::port::{
    BucketPosture, Encryption, EncryptionSetting, LegalHold, ObjectPart, Retention, UserMetadata, VersioningState,
};
use sluice_common::{BucketName, ObjectPath, ObjectVersion, VersionId};

use super::Refusal;

/// The id of objects written without versioning.
pub(super) const NULL: &str = "null";

/// What a plain delete did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deleted {
    /// It put a delete marker on top; its version id.
    Marker(VersionId),
    /// It removed the object, or put the marker `null` on top, for want of versioning.
    Unversioned,
}

#[derive(Debug)]
pub(super) struct State {
    pub buckets: BTreeMap<BucketName, Bucket>,
    pub created: Vec<ObjectVersion>,
    pub page_size: usize,
    pub chunk_bytes: usize,
    sequence: u64,
    /// The sequence numbers of all version ids ever given: the order in which a listing resumes.
    issued: BTreeMap<String, u64>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            buckets: BTreeMap::new(),
            created: Vec::new(),
            page_size: 1000,
            // Prime, so that no consumer comes to rely on aligned chunks.
            chunk_bytes: 65_521,
            sequence: 0,
            issued: BTreeMap::new(),
        }
    }
}

#[derive(Debug)]
pub(super) struct Bucket {
    pub posture: BucketPosture,
    pub keys: BTreeMap<String, History>,
}

/// The versions of one key, oldest first.
#[derive(Debug, Default)]
pub(super) struct History {
    pub versions: Vec<Version>,
    /// When the key was last deleted, as a sequence number.
    pub deleted_at: u64,
}

#[derive(Debug)]
pub(super) struct Version {
    pub id: String,
    pub sequence: u64,
    pub last_modified: Timestamp,
    /// `None` is a delete marker.
    pub object: Option<Object>,
}

#[derive(Debug)]
pub(super) struct Object {
    pub body: Bytes,
    pub etag: String,
    pub checksum: Option<S3Checksum>,
    pub parts: Vec<ObjectPart>,
    pub metadata: UserMetadata,
    pub encryption: Option<Encryption>,
    pub retention: Option<Retention>,
    pub legal_hold: Option<LegalHold>,
}

impl State {
    pub(super) fn next_sequence(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    /// A fresh id with the look of S3's: 32 characters without any order.
    pub(super) fn next_version_id(&mut self, sequence: u64) -> String {
        let digest = Sha256::digest(sequence.to_be_bytes());
        let id: String = hex::encode(digest).chars().take(32).collect();
        self.issued.insert(id.clone(), sequence);
        id
    }

    pub(super) fn sequence_of(&self, version_id: &str) -> Option<u64> {
        self.issued.get(version_id).copied()
    }

    pub(super) fn bucket(&self, name: &BucketName) -> Result<&Bucket, Refusal> {
        self.buckets.get(name).ok_or(Refusal::NO_SUCH_BUCKET)
    }

    pub(super) fn bucket_mut(&mut self, name: &BucketName) -> Result<&mut Bucket, Refusal> {
        self.buckets.get_mut(name).ok_or(Refusal::NO_SUCH_BUCKET)
    }

    pub(super) fn version(&self, at: &ObjectVersion) -> Result<&Version, Refusal> {
        let history = self.bucket(&at.bucket)?.keys.get(at.key.as_str()).ok_or(Refusal::NO_SUCH_VERSION)?;
        history.versions.iter().find(|v| v.id == at.version_id.as_str()).ok_or(Refusal::NO_SUCH_VERSION)
    }

    pub(super) fn object(&self, at: &ObjectVersion) -> Result<&Object, Refusal> {
        self.version(at)?.object.as_ref().ok_or(Refusal::METHOD_NOT_ALLOWED)
    }

    pub(super) fn object_mut(&mut self, at: &ObjectVersion) -> Result<&mut Object, Refusal> {
        let history = self.bucket_mut(&at.bucket)?.keys.get_mut(at.key.as_str()).ok_or(Refusal::NO_SUCH_KEY)?;
        let version = history.versions.iter_mut().find(|v| v.id == at.version_id.as_str());
        version.ok_or(Refusal::NO_SUCH_VERSION)?.object.as_mut().ok_or(Refusal::METHOD_NOT_ALLOWED)
    }

    /// The current version of a key, unless that is a delete marker.
    pub(super) fn current(&self, at: &ObjectPath) -> Result<&Version, Refusal> {
        let history = self.bucket(&at.bucket)?.keys.get(at.key.as_str()).ok_or(Refusal::NO_SUCH_KEY)?;
        history.live().ok_or(Refusal::NO_SUCH_KEY)
    }

    pub(super) fn live_keys(&self, bucket: &BucketName) -> Vec<String> {
        let Ok(bucket) = self.bucket(bucket) else { return Vec::new() };
        bucket.keys.iter().filter(|(_, history)| history.live().is_some()).map(|(key, _)| key.clone()).collect()
    }

    pub(super) fn current_body(&self, bucket: &BucketName, key: &str) -> Option<Bytes> {
        let live = self.bucket(bucket).ok()?.keys.get(key)?.live()?;
        live.object.as_ref().map(|object| object.body.clone())
    }

    /// Removes a version or a delete marker; whether it existed.
    pub(super) fn remove(&mut self, at: &ObjectVersion) -> bool {
        let Ok(bucket) = self.bucket_mut(&at.bucket) else { return false };
        let Some(history) = bucket.keys.get_mut(at.key.as_str()) else { return false };
        let before = history.versions.len();
        history.versions.retain(|version| version.id != at.version_id.as_str());
        history.versions.len() < before
    }
}

impl Bucket {
    /// A new bucket as S3 makes it since 2023: encrypted with SSE-S3, public access blocked.
    pub(super) fn new(posture: BucketPosture) -> Self {
        Self { posture, keys: BTreeMap::new() }
    }

    /// How the bucket's default encrypts a new object.
    pub(super) fn encryption(&self) -> Option<Encryption> {
        self.posture.encryption.as_ref().map(|setting: &EncryptionSetting| Encryption {
            algorithm: setting.algorithm.clone(),
            kms_key_arn: setting.kms_key.clone(),
            bucket_key: setting.bucket_key,
        })
    }

    /// Puts a version on top of a key. Without versioning it replaces the version `null`.
    pub(super) fn push(&mut self, key: &str, version: Version) {
        let history = self.keys.entry(key.to_owned()).or_default();
        if version.id == NULL {
            history.versions.retain(|old| old.id != NULL);
        }
        history.versions.push(version);
    }

    pub(super) fn keeps_versions(&self) -> bool {
        self.posture.versioning == VersioningState::Enabled
    }
}

impl History {
    /// The current version, unless it is a delete marker.
    pub(super) fn live(&self) -> Option<&Version> {
        self.versions.last().filter(|version| version.object.is_some())
    }

    pub(super) fn sequence_of(&self, version_id: &str) -> Option<u64> {
        self.versions.iter().find(|version| version.id == version_id).map(|version| version.sequence)
    }
}
