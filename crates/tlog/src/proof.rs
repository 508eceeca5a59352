//! Verifying inclusion and consistency (RFC 9162 §2.1.3.2 and §2.1.4.2).

use crate::hash::{Hash, node_hash};
use thiserror::Error;

/// Why a proof does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProofError {
    /// The leaf lies beyond the tree.
    #[error("leaf {index} is not in a tree of {size} leaves; take the proof for a larger tree")]
    IndexBeyondSize {
        /// The leaf's position, from 0.
        index: u64,
        /// Leaves in the tree.
        size: u64,
    },
    /// The sizes cannot be compared.
    #[error("no consistency between a tree of {old} leaves and one of {new}; the old one must have 1 to {new}")]
    Sizes {
        /// Leaves in the earlier tree.
        old: u64,
        /// Leaves in the later tree.
        new: u64,
    },
    /// The proof has too few or too many hashes.
    #[error("a proof of {got} hashes does not fit these sizes; it is cut off or padded")]
    Length {
        /// Hashes in the proof.
        got: usize,
    },
    /// The proof leads to another root.
    #[error("the proof leads to root {}, expected {}", hex::encode(.got), hex::encode(.expected))]
    Root {
        /// What was computed.
        got: Hash,
        /// What was claimed.
        expected: Hash,
    },
}

fn same(got: Hash, expected: Hash) -> Result<(), ProofError> {
    if got == expected { Ok(()) } else { Err(ProofError::Root { got, expected }) }
}

/// Whether the leaf at `index` is in the tree of `size` leaves with this root.
///
/// # Errors
/// Names what differs: position, number of hashes or root.
pub fn verify_inclusion(index: u64, size: u64, leaf: &Hash, proof: &[Hash], root: &Hash) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::IndexBeyondSize { index, size });
    }
    let wrong_length = || ProofError::Length { got: proof.len() };
    let (mut node, mut last, mut computed) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return Err(wrong_length());
        }
        if node & 1 == 1 || node == last {
            computed = node_hash(sibling, &computed);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            computed = node_hash(&computed, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(wrong_length());
    }
    same(computed, *root)
}

/// Whether the tree of `new` leaves extends the one of `old` leaves. An `old` of 0 is an error: it proves nothing.
///
/// # Errors
/// Names what differs: sizes, number of hashes or one of the roots.
pub fn verify_consistency(
    old: u64,
    new: u64,
    old_root: &Hash,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old == 0 || old > new {
        return Err(ProofError::Sizes { old, new });
    }
    let wrong_length = || ProofError::Length { got: proof.len() };
    if old == new {
        return if proof.is_empty() { same(*old_root, *new_root) } else { Err(wrong_length()) };
    }
    let (seed, rest) = if old.is_power_of_two() {
        (*old_root, proof)
    } else {
        let (first, rest) = proof.split_first().ok_or_else(wrong_length)?;
        (*first, rest)
    };
    let shift = (old - 1).trailing_ones();
    // A shift by 64 needs a tree of 2^64 leaves, which `old` cannot count.
    let (mut node, mut last) = ((old - 1) >> shift, (new - 1) >> shift);
    let (mut first, mut second) = (seed, seed);
    for sibling in rest {
        if last == 0 {
            return Err(wrong_length());
        }
        if node & 1 == 1 || node == last {
            first = node_hash(sibling, &first);
            second = node_hash(sibling, &second);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            second = node_hash(&second, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(wrong_length());
    }
    same(first, *old_root)?;
    same(second, *new_root)
}
