//! From the states of objects to that of their table.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use sluice_common::ObjectVersion;
use sluice_common::port::{ObjectBody, StoreError, UserMetadata};

use super::{Day, Inventory, ROLLUPS_PREFIX, STATES_PREFIX, SUFFIX, Shelves, is_over};
use crate::state::{MOST_BYTES, TableState};

/// States read at once.
const PARALLEL_READS: usize = 16;

/// The states of a table, merged.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Merged {
    /// What was measured.
    pub state: TableState,
    /// States that could not be used, because they are damaged or of another release.
    pub unusable: u64,
}

impl Inventory {
    /// Merges the states of all objects. A day that was over by `now` is merged once and kept.
    ///
    /// # Errors
    /// When a state cannot be read; one that is damaged is counted and left out.
    pub async fn merge(&self, shelves: &Shelves<'_>, now: Timestamp) -> Result<Merged, StoreError> {
        let mut whole = Merged::default();
        for (name, day) in &self.days {
            let path = format!("{ROLLUPS_PREFIX}{name}/{}-{}{SUFFIX}", self.kind, day.digest());
            let kept = is_over(name, now) && day.objects.len() > 1;
            if kept && let Some(state) = rolled_up(shelves, &path).await? {
                whole.state.merge(&state);
                continue;
            }
            let merged = self.merge_day(shelves, name, day).await?;
            if kept && merged.unusable == 0 {
                keep(shelves, path, &merged.state).await?;
            }
            whole.unusable = whole.unusable.saturating_add(merged.unusable);
            whole.state.merge(&merged.state);
        }
        Ok(whole)
    }

    async fn merge_day(&self, shelves: &Shelves<'_>, name: &str, day: &Day) -> Result<Merged, StoreError> {
        let states = day.objects.iter().filter_map(|(object, known)| {
            let key = format!("{STATES_PREFIX}{name}/{object}.{}{SUFFIX}", self.kind);
            Some(shelves.evidence_path(key)?.version(known.state.clone()?))
        });
        let mut states =
            stream::iter(states.map(|at| async move { read(shelves, &at).await })).buffered(PARALLEL_READS);
        let mut merged = Merged::default();
        while let Some(state) = states.try_next().await? {
            match state {
                Some(state) => merged.state.merge(&state),
                None => merged.unusable = merged.unusable.saturating_add(1),
            }
        }
        Ok(merged)
    }
}

/// The roll-up under a key; `None` when there is none that can be used.
async fn rolled_up(shelves: &Shelves<'_>, key: &str) -> Result<Option<TableState>, StoreError> {
    let Some(path) = shelves.evidence_path(key.to_owned()) else { return Ok(None) };
    match shelves.reader.current(&path).await {
        Ok(at) => read(shelves, &at).await,
        Err(StoreError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Keeps a roll-up. Whoever was first kept the same, as its key names what it was merged from.
async fn keep(shelves: &Shelves<'_>, key: String, state: &TableState) -> Result<(), StoreError> {
    let Some(path) = shelves.evidence_path(key) else { return Ok(()) };
    let bytes = match state.to_bytes() {
        Ok(bytes) => bytes,
        Err(error) => {
            tracing::warn!(%error, "a day's roll-up is not kept");
            return Ok(());
        }
    };
    match shelves.writer.put_new(&path, bytes.into(), &UserMetadata::new()).await {
        Ok(_) | Err(StoreError::Exists { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// A state; `None` when its bytes are none that this release can use.
async fn read(shelves: &Shelves<'_>, at: &ObjectVersion) -> Result<Option<TableState>, StoreError> {
    let ObjectBody { facts, mut stream } = shelves.reader.get(at).await?;
    if facts.size_bytes > MOST_BYTES {
        tracing::error!(state = at.key.as_str(), size_bytes = facts.size_bytes, "a state is too large to be one");
        return Ok(None);
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.try_next().await? {
        bytes.extend_from_slice(&chunk);
    }
    match TableState::from_bytes(&bytes) {
        Ok(state) => Ok(Some(state)),
        Err(error) => {
            tracing::error!(state = at.key.as_str(), %error, "a state cannot be used");
            Ok(None)
        }
    }
}
