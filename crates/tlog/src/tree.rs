//! Trees: the compact range that an appender keeps, and the whole tree that builds proofs and tiles.

use crate::hash::{Hash, empty_root, leaf_hash, node_hash};
use thiserror::Error;

/// Why something cannot be taken from a tree.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a tree of {size} leaves holds no position or smaller tree of {asked}; ask within its size")]
pub struct TreeError {
    /// What was asked for.
    pub asked: usize,
    /// Leaves in the tree.
    pub size: usize,
}

/// The roots of the full subtrees of a growing tree: what an appender needs, at most 64 hashes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CompactRange {
    size: u64,
    /// Largest subtree first.
    peaks: Vec<Hash>,
}

impl CompactRange {
    /// Leaves so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf by its hash.
    pub fn push(&mut self, leaf: Hash) {
        let mut node = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                node = node_hash(&left, &node);
            }
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// The root of what was appended.
    pub fn root(&self) -> Hash {
        let joined = self.peaks.iter().rev().copied().reduce(|right, left| node_hash(&left, &right));
        joined.unwrap_or_else(empty_root)
    }
}

/// A tree in memory, every full subtree kept: 64 bytes a leaf.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// `levels[l][i]` is the root of leaves `i * 2^l .. (i + 1) * 2^l`.
    levels: Vec<Vec<Hash>>,
}

impl Tree {
    /// A tree of entries, hashed as leaves.
    pub fn from_entries<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut tree = Self::default();
        entries.into_iter().for_each(|entry| tree.push(leaf_hash(entry)));
        tree
    }

    /// Appends a leaf by its hash.
    pub fn push(&mut self, leaf: Hash) {
        let mut node = leaf;
        for level in 0.. {
            if level == self.levels.len() {
                self.levels.push(Vec::new());
            }
            let Some(row) = self.levels.get_mut(level) else { return };
            let left = if row.len() % 2 == 1 { row.last().copied() } else { None };
            row.push(node);
            let Some(left) = left else { return };
            node = node_hash(&left, &node);
        }
    }

    /// Leaves in the tree.
    pub fn size(&self) -> usize {
        self.levels.first().map_or(0, Vec::len)
    }

    /// The root of the full subtree at a level and index, where the tree holds it whole.
    pub fn node(&self, level: usize, index: usize) -> Option<Hash> {
        self.levels.get(level)?.get(index).copied()
    }

    /// The root of the first `size` leaves.
    ///
    /// # Errors
    /// When the tree is smaller.
    pub fn root(&self, size: usize) -> Result<Hash, TreeError> {
        self.within(size)?;
        if size == 0 { Ok(empty_root()) } else { self.range(0, size).ok_or(self.beyond(size)) }
    }

    /// The hashes that lead from the leaf at `index` to the root of the first `size` leaves.
    ///
    /// # Errors
    /// When the leaf is not among them or the tree is smaller.
    pub fn inclusion(&self, index: usize, size: usize) -> Result<Vec<Hash>, TreeError> {
        self.within(size)?;
        if index >= size {
            return Err(TreeError { asked: index, size });
        }
        let (mut low, mut high, mut proof) = (0, size, Vec::new());
        while high - low > 1 {
            let middle = low + split(high - low);
            let sibling = if index < middle { (middle, high) } else { (low, middle) };
            proof.push(self.range(sibling.0, sibling.1).ok_or(self.beyond(size))?);
            (low, high) = if index < middle { (low, middle) } else { (middle, high) };
        }
        proof.reverse();
        Ok(proof)
    }

    /// The hashes that show the first `new` leaves to extend the first `old` ones.
    ///
    /// # Errors
    /// When `old` is 0 or above `new`, or the tree is smaller.
    pub fn consistency(&self, old: usize, new: usize) -> Result<Vec<Hash>, TreeError> {
        self.within(new)?;
        if old == 0 || old > new {
            return Err(TreeError { asked: old, size: new });
        }
        let (mut low, mut high, mut proof) = (0, new, Vec::new());
        while high != old {
            let middle = low + split(high - low);
            let sibling = if old <= middle { (middle, high) } else { (low, middle) };
            proof.push(self.range(sibling.0, sibling.1).ok_or(self.beyond(new))?);
            (low, high) = if old <= middle { (low, middle) } else { (middle, high) };
        }
        if low != 0 {
            proof.push(self.range(low, high).ok_or(self.beyond(new))?);
        }
        proof.reverse();
        Ok(proof)
    }

    fn within(&self, size: usize) -> Result<(), TreeError> {
        if size <= self.size() { Ok(()) } else { Err(self.beyond(size)) }
    }

    fn beyond(&self, asked: usize) -> TreeError {
        TreeError { asked, size: self.size() }
    }

    /// The root of `low..high`, where `low` is a multiple of the largest power of two within the length.
    fn range(&self, mut low: usize, high: usize) -> Option<Hash> {
        let mut peaks = Vec::new();
        while low < high {
            let level = (high - low).ilog2();
            peaks.push(self.node(usize::try_from(level).ok()?, low >> level)?);
            low += 1 << level;
        }
        peaks.into_iter().rev().reduce(|right, left| node_hash(&left, &right))
    }
}

/// The largest power of two below `length`, which is at least 2.
fn split(length: usize) -> usize {
    1 << (length - 1).ilog2()
}
