//! The objects of a table that lie in the curated bucket now, and the states that were kept of them.
//!
//! | key in the evidence bucket | what |
//! |---|---|
//! | `statistics/<curated key>.<kind>.slcs` | the state of one published object, written by who publishes |
//! | `rollup/<dataset>/dt=YYYY-MM-DD/<kind>-<digest>.slcs` | the states of a day that is over, merged |
//!
//! Both are written once. A roll-up's key names by a digest what it was merged from, so it is never stale, and whoever makes
//! it a second time makes the same. `<kind>` is `counts` or `ranges`: a state without ranges serves no table that tells them.

mod listing;
mod merge;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use sluice_common::policy::CatalogStatistics;
use sluice_common::port::{ObjectReader, ObjectWriter, StoreError, VersionLister};
use sluice_common::{BucketName, ObjectKey, ObjectPath, ObjectVersion, Sha256Digest, VersionId};

use listing::live;
pub use merge::Merged;

/// Where the states of objects are kept.
pub const STATES_PREFIX: &str = "statistics/";
/// Where merged states are kept.
pub const ROLLUPS_PREFIX: &str = "rollup/";
const SUFFIX: &str = ".slcs";
/// Objects of one table: what fits into half a gigabyte of memory.
pub const MOST_OBJECTS: usize = 500_000;

/// Where a table and its states are.
#[derive(Clone, Copy)]
pub struct Shelves<'a> {
    /// Reads states.
    pub reader: &'a dyn ObjectReader,
    /// Keeps roll-ups.
    pub writer: &'a dyn ObjectWriter,
    /// Lists both buckets.
    pub versions: &'a dyn VersionLister,
    /// The bucket of the published objects, which are not read.
    pub curated: &'a BucketName,
    /// The bucket of the states.
    pub evidence: &'a BucketName,
}

impl std::fmt::Debug for Shelves<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shelves")
            .field("curated", self.curated)
            .field("evidence", self.evidence)
            .finish_non_exhaustive()
    }
}

/// Why a table could not be taken stock of.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InventoryError {
    /// A bucket could not be listed or read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There are more objects than are held in memory.
    #[error("the table has more than {MOST_OBJECTS} objects; its statistics are not kept")]
    TooMany,
}

/// The objects of a table as they are now.
#[derive(Debug)]
pub struct Inventory {
    kind: &'static str,
    /// By what stands before the last `/` of a key, `<dataset>/dt=YYYY-MM-DD`.
    days: BTreeMap<String, Day>,
    newest: Option<(Timestamp, ObjectVersion)>,
}

/// The objects of a day, by what stands after the last `/`.
#[derive(Debug, Default)]
struct Day {
    objects: BTreeMap<String, Object>,
}

#[derive(Debug)]
struct Object {
    version: String,
    size_bytes: u64,
    state: Option<VersionId>,
}

/// The word for a kind of state in keys; `None`: none is kept.
pub const fn kind(statistics: CatalogStatistics) -> Option<&'static str> {
    match statistics {
        CatalogStatistics::None => None,
        CatalogStatistics::Counts => Some("counts"),
        CatalogStatistics::Ranges => Some("ranges"),
    }
}

/// Where the state of a published object is kept; `None` when none is, or its key is not one of ours and too long.
pub fn state_key(curated: &ObjectKey, statistics: CatalogStatistics) -> Option<ObjectKey> {
    ObjectKey::new(format!("{STATES_PREFIX}{}.{}{SUFFIX}", curated.as_str(), kind(statistics)?)).ok()
}

impl Inventory {
    /// Lists a dataset's published objects and the states that are kept of them. No data is read.
    ///
    /// # Errors
    /// As [`InventoryError`].
    pub async fn take(
        shelves: &Shelves<'_>,
        dataset: &str,
        statistics: CatalogStatistics,
    ) -> Result<Self, InventoryError> {
        let kind = kind(statistics).unwrap_or("none");
        let mut inventory = Self { kind, days: BTreeMap::new(), newest: None };
        let mut objects = 0_usize;
        live(shelves, shelves.curated, &format!("{dataset}/"), |entry| {
            objects = objects.saturating_add(1);
            let Some((day, name)) = entry.key.as_str().rsplit_once('/') else { return objects <= MOST_OBJECTS };
            let object = Object { version: entry.version_id.clone(), size_bytes: entry.size_bytes, state: None };
            let at =
                VersionId::new(entry.version_id.as_str()).ok().map(|id| shelves.curated_path(&entry.key).version(id));
            let is_newer = inventory.newest.as_ref().is_none_or(|(newest, _)| *newest < entry.last_modified);
            if let (true, Some(at)) = (is_newer, at) {
                inventory.newest = Some((entry.last_modified, at));
            }
            inventory.days.entry(day.to_owned()).or_default().objects.insert(name.to_owned(), object);
            objects <= MOST_OBJECTS
        })
        .await?;
        if objects > MOST_OBJECTS {
            return Err(InventoryError::TooMany);
        }
        let ending = format!(".{kind}{SUFFIX}");
        live(shelves, shelves.evidence, &format!("{STATES_PREFIX}{dataset}/"), |entry| {
            let of = entry.key.as_str().strip_prefix(STATES_PREFIX).and_then(|key| key.strip_suffix(&ending));
            if let Some((day, name)) = of.and_then(|key| key.rsplit_once('/'))
                && let Some(object) = inventory.days.get_mut(day).and_then(|day| day.objects.get_mut(name))
            {
                object.state = VersionId::new(entry.version_id.as_str()).ok();
            }
            true
        })
        .await?;
        Ok(inventory)
    }

    /// Everything that the statistics are made of, by digest: while it stays the same, so do they.
    pub fn digest(&self) -> Sha256Digest {
        let days = self.days.iter().map(|(name, day)| format!("{name} {}\n", day.digest()));
        let all: String = std::iter::once(format!("{}\n", self.kind)).chain(days).collect();
        Sha256Digest::of(all.as_bytes())
    }

    /// Objects of the table.
    pub fn objects(&self) -> u64 {
        self.all().map(|_object| 1).sum()
    }

    /// Their bytes.
    pub fn bytes(&self) -> u64 {
        self.all().fold(0, |bytes, object| bytes.saturating_add(object.size_bytes))
    }

    /// Objects of which no state is kept.
    pub fn unmeasured(&self) -> u64 {
        self.all().filter(|object| object.state.is_none()).map(|_object| 1).sum()
    }

    /// The object that was published last.
    pub fn newest(&self) -> Option<&ObjectVersion> {
        self.newest.as_ref().map(|(_, at)| at)
    }

    fn all(&self) -> impl Iterator<Item = &Object> {
        self.days.values().flat_map(|day| day.objects.values())
    }
}

impl Day {
    fn digest(&self) -> Sha256Digest {
        let line = |(name, object): (&String, &Object)| {
            format!("{name} {} {}\n", object.version, object.state.as_ref().map_or("-", VersionId::as_str))
        };
        Sha256Digest::of(self.objects.iter().map(line).collect::<String>().as_bytes())
    }
}

/// Whether a day, named as in keys, had ended by then, UTC.
fn is_over(day: &str, now: Timestamp) -> bool {
    let date = day.rsplit_once("/dt=").and_then(|(_, date)| date.parse::<Date>().ok());
    date.is_some_and(|date| date < now.to_zoned(jiff::tz::TimeZone::UTC).date())
}

impl Shelves<'_> {
    fn curated_path(&self, key: &ObjectKey) -> ObjectPath {
        ObjectPath { bucket: self.curated.clone(), key: key.clone() }
    }

    fn evidence_path(&self, key: String) -> Option<ObjectPath> {
        Some(ObjectPath { bucket: self.evidence.clone(), key: ObjectKey::new(key).ok()? })
    }
}

#[cfg(test)]
mod tests;
