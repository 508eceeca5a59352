//! A Merkle tree log that anyone can check offline: RFC 6962 hashes and proofs, and the C2SP formats tlog-tiles,
//! signed-note, tlog-checkpoint and tlog-proof. Pure: nothing here reads or writes anything.

mod checkpoint;
mod edge;
mod hash;
mod note;
mod offline;
mod proof;
mod tile;
mod tree;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use edge::Edge;
pub use hash::{Hash, empty_root, leaf_hash, node_hash};
pub use note::{KeyError, Note, NoteError, Signature, VerifierKey};
pub use offline::{OfflineProof, OfflineProofError};
pub use proof::{ProofError, verify_consistency, verify_inclusion};
pub use tile::{
    BundleError, NodePlace, Tile, TileError, TileLevel, decode_bundle, encode_bundle, entries_path, width_at,
};
pub use tree::{Tree, TreeError, consistency_proof, inclusion_proof};
