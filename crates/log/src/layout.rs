//! Where everything lies. Every key below is written once.
//!
//! | key | what |
//! |---|---|
//! | `log/checkpoints/<20 digits: size>` | signed notes, one a size that the log ever had; the largest is the log's head |
//! | `log/tile/…` | tiles and entry bundles, paths of tlog-tiles |
//! | `log/commit/<20 digits: size>` | intents: what the log grows by at this size; `-1`, `-2` … where the one before is void |
//! | `log/idx/<leaf hash>` | a leaf's position, so that none is appended twice |
//!
//! Sizes are padded so that the order of keys is the order of sizes.

use sluice_tlog::{Hash, Tile, TileLevel};

/// Prefix of everything.
pub const LOG_PREFIX: &str = "log/";

/// Prefix of the signed notes.
pub const CHECKPOINTS_PREFIX: &str = "log/checkpoints/";

/// The most leaves of one intent: those of a tile.
pub const MAX_BATCH: usize = 256;

/// The key of the checkpoint of a size.
pub fn checkpoint_key(size: u64) -> String {
    format!("{CHECKPOINTS_PREFIX}{size:020}")
}

/// The size whose checkpoint lies under a key.
pub fn checkpoint_size(key: &str) -> Option<u64> {
    let digits = key.strip_prefix(CHECKPOINTS_PREFIX)?;
    let size = digits.parse().ok()?;
    (checkpoint_key(size) == key).then_some(size)
}

/// The key of the `slot`-th intent at a size; slots above 0 are used where the ones before are void.
pub fn intent_key(size_before: u64, slot: u32) -> String {
    match slot {
        0 => format!("log/commit/{size_before:020}"),
        more => format!("log/commit/{size_before:020}-{more}"),
    }
}

/// The key of a tile or an entry bundle.
pub fn tile_key(tile: &Tile) -> String {
    format!("{LOG_PREFIX}{tile}")
}

/// The key under which a leaf's position lies.
pub fn index_key(leaf: &Hash) -> String {
    format!("log/idx/{}", hex::encode(leaf))
}

/// The entry bundle of an index as it stands in a log of this size.
pub fn bundle_at(bundle_index: u64, log_size: u64) -> Tile {
    let partial = if bundle_index < log_size / 256 { 0 } else { sluice_tlog::width_at(0, log_size) };
    Tile { level: TileLevel::Entries, index: bundle_index, partial }
}
