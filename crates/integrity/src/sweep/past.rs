//! The accounts that earlier sweeps signed, newest first: what is under way, and whose bytes come next.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use jiff::Timestamp;
use sluice_common::port::{StoreError, VersionLister};
use sluice_common::{BucketName, ObjectKey, ObjectVersion, VersionId};
use sluice_evidence::predicate::Sweep;
use sluice_evidence::{Archive, EvidenceError, Kept, Stage, StatementKey};

/// Accounts that are looked back at: more than two days of hourly sweeps.
const LOOK_BACK: usize = 64;

/// An account and when it was written, by S3's clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastAccount {
    /// The account, which verifies.
    pub kept: Kept<Sweep>,
    /// When it was written.
    pub written: Timestamp,
}

/// The newest accounts of a raw bucket. They are loaded one by one as they are asked for.
#[derive(Debug)]
pub struct PastAccounts<'a> {
    archive: &'a Archive,
    newest_last: Vec<(Timestamp, ObjectKey, String)>,
}

impl<'a> PastAccounts<'a> {
    /// Looks at the listing. Its keys do not sort by time, so all of it is looked at and the newest are remembered.
    ///
    /// # Errors
    /// When the evidence bucket cannot be listed.
    pub async fn list(
        archive: &'a Archive,
        versions: &dyn VersionLister,
        raw: &BucketName,
    ) -> Result<PastAccounts<'a>, StoreError> {
        let prefix = StatementKey::prefix(Stage::Sweep, &super::subject(raw));
        let mut newest = BinaryHeap::new();
        let mut next = None;
        loop {
            let page = versions.list_versions(archive.bucket(), &prefix, next.as_ref()).await?;
            for entry in page.entries.into_iter().filter(|entry| !entry.is_delete_marker) {
                newest.push(Reverse((entry.last_modified, entry.key, entry.version_id)));
                if newest.len() > LOOK_BACK {
                    newest.pop();
                }
            }
            match page.next {
                None => break,
                more => next = more,
            }
        }
        let mut newest_last: Vec<_> = newest.into_iter().map(|Reverse(one)| one).collect();
        newest_last.sort_unstable();
        Ok(Self { archive, newest_last })
    }

    /// The next older account; `None` when there is none, or none that may matter. What does not verify is passed over:
    /// the sweep of the evidence bucket tells of it.
    ///
    /// # Errors
    /// When one cannot be read.
    pub async fn older(&mut self) -> Result<Option<PastAccount>, EvidenceError> {
        while let Some((written, key, version_id)) = self.newest_last.pop() {
            let Ok(version_id) = VersionId::new(version_id) else { continue };
            let at = ObjectVersion { bucket: self.archive.bucket().clone(), key, version_id };
            match self.archive.load::<Sweep>(&at).await {
                Ok(kept) => return Ok(Some(PastAccount { kept, written })),
                Err(error) if super::version::is_damage(&error) => {
                    tracing::warn!(%error, "an account of an earlier sweep does not verify");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}
