//! Offline proofs (C2SP tlog-proof): a leaf's place, its inclusion proof and the signed checkpoint, in one file.

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::hash::{Hash, leaf_hash};
use crate::note::{Note, NoteError, VerifierKey};
use crate::proof::{ProofError, verify_inclusion};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

const HEADER: &str = "c2sp.org/tlog-proof@v1";
const MAX_HASHES: usize = 64;

/// Why a proof is not believed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OfflineProofError {
    /// A line is not what the format demands.
    #[error("line {line}: expected {expected}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What belongs there.
        expected: &'static str,
    },
    /// The checkpoint is of another log.
    #[error("the checkpoint is of log {got:?}, expected {expected:?}")]
    Origin {
        /// The origin in the checkpoint.
        got: String,
        /// The log that was asked for.
        expected: String,
    },
    /// The note is not believed.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The note is no checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The entry is not in the log.
    #[error(transparent)]
    Inclusion(#[from] ProofError),
}

/// A proof as read; nothing in it is believed before [`OfflineProof::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfflineProof {
    /// Bytes of the application's own.
    pub extra: Option<Vec<u8>>,
    /// The leaf's position, from 0.
    pub index: u64,
    /// The inclusion proof.
    pub hashes: Vec<Hash>,
    /// The signed checkpoint as a note.
    pub checkpoint: String,
}

impl OfflineProof {
    /// Reads a `.tlog-proof`.
    ///
    /// # Errors
    /// Names the first line that is wrong.
    pub fn parse(text: &str) -> Result<Self, OfflineProofError> {
        let wrong = |line, expected| OfflineProofError::Line { line, expected };
        let (head, checkpoint) = text.split_once("\n\n").ok_or(wrong(1, "a blank line before the checkpoint"))?;
        let mut lines = head.split('\n').zip(1..).peekable();
        if lines.next().is_none_or(|(line, _)| line != HEADER) {
            return Err(wrong(1, "c2sp.org/tlog-proof@v1"));
        }
        let extra = match lines.next_if(|(line, _)| line.starts_with("extra ")) {
            Some((line, at)) => {
                let decoded = line.strip_prefix("extra ").and_then(|encoded| STANDARD.decode(encoded).ok());
                Some(decoded.ok_or(wrong(at, "extra and base64"))?)
            }
            None => None,
        };
        let (line, at) = lines.next().ok_or(wrong(2, "index and a number"))?;
        let number = line.strip_prefix("index ");
        let parsed = number.and_then(|number| number.parse::<u64>().ok().filter(|parsed| parsed.to_string() == number));
        let index = parsed.ok_or(wrong(at, "index and a number"))?;
        let mut hashes = Vec::new();
        for (line, at) in lines {
            let hash = STANDARD.decode(line).ok().and_then(|bytes| Hash::try_from(bytes).ok());
            hashes.push(
                hash.filter(|_| at <= MAX_HASHES + 3)
                    .ok_or(wrong(at, "one of at most 64 hashes of 32 bytes in base64"))?,
            );
        }
        Ok(Self { extra, index, hashes, checkpoint: checkpoint.to_owned() })
    }

    /// The file's text.
    pub fn to_text(&self) -> String {
        let extra = self.extra.iter().map(|extra| format!("extra {}\n", STANDARD.encode(extra)));
        let hashes = self.hashes.iter().map(|hash| STANDARD.encode(hash) + "\n");
        let (extra, hashes): (String, String) = (extra.collect(), hashes.collect());
        format!("{HEADER}\n{extra}index {}\n{hashes}\n{}", self.index, self.checkpoint)
    }

    /// Whether the entry is in the log of this key; the key's name is the log's origin.
    ///
    /// # Errors
    /// Names what differs: signature, origin, position or root.
    pub fn verify(&self, entry: &[u8], log: &VerifierKey) -> Result<Checkpoint, OfflineProofError> {
        let note = Note::parse(&self.checkpoint)?;
        note.verify(std::slice::from_ref(log))?;
        let checkpoint = Checkpoint::parse(&note.text)?;
        if checkpoint.origin != log.name {
            return Err(OfflineProofError::Origin { got: checkpoint.origin, expected: log.name.clone() });
        }
        let root = checkpoint.sha256_root()?;
        verify_inclusion(self.index, checkpoint.size, &leaf_hash(entry), &self.hashes, &root)?;
        Ok(checkpoint)
    }
}
