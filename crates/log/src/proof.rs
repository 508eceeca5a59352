//! Proofs from stored tiles: some ten reads, however large the log.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use sluice_tlog::{
    Edge, Hash, NodePlace, OfflineProof, Tile, TileLevel, inclusion_proof, leaf_hash, node_hash, width_at,
};

use crate::error::LogError;
use crate::keys::{Head, LogKeys};
use crate::layout::{checkpoint_key, index_key, tile_key};
use crate::shelf::Shelf;

/// The log's head, its note verified; nothing for a log without leaves.
///
/// # Errors
/// When the log cannot be read or the note is not to be believed.
pub async fn head(shelf: &dyn Shelf, keys: &LogKeys) -> Result<Option<Head>, LogError> {
    let Some(size) = shelf.largest_checkpoint(0).await? else { return Ok(None) };
    let key = checkpoint_key(size);
    let note = shelf.read(&key).await?.ok_or_else(|| LogError::Missing { key: key.clone() })?;
    let head = keys.open(&note).map_err(|what| LogError::Forged { key: key.clone(), what })?;
    if head.size == size { Ok(Some(head)) } else { Err(LogError::Forged { key, what: "it is of another size" }) }
}

/// The offline proof of a leaf under a head; nothing when the leaf has no position below it.
///
/// # Errors
/// When the log cannot be read, or the proof does not lead to the head's root.
pub async fn prove(
    shelf: &dyn Shelf,
    keys: &LogKeys,
    head: &Head,
    leaf: &[u8],
) -> Result<Option<OfflineProof>, LogError> {
    let key = index_key(&leaf_hash(leaf));
    let Some(bytes) = shelf.read(&key).await? else { return Ok(None) };
    let forged = |what| LogError::Forged { key: key.clone(), what };
    let position: serde_json::Value =
        serde_json::from_slice(&bytes).map_err(|_broken| forged("it is not the position of its leaf"))?;
    let index = position.get("index").and_then(serde_json::Value::as_u64);
    let index = index.ok_or_else(|| forged("it is not the position of its leaf"))?;
    let Some(checkpoint) = head.note.clone().filter(|_| index < head.size) else { return Ok(None) };
    let hashes = inclusion(shelf, index, head.size).await?;
    let proof = OfflineProof { extra: None, index, hashes, checkpoint };
    let held = keys.keys().iter().any(|key| proof.verify(leaf, key).is_ok());
    if held { Ok(Some(proof)) } else { Err(forged("the tiles do not lead from its leaf to the checkpoint")) }
}

async fn inclusion(shelf: &dyn Shelf, index: u64, size: u64) -> Result<Vec<Hash>, LogError> {
    // Once to learn which tiles it takes, once with their hashes.
    let mut wanted: BTreeSet<String> = BTreeSet::new();
    inclusion_proof(index, size, |level, at| {
        wanted.insert(tile_key(&tile_of(level, at, size)));
        Some([0; 32])
    });
    let keys: Vec<String> = wanted.into_iter().collect();
    let read = shelf.read_all(keys.clone()).await?;
    let mut tiles: BTreeMap<String, Bytes> = BTreeMap::new();
    for (key, bytes) in keys.into_iter().zip(read) {
        let bytes = bytes.ok_or_else(|| LogError::Missing { key: key.clone() })?;
        tiles.insert(key, bytes);
    }
    let node = |level, at| node_in(tiles.get(&tile_key(&tile_of(level, at, size)))?, level, at);
    inclusion_proof(index, size, node).ok_or_else(|| LogError::Forged {
        key: checkpoint_key(size),
        what: "its tiles are not as wide as its size demands",
    })
}

/// The tile that holds a full subtree's root, or the hashes below it, in a log of this size.
fn tile_of(level: u32, index: u64, size: u64) -> Tile {
    let place = NodePlace::of(u64::from(level), index);
    let tile_level = u8::try_from(place.tile_level).unwrap_or(u8::MAX);
    let full_tiles = size.checked_shr(u32::from(tile_level) * 8 + 8).unwrap_or(0);
    let partial = if place.tile_index < full_tiles { 0 } else { width_at(tile_level, size) };
    Tile { level: TileLevel::Hashes(tile_level), index: place.tile_index, partial }
}

fn node_in(tile: &[u8], level: u32, index: u64) -> Option<Hash> {
    let place = NodePlace::of(u64::from(level), index);
    let leaves = 1_usize << place.node_level;
    let first = usize::try_from(place.node_index).ok()? * leaves;
    let (hashes, _rest) = tile.as_chunks::<32>();
    let mut row = hashes.get(first..first + leaves)?.to_vec();
    while row.len() > 1 {
        row = row.as_chunks::<2>().0.iter().map(|[left, right]| node_hash(left, right)).collect();
    }
    row.first().copied()
}

/// The tiles and bundles that make up a log of this size.
pub fn tiles_of_log(size: u64) -> impl Iterator<Item = Tile> {
    let full = (0..8_u8).flat_map(move |level| {
        let tiles = size.checked_shr(u32::from(level) * 8 + 8).unwrap_or(0);
        (0..tiles).map(move |index| Tile { level: TileLevel::Hashes(level), index, partial: 0 })
    });
    let bundles = (0..size.div_ceil(256)).map(move |index| crate::layout::bundle_at(index, size));
    full.chain(Edge::tiles_of(size)).chain(bundles)
}
