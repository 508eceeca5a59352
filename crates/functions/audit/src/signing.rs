//! The uses of the statement key in an hour and the statements of that hour, from the trail and from the log.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use sluice_audit::access::{AccessPolicy, for_each_record};
use sluice_audit::signing::{KeptStatement, Reconciled, SignUse, Window, reconcile};
use sluice_audit::trail::{DigestKey, TrailBucket, TrailFileKind, TrailSource as _, day_prefixes};
use sluice_common::port::{ListCursor, StoreError};
use sluice_common::{BucketName, ObjectKey};
use sluice_evidence::{SIGN_REQUEST_METADATA, StatementKey};
use sluice_log::layout::{CHECKPOINTS_PREFIX, bundle_at, checkpoint_key, checkpoint_size, tile_key};
use sluice_log::{BucketShelf, Leaf, Shelf as _};
use sluice_stage::Signing;
use sluice_stage::context::Ports;
use sluice_tlog::decode_bundle;

use crate::error::AuditError;

#[cfg(test)]
mod tests;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// A digest judges the hour before its own: records of that are delivered by its end, and leaves are logged.
const BEHIND: SignedDuration = SignedDuration::from_hours(2);

/// How far uses and statements of other hours are looked at, to match those of the judged one.
const REACH: SignedDuration = SignedDuration::from_hours(2);

/// Statements of an hour that one invocation can look at.
const MAX_STATEMENTS: u64 = 200_000;

/// Statements looked at at a time.
const PARALLEL: usize = 16;

/// What the hours of a digest are reconciled with.
#[derive(Clone, Copy)]
pub(crate) struct Signings<'a> {
    pub(crate) ports: &'a Ports,
    pub(crate) trail_bucket: &'a BucketName,
    pub(crate) evidence_bucket: &'a BucketName,
    pub(crate) keys: &'a Signing,
    pub(crate) policy: &'a AccessPolicy,
}

/// An hour, reconciled.
#[derive(Debug)]
pub(crate) struct ReconciledHour {
    pub(crate) window: Window,
    pub(crate) found: Reconciled,
    /// Whether CloudTrail's digests of all hours around are there: only then does a use that is not recorded mean anything.
    pub(crate) is_recorded: bool,
}

impl Signings<'_> {
    /// Reconciles the hour that a digest makes due. Nothing for a region in which the key does not live, and for an hour of
    /// more statements than can be looked at.
    pub(crate) async fn of(&self, digest: &DigestKey) -> Result<Option<ReconciledHour>, AuditError> {
        let scope = &digest.chain.scope;
        if self.keys.key_arn.split(':').nth(3) != Some(scope.region.as_str()) {
            return Ok(None);
        }
        let back = |from: Timestamp, by| from.checked_sub(by).unwrap_or(from);
        let from = back(digest.end, BEHIND);
        let window = Window { from, to: back(digest.end, HOUR) };
        let earliest = back(from, REACH);
        let prefixes = day_prefixes(&digest.place.prefix, scope, earliest, digest.end);
        let (reader, versions) = (self.ports.reader.as_ref(), self.ports.versions.as_ref());
        let source = TrailBucket::new(reader, versions, self.trail_bucket, prefixes);
        // What a key of before signed last is reconciled, too.
        let retired = self.keys.retired.iter().filter_map(|key| key.arn.clone());
        let keys: Vec<String> = std::iter::once(self.keys.key_arn.clone()).chain(retired).collect();
        let (mut uses, mut ends) = (Vec::new(), Vec::new());
        for at in source.list().await? {
            match TrailFileKind::of(&at) {
                TrailFileKind::Log(log) if earliest <= log.made && log.made <= digest.end => {
                    let Some(file) = source.read(&at).await? else { continue };
                    for_each_record(&file.body, |record| uses.extend(SignUse::of(record, &keys, self.policy)))?;
                }
                TrailFileKind::Digest(other) if other.chain == digest.chain => ends.push(other.end),
                TrailFileKind::Log(_) | TrailFileKind::Digest(_) | TrailFileKind::Other => {}
            }
        }
        let hours = [digest.end, window.to, window.from];
        let is_recorded = hours.into_iter().all(|end| ends.contains(&end));
        let Some(statements) = self.statements(earliest, digest.end).await? else {
            tracing::warn!("more statements than one invocation can look at: signatures were not reconciled");
            return Ok(None);
        };
        Ok(Some(ReconciledHour { window, found: reconcile(uses, statements, window), is_recorded }))
    }

    /// The statements that were logged in some time.
    async fn statements(&self, from: Timestamp, to: Timestamp) -> Result<Option<Vec<KeptStatement>>, AuditError> {
        let (reader, writer) = (self.ports.reader.clone(), self.ports.writer.clone());
        let shelf = BucketShelf::new(self.evidence_bucket.clone(), reader, writer, self.ports.versions.clone());
        let Some(head) = shelf.largest_checkpoint(0).await? else { return Ok(Some(Vec::new())) };
        let (first, end) = (self.size_before(head, from).await?, self.size_before(head, to).await?);
        if end.saturating_sub(first) > MAX_STATEMENTS {
            return Ok(None);
        }
        let mut keys = Vec::new();
        let mut position = first;
        while position < end {
            let index = position / 256;
            let key = tile_key(&bundle_at(index, head));
            let bytes = shelf.read(&key).await?.ok_or(AuditError::LogIncomplete)?;
            let entries = decode_bundle(&bytes).map_err(|_broken| AuditError::LogIncomplete)?;
            let next = index.saturating_add(1).saturating_mul(256).min(end);
            let skip = usize::try_from(position % 256).unwrap_or(usize::MAX);
            let take = usize::try_from(next.saturating_sub(position)).unwrap_or(usize::MAX);
            let leaves = entries.into_iter().skip(skip).take(take).filter_map(Leaf::parse);
            keys.extend(leaves.filter_map(|leaf| leaf.statement_key()));
            position = next;
        }
        let looks = keys.into_iter().map(|key| self.kept(key));
        let kept: Vec<Option<KeptStatement>> = stream::iter(looks).buffered(PARALLEL).try_collect().await?;
        Ok(Some(kept.into_iter().flatten().collect()))
    }

    /// A logged statement as it is kept; nothing when it is gone, which the sweep and the log's verification tell of.
    async fn kept(&self, key: StatementKey) -> Result<Option<KeptStatement>, AuditError> {
        let path = sluice_common::ObjectPath { bucket: self.evidence_bucket.clone(), key: key.object_key() };
        let at = match self.ports.reader.current(&path).await {
            Ok(at) => at,
            Err(StoreError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let facts = self.ports.reader.head(&at).await?;
        let request_id = facts.metadata.get(SIGN_REQUEST_METADATA).cloned();
        Ok(Some(KeptStatement { key: key.to_string(), request_id, written: facts.last_modified }))
    }

    /// The largest size that the log had before a time, by S3's clock: sizes and times grow together.
    async fn size_before(&self, head: u64, time: Timestamp) -> Result<u64, AuditError> {
        let (mut older, mut newer) = (0, head.saturating_add(1));
        while newer - older > 1 {
            let middle = older + (newer - older) / 2;
            match self.checkpoint_from(middle).await? {
                Some((size, written)) if size < newer && written < time => older = size,
                _ => newer = middle,
            }
        }
        Ok(older)
    }

    /// The first checkpoint of at least a size, and when it was written.
    async fn checkpoint_from(&self, size: u64) -> Result<Option<(u64, Timestamp)>, AuditError> {
        let from = size
            .checked_sub(1)
            .map(|before| ListCursor { key_marker: checkpoint_key(before), version_id_marker: None });
        let listed = self.ports.versions.list_versions(self.evidence_bucket, CHECKPOINTS_PREFIX, from.as_ref());
        let first = listed.await?.entries.into_iter().find(|entry| !entry.is_delete_marker);
        let size_of = |key: &ObjectKey| checkpoint_size(key.as_str());
        Ok(first.and_then(|entry| Some((size_of(&entry.key)?, entry.last_modified))))
    }
}
