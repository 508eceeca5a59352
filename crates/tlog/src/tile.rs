//! Tiles and entry bundles: paths, widths and bytes (C2SP tlog-tiles).

use crate::hash::Hash;
use crate::tree::Tree;
use std::fmt;
use thiserror::Error;

const FULL_WIDTH: u64 = 256;
const MAX_LEVEL: u8 = 63;

/// Why a text is no tile's path.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TileError {
    /// The level is no number from 0 to 63 in canonical form.
    #[error("tile level {0:?} is not a number from 0 to 63 without leading zeroes")]
    Level(String),
    /// The index is not written in groups of three digits.
    #[error("tile index {0:?} is not of the form x001/x234/067 or exceeds 64 bits")]
    Index(String),
    /// The width of a partial tile is out of range.
    #[error("partial width {0:?} is not a number from 1 to 255 without leading zeroes")]
    Width(String),
}

/// Which tree a tile belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TileLevel {
    /// Hashes, 8 tree levels apart.
    Hashes(u8),
    /// The entries themselves.
    Entries,
}

/// A tile by its place in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tile {
    /// Level of the tile.
    pub level: TileLevel,
    /// Position within the level, from 0.
    pub index: u64,
    /// Hashes or entries in a partial tile, 1 to 255; 0 stands for a full one of 256.
    pub partial: u8,
}

impl Tile {
    /// Parses the parts of a path: the level (`entries` for bundles) and the index with its optional `.p/<width>`.
    ///
    /// # Errors
    /// Names the part that is not canonical.
    pub fn parse(level: &str, index: &str) -> Result<Self, TileError> {
        let level = if level == "entries" {
            TileLevel::Entries
        } else {
            let number = canonical(level).and_then(|number| u8::try_from(number).ok());
            let number = number.filter(|number| *number <= MAX_LEVEL);
            TileLevel::Hashes(number.ok_or_else(|| TileError::Level(level.to_owned()))?)
        };
        let (groups, partial) = match index.split_once(".p/") {
            Some((groups, width)) => {
                let number = canonical(width).and_then(|number| u8::try_from(number).ok()).filter(|number| *number > 0);
                (groups, number.ok_or_else(|| TileError::Width(width.to_owned()))?)
            }
            None => (index, 0),
        };
        let index = parse_index(groups).ok_or_else(|| TileError::Index(index.to_owned()))?;
        Ok(Self { level, index, partial })
    }

    /// The bytes of a hash tile, cut from a tree; nothing where the tree does not hold it.
    pub fn hashes(&self, tree: &Tree) -> Option<Vec<u8>> {
        let TileLevel::Hashes(level) = self.level else { return None };
        let width = if self.partial == 0 { FULL_WIDTH } else { u64::from(self.partial) };
        let first = self.index.checked_mul(FULL_WIDTH)?;
        let nodes = (first..first.checked_add(width)?)
            .map(|index| tree.node(usize::from(level) * 8, usize::try_from(index).ok()?));
        Some(nodes.collect::<Option<Vec<Hash>>>()?.concat())
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.level {
            TileLevel::Hashes(level) => write!(out, "tile/{level}/")?,
            TileLevel::Entries => write!(out, "tile/entries/")?,
        }
        let mut groups = vec![format!("{:03}", self.index % 1000)];
        let mut rest = self.index / 1000;
        while rest > 0 {
            groups.push(format!("x{:03}", rest % 1000));
            rest /= 1000;
        }
        groups.reverse();
        write!(out, "{}", groups.join("/"))?;
        if self.partial == 0 { Ok(()) } else { write!(out, ".p/{}", self.partial) }
    }
}

fn canonical(text: &str) -> Option<u64> {
    let digits_only = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits_only || (text.len() > 1 && text.starts_with('0')) { None } else { text.parse().ok() }
}

fn parse_index(text: &str) -> Option<u64> {
    let groups: Vec<&str> = text.split('/').collect();
    let last = groups.len() - 1;
    let mut index: u64 = 0;
    for (at, group) in groups.iter().enumerate() {
        let digits = if at == last { group } else { group.strip_prefix('x')? };
        if digits.len() != 3
            || !digits.bytes().all(|byte| byte.is_ascii_digit())
            || (at == 0 && last > 0 && digits == "000")
        {
            return None;
        }
        index = index.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
    }
    Some(index)
}

/// The hashes in the rightmost, partial tile of a level: 0 where every tile is full.
pub fn width_at(level: u8, tree_size: u64) -> u8 {
    let at_level = tree_size.checked_shr(u32::from(level) * 8).unwrap_or(0);
    let [lowest, ..] = at_level.to_le_bytes();
    lowest
}

/// The path of the bundle that holds an entry of a log of this size.
pub fn entries_path(entry_index: u64, log_size: u64) -> String {
    let index = entry_index / FULL_WIDTH;
    let partial = if index < log_size / FULL_WIDTH { 0 } else { width_at(0, log_size) };
    Tile { level: TileLevel::Entries, index, partial }.to_string()
}

/// Where a node of the tree is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodePlace {
    /// Level of the tile.
    pub tile_level: u64,
    /// Index of the tile within its level.
    pub tile_index: u64,
    /// Level within the tile; 0 is stored, others are computed.
    pub node_level: u64,
    /// Index within that level of the tile.
    pub node_index: u64,
}

impl NodePlace {
    /// The place of the node at a level and index of the tree.
    pub fn of(tree_level: u64, tree_index: u64) -> Self {
        let node_level = tree_level % 8;
        let nodes = FULL_WIDTH >> node_level;
        Self { tile_level: tree_level / 8, tile_index: tree_index / nodes, node_level, node_index: tree_index % nodes }
    }
}

/// Why entries are no bundle.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BundleError {
    /// An entry's length does not fit 16 bits.
    #[error("entry {at} has {len} bytes; a bundle takes at most 65535")]
    TooLong {
        /// Position of the entry.
        at: usize,
        /// Its length in bytes.
        len: usize,
    },
    /// The bytes end within an entry.
    #[error("entry {at} is cut off at the end of the bundle")]
    CutOff {
        /// Position of the entry.
        at: usize,
    },
    /// More entries than a tile holds.
    #[error("a bundle holds at most 256 entries")]
    TooMany,
}

/// The bytes of a bundle: each entry after its length in 16 bits, big-endian.
///
/// # Errors
/// When an entry is too long or there are more than 256.
pub fn encode_bundle(entries: &[&[u8]]) -> Result<Vec<u8>, BundleError> {
    if entries.len() > 256 {
        return Err(BundleError::TooMany);
    }
    let mut bytes = Vec::new();
    for (at, entry) in entries.iter().enumerate() {
        let Ok(len) = u16::try_from(entry.len()) else {
            return Err(BundleError::TooLong { at, len: entry.len() });
        };
        bytes.extend_from_slice(&len.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    Ok(bytes)
}

/// The entries of a bundle.
///
/// # Errors
/// When it is cut off or holds more than 256.
pub fn decode_bundle(mut bytes: &[u8]) -> Result<Vec<&[u8]>, BundleError> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        let cut_off = BundleError::CutOff { at: entries.len() };
        let Some((len, rest)) = bytes.split_first_chunk() else { return Err(cut_off) };
        let Some((entry, rest)) = rest.split_at_checked(usize::from(u16::from_be_bytes(*len))) else {
            return Err(cut_off);
        };
        if entries.len() == 256 {
            return Err(BundleError::TooMany);
        }
        entries.push(entry);
        bytes = rest;
    }
    Ok(entries)
}
