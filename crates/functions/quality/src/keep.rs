//! What the function keeps beside its statements, each under a key that is written once.

use bytes::Bytes;
use futures::TryStreamExt as _;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha2::{Digest as _, Sha256};
use sluice_common::port::{ObjectReader, StoreError, UserMetadata};
use sluice_common::{ObjectKey, ObjectPath, ObjectVersion, Sha256Digest, VersionId};
use sluice_evidence::EvidenceError;
use sluice_evidence::layout::RunId;
use sluice_stage::FrameError;

use crate::QualityFunction;

/// `report/<kind>/<id[0:2]>/<id>/<name>`
pub(crate) fn report_key(object: &ObjectVersion, kind: &str, name: &str) -> ObjectKey {
    let id = object.id().to_string();
    let head: String = id.chars().take(2).collect();
    key(format!("report/{kind}/{head}/{id}/{name}"))
}

/// `state/<dataset>/dt=YYYY-MM-DD/<id>-<run>.slqs`: the day of arrival, in UTC, as curated keys have it.
pub(crate) fn state_key(dataset: &str, object: &ObjectVersion, arrived: Timestamp, run: &RunId) -> ObjectKey {
    let day = arrived.to_zoned(TimeZone::UTC).date();
    key(format!("state/{dataset}/dt={day}/{}-{}.slqs", object.id(), run.as_str()))
}

/// A key of ours.
#[expect(clippy::expect_used, reason = "some 300 ASCII characters: never empty, never beyond 1,024")]
pub(crate) fn key(text: String) -> ObjectKey {
    ObjectKey::new(text).expect("a key of ours fits")
}

impl QualityFunction {
    pub(crate) fn in_evidence(&self, key: ObjectKey) -> ObjectPath {
        ObjectPath { bucket: self.frame.context.evidence_bucket().clone(), key }
    }

    /// Keeps bytes under a key that they decide: whoever was first wrote the same.
    pub(crate) async fn keep(&self, key: ObjectKey, bytes: Vec<u8>) -> Result<(), FrameError> {
        let path = self.in_evidence(key);
        match self.frame.ports().writer.put_new(&path, bytes.into(), &UserMetadata::new()).await {
            Ok(_) | Err(StoreError::Exists { .. }) => Ok(()),
            Err(error) => Err(EvidenceError::Store(error).into()),
        }
    }

    /// Keeps bytes under a key that they do not decide; the first attempt's stand. The digest of those that do.
    pub(crate) async fn keep_first(&self, key: ObjectKey, bytes: Vec<u8>) -> Result<Sha256Digest, FrameError> {
        let own = Sha256Digest::of(&bytes);
        let path = self.in_evidence(key);
        match self.frame.ports().writer.put_new(&path, Bytes::from(bytes), &UserMetadata::new()).await {
            Ok(_) => Ok(own),
            Err(StoreError::Exists { .. }) => {
                let at = self.only_version(&path).await?.ok_or(StoreError::Conflict { operation: "PutObject" });
                let at = at.map_err(EvidenceError::Store)?;
                Ok(digest_of(self.frame.ports().reader.as_ref(), &at).await.map_err(EvidenceError::Store)?)
            }
            Err(error) => Err(EvidenceError::Store(error).into()),
        }
    }

    /// The one version of a key that is written once; `None` when it was not yet.
    pub(crate) async fn only_version(&self, path: &ObjectPath) -> Result<Option<ObjectVersion>, FrameError> {
        let page = self.frame.ports().versions.list_versions(&path.bucket, path.key.as_str(), None).await;
        let page = page.map_err(EvidenceError::Store)?;
        let history: Vec<_> = page.entries.into_iter().filter(|entry| entry.key == path.key).collect();
        let delete_markers = history.iter().filter(|entry| entry.is_delete_marker).count();
        match history.as_slice() {
            [] => Ok(None),
            [one] if delete_markers == 0 => {
                let version_id = VersionId::new(one.version_id.as_str());
                let version_id = version_id.map_err(|_unversioned| EvidenceError::Unversioned)?;
                Ok(Some(path.version(version_id)))
            }
            more => Err(EvidenceError::Rewritten { versions: more.len() - delete_markers, delete_markers }.into()),
        }
    }
}

/// The digest of a version's bytes, which are not held.
pub(crate) async fn digest_of(reader: &dyn ObjectReader, at: &ObjectVersion) -> Result<Sha256Digest, StoreError> {
    let mut stream = reader.get(at).await?.stream;
    let mut hasher = Sha256::new();
    while let Some(chunk) = stream.try_next().await? {
        hasher.update(&chunk);
    }
    Ok(Sha256Digest::from_bytes(hasher.finalize().into()))
}
