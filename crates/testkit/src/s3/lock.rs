use async_trait::async_trait;
use jiff::Timestamp;
use sluice_common::ObjectVersion;
use sluice_common::port::{LegalHold, ObjectLock, Retention, RetentionMode, StoreError};

use super::state::{Object, State};
use super::{MemoryS3, Refusal};

impl Object {
    /// Whether deleting this version is refused.
    pub(super) fn is_protected(&self, now: Timestamp, bypass: bool) -> bool {
        let held = self.legal_hold == Some(LegalHold::On);
        let retained = self.retention.is_some_and(|retention| {
            retention.retain_until > now && (retention.mode == RetentionMode::Compliance || !bypass)
        });
        held || retained
    }

    /// Whether a retention may take the place of the present one. COMPLIANCE can only grow, for everybody; GOVERNANCE
    /// can only grow without the bypass.
    fn admits(&self, wanted: Option<&Retention>, now: Timestamp, bypass: bool) -> bool {
        let Some(present) = self.retention.filter(|present| present.retain_until > now) else { return true };
        let grows = wanted.is_some_and(|wanted| wanted.covers(&present));
        grows || (bypass && present.mode == RetentionMode::Governance)
    }
}

fn lockable<'a>(state: &'a mut State, at: &ObjectVersion) -> Result<&'a mut Object, Refusal> {
    if state.bucket(&at.bucket)?.posture.object_lock.is_none() {
        return Err(Refusal::INVALID_REQUEST);
    }
    state.object_mut(at)
}

impl MemoryS3 {
    /// What an owner of the data does: sets, changes or lifts a version's retention. `bypass` is
    /// `x-amz-bypass-governance-retention`.
    ///
    /// # Errors
    /// `AccessDenied` when the present retention forbids it, `InvalidArgument` for a date in the past, `InvalidRequest`
    /// for a bucket without Object Lock, `MethodNotAllowed` for a delete marker, or not found.
    pub fn put_retention(&self, at: &ObjectVersion, retention: Option<Retention>, bypass: bool) -> Result<(), Refusal> {
        let now = self.now();
        let mut state = self.state();
        let object = lockable(&mut state, at)?;
        if retention.is_some_and(|retention| retention.retain_until <= now) {
            return Err(Refusal::INVALID_ARGUMENT);
        }
        if !object.admits(retention.as_ref(), now, bypass) {
            return Err(Refusal::ACCESS_DENIED);
        }
        object.retention = retention;
        Ok(())
    }

    /// What an owner of the data does: sets or lifts a version's legal hold.
    ///
    /// # Errors
    /// `InvalidRequest` for a bucket without Object Lock, `MethodNotAllowed` for a delete marker, or not found.
    pub fn put_legal_hold(&self, at: &ObjectVersion, hold: LegalHold) -> Result<(), Refusal> {
        lockable(&mut self.state(), at)?.legal_hold = Some(hold);
        Ok(())
    }
}

/// A bucket without Object Lock answers `InvalidRequest`, a version without a setting
/// `NoSuchObjectLockConfiguration`: both say that nothing protects the version.
fn setting<T>(answer: Result<Option<T>, Refusal>, operation: &'static str) -> Result<Option<T>, StoreError> {
    match answer {
        Err(Refusal::INVALID_REQUEST) => Ok(None),
        other => other.map_err(|refusal| refusal.of(operation)),
    }
}

#[async_trait]
impl ObjectLock for MemoryS3 {
    async fn retention(&self, at: &ObjectVersion) -> Result<Option<Retention>, StoreError> {
        setting(lockable(&mut self.state(), at).map(|object| object.retention), "GetObjectRetention")
    }

    async fn set_retention(&self, at: &ObjectVersion, retention: &Retention) -> Result<(), StoreError> {
        self.put_retention(at, Some(*retention), false).map_err(|refusal| refusal.of("PutObjectRetention"))
    }

    async fn legal_hold(&self, at: &ObjectVersion) -> Result<Option<LegalHold>, StoreError> {
        setting(lockable(&mut self.state(), at).map(|object| object.legal_hold), "GetObjectLegalHold")
    }
}
