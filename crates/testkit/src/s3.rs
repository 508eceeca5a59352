//! S3 in memory.

mod checksum;
mod erase;
mod listing;
mod lock;
mod posture;
mod read;
mod refusal;
mod state;
mod upload;
mod write;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use jiff::Timestamp;
use sluice_common::port::{Clock, LegalHold, Retention, UserMetadata};
use sluice_common::{BucketName, ObjectVersion, VersionId};

use crate::{SettableClock, locked};
use state::State;

pub use refusal::Refusal;
pub use state::Deleted;

/// S3 in memory. It implements the store ports; its own methods are what uploaders, owners and attackers do.
///
/// Answers follow the behaviour of S3 that was recorded against AWS, not the documentation alone: a conditional write
/// succeeds over a delete marker; a conditional completion that loses to a delete is a 409; retention of a delete marker
/// is a 405; parts are listed for composite checksums only. Not modelled: copies, tags, ACLs, S3 Express.
///
/// Clones share the content.
#[derive(Clone)]
pub struct MemoryS3 {
    clock: Arc<dyn Clock>,
    state: Arc<Mutex<State>>,
}

impl fmt::Debug for MemoryS3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryS3")
    }
}

/// How an uploader puts an object.
#[derive(Debug, Clone, Default)]
pub struct PutOptions {
    /// `x-amz-meta-*`.
    pub metadata: UserMetadata,
    /// The algorithm the uploader asks for; CRC64NVME when it asks for none, as S3 does.
    pub algorithm: Option<sluice_common::digest::ChecksumAlgorithm>,
    /// Whether the write carries `If-None-Match: *`.
    pub if_none_match: bool,
    /// Retention in the same request.
    pub retention: Option<Retention>,
    /// A legal hold in the same request.
    pub legal_hold: Option<LegalHold>,
}

impl Default for MemoryS3 {
    fn default() -> Self {
        Self::new(SettableClock::default())
    }
}

impl MemoryS3 {
    /// An S3 without buckets that lives by a clock.
    pub fn new(clock: impl Clock + 'static) -> Self {
        Self { clock: Arc::new(clock), state: Arc::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }

    /// Now, in whole seconds: S3's `Last-Modified` knows no finer ones.
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.clock.now().as_second()).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// The versions created since the last call, oldest first: what `s3:ObjectCreated:*` would announce. Objects in
    /// buckets without versioning are not among them.
    pub fn drain_created(&self) -> Vec<ObjectVersion> {
        std::mem::take(&mut self.state().created)
    }

    /// The bytes of a version as stored, if it exists.
    pub fn stored_bytes(&self, at: &ObjectVersion) -> Option<Bytes> {
        self.state().object(at).ok().map(|object| object.body.clone())
    }

    /// The keys that have a current object, in UTF-8 order.
    pub fn live_keys(&self, bucket: &BucketName) -> Vec<String> {
        self.state().live_keys(bucket)
    }

    /// The bytes of the current version of a key, if there is one.
    pub fn current_bytes(&self, bucket: &BucketName, key: &str) -> Option<Bytes> {
        self.state().current_body(bucket, key)
    }

    /// Sets how many rows a listing page has at most; S3 gives 1,000. Small pages make small tests of paging.
    pub fn set_page_size(&self, rows: usize) {
        self.state().page_size = rows.clamp(1, 1000);
    }

    /// Sets the size of the chunks in which bodies arrive.
    pub fn set_chunk_bytes(&self, bytes: usize) {
        self.state().chunk_bytes = bytes.max(1);
    }

    /// Backdoor: flips a bit of one stored byte and leaves every digest and checksum as it was. Returns whether there
    /// was such a byte.
    pub fn tamper_byte(&self, at: &ObjectVersion, offset: usize) -> bool {
        self.tamper(at, |body| body.get_mut(offset).map(|byte| *byte ^= 1).is_some())
    }

    /// Backdoor: puts other bytes in the place of a version's and leaves its checksums as they were, so that only the
    /// bytes themselves can tell.
    pub fn tamper_body(&self, at: &ObjectVersion, body: &[u8]) -> bool {
        self.tamper(at, |stored| {
            *stored = body.to_vec();
            true
        })
    }

    /// Backdoor: removes a version whatever protects it. Returns whether it existed.
    pub fn force_delete(&self, at: &ObjectVersion) -> bool {
        self.state().remove(at)
    }

    /// Backdoor: takes the retention off a version, or puts any other in its place, whatever Object Lock says.
    pub fn force_retention(&self, at: &ObjectVersion, retention: Option<Retention>) -> bool {
        self.state().object_mut(at).map(|object| object.retention = retention).is_ok()
    }

    /// Backdoor: forgets the checksums of a version, as for objects older than S3's default checksums.
    pub fn forget_checksums(&self, at: &ObjectVersion) -> bool {
        self.state().object_mut(at).map(|object| object.checksum = None).is_ok()
    }

    fn tamper(&self, at: &ObjectVersion, change: impl FnOnce(&mut Vec<u8>) -> bool) -> bool {
        let mut state = self.state();
        let Ok(object) = state.object_mut(at) else { return false };
        let mut body = object.body.to_vec();
        let changed = change(&mut body);
        object.body = Bytes::from(body);
        changed
    }
}

/// The id of a version for the ports, which know only real ones.
fn port_version_id(id: &str, operation: &'static str) -> Result<VersionId, sluice_common::port::StoreError> {
    VersionId::new(id).map_err(|error| sluice_common::port::StoreError::Other {
        operation,
        code: "NoVersionId".into(),
        source: Some(Box::new(error)),
    })
}
