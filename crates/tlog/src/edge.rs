//! The right edge of a growing log: what an appender keeps, and the tiles that its growth fills.

use crate::hash::{Hash, empty_root, node_hash};
use crate::tile::{Tile, TileLevel, width_at};

const FULL_WIDTH: usize = 256;
/// Levels of tiles in a tree of up to 2^64 leaves.
const LEVELS: u8 = 8;

/// The hashes in the partial tile of each level, at most eight times 255: enough to append, to tell the root, and to write
/// every tile that changes. A log of ours never reads more of itself than this.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    /// `levels[l]`: what the partial tile of level `l` holds.
    levels: Vec<Vec<Hash>>,
}

impl Edge {
    /// The partial tiles that hold the edge of a log of this size, lowest level first.
    pub fn tiles_of(size: u64) -> impl Iterator<Item = Tile> {
        (0..LEVELS).filter_map(move |level| {
            let partial = width_at(level, size);
            let index = size.checked_shr(u32::from(level) * 8 + 8).unwrap_or(0);
            (partial > 0).then_some(Tile { level: TileLevel::Hashes(level), index, partial })
        })
    }

    /// The edge of a log of this size, from the bytes of [`Edge::tiles_of`]. Nothing when a tile is missing or has another
    /// width. Whether the hashes are the right ones, the root tells.
    pub fn from_tiles<'a>(size: u64, bytes_of: impl Fn(&Tile) -> Option<&'a [u8]>) -> Option<Self> {
        let mut levels = vec![Vec::new(); usize::from(LEVELS)];
        for tile in Self::tiles_of(size) {
            let TileLevel::Hashes(level) = tile.level else { return None };
            let (hashes, rest) = bytes_of(&tile)?.as_chunks::<32>();
            if hashes.len() != usize::from(tile.partial) || !rest.is_empty() {
                return None;
            }
            *levels.get_mut(usize::from(level))? = hashes.to_vec();
        }
        Some(Self { size, levels })
    }

    /// Leaves so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The hashes of the leaves in the partial tile of the lowest level.
    pub fn leaves(&self) -> &[Hash] {
        self.levels.first().map_or(&[], Vec::as_slice)
    }

    /// Appends a leaf by its hash; returns the tiles that it filled, with their bytes.
    pub fn push(&mut self, leaf: Hash) -> Vec<(Tile, Vec<u8>)> {
        let mut filled = Vec::new();
        let mut node = leaf;
        for level in 0..LEVELS {
            let at = usize::from(level);
            if at == self.levels.len() {
                self.levels.push(Vec::new());
            }
            let Some(hashes) = self.levels.get_mut(at) else { break };
            hashes.push(node);
            if hashes.len() < FULL_WIDTH {
                break;
            }
            let index = self.size.checked_shr(u32::from(level) * 8 + 8).unwrap_or(0);
            filled.push((Tile { level: TileLevel::Hashes(level), index, partial: 0 }, hashes.concat()));
            node = subtree(hashes);
            hashes.clear();
        }
        self.size += 1;
        filled
    }

    /// The partial tiles as they stand now, with their bytes.
    pub fn partial_tiles(&self) -> Vec<(Tile, Vec<u8>)> {
        let bytes_of = |tile: Tile| match tile.level {
            TileLevel::Hashes(level) => Some((tile, self.levels.get(usize::from(level))?.concat())),
            TileLevel::Entries => None,
        };
        Self::tiles_of(self.size).filter_map(bytes_of).collect()
    }

    /// The root of the log.
    pub fn root(&self) -> Hash {
        // Subtrees from the smallest to the largest: each joins what lies to its right.
        let mut right: Option<Hash> = None;
        for hashes in &self.levels {
            let mut rest = hashes.as_slice();
            while !rest.is_empty() {
                let (before, last) = rest.split_at(rest.len() & (rest.len() - 1));
                let root = subtree(last);
                right = Some(right.map_or(root, |right| node_hash(&root, &right)));
                rest = before;
            }
        }
        right.unwrap_or_else(empty_root)
    }
}

/// The root of a full subtree over as many hashes as a power of two.
fn subtree(hashes: &[Hash]) -> Hash {
    let mut row = hashes.to_vec();
    while row.len() > 1 {
        row = row.as_chunks::<2>().0.iter().map(|[left, right]| node_hash(left, right)).collect();
    }
    row.first().copied().unwrap_or_else(empty_root)
}
