//! The whole tree in memory, which builds proofs and tiles.

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
        if size == 0 {
            Ok(empty_root())
        } else {
            range(0, size as u64, &mut |level, at| self.node_at(level, at)).ok_or(self.beyond(size))
        }
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
        inclusion_proof(index as u64, size as u64, |level, at| self.node_at(level, at)).ok_or(self.beyond(size))
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
        consistency_proof(old as u64, new as u64, |level, at| self.node_at(level, at)).ok_or(self.beyond(new))
    }

    fn node_at(&self, level: u32, index: u64) -> Option<Hash> {
        self.node(usize::try_from(level).ok()?, usize::try_from(index).ok()?)
    }

    fn within(&self, size: usize) -> Result<(), TreeError> {
        if size <= self.size() { Ok(()) } else { Err(self.beyond(size)) }
    }

    fn beyond(&self, asked: usize) -> TreeError {
        TreeError { asked, size: self.size() }
    }
}

/// The inclusion proof of a leaf in a log of `size` leaves, from the roots of full subtrees by level and index. Nothing when
/// the leaf is not among them or a subtree is not at hand.
pub fn inclusion_proof(index: u64, size: u64, mut node: impl FnMut(u32, u64) -> Option<Hash>) -> Option<Vec<Hash>> {
    if index >= size {
        return None;
    }
    let (mut low, mut high, mut proof) = (0, size, Vec::new());
    while high - low > 1 {
        let middle = low + split(high - low);
        let sibling = if index < middle { (middle, high) } else { (low, middle) };
        proof.push(range(sibling.0, sibling.1, &mut node)?);
        (low, high) = if index < middle { (low, middle) } else { (middle, high) };
    }
    proof.reverse();
    Some(proof)
}

/// The proof that a log of `new` leaves extends the one of `old`, from the roots of full subtrees by level and index.
/// Nothing when `old` is 0 or above `new`, or a subtree is not at hand.
pub fn consistency_proof(old: u64, new: u64, mut node: impl FnMut(u32, u64) -> Option<Hash>) -> Option<Vec<Hash>> {
    if old == 0 || old > new {
        return None;
    }
    let (mut low, mut high, mut proof) = (0, new, Vec::new());
    while high != old {
        let middle = low + split(high - low);
        let sibling = if old <= middle { (middle, high) } else { (low, middle) };
        proof.push(range(sibling.0, sibling.1, &mut node)?);
        (low, high) = if old <= middle { (low, middle) } else { (middle, high) };
    }
    if low != 0 {
        proof.push(range(low, high, &mut node)?);
    }
    proof.reverse();
    Some(proof)
}

/// The root of `low..high`, where `low` is a multiple of the largest power of two within the length.
fn range(mut low: u64, high: u64, node: &mut impl FnMut(u32, u64) -> Option<Hash>) -> Option<Hash> {
    let mut peaks = Vec::new();
    while low < high {
        let level = (high - low).ilog2();
        peaks.push(node(level, low >> level)?);
        low += 1 << level;
    }
    peaks.into_iter().rev().reduce(|right, left| node_hash(&left, &right))
}

/// The largest power of two below `length`, which is at least 2.
fn split(length: u64) -> u64 {
    1 << (length - 1).ilog2()
}
