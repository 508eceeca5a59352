//! Checkpoints (C2SP tlog-checkpoint): origin, size and root of a log, as the text of a signed note.

use crate::hash::Hash;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

/// Why a text is no checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CheckpointError {
    /// A line is missing or the last has no newline.
    #[error("a checkpoint has three lines or more, each ended by a newline")]
    Lines,
    /// No origin.
    #[error("line 1: the origin is empty")]
    Origin,
    /// No canonical decimal size.
    #[error("line 2: the size is not a decimal number below 2^64 without leading zeroes")]
    Size,
    /// No base64 root.
    #[error("line 3: the root is not base64")]
    Root,
    /// The root of another hash than SHA-256.
    #[error("line 3: the root has {0} bytes, expected the 32 of a SHA-256")]
    RootLength(usize),
    /// An empty extension line.
    #[error("line {0}: an extension line is empty")]
    Extension(usize),
}

/// What a log says of itself. The format leaves the root's length open; ours is read by [`Checkpoint::sha256_root`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: String,
    /// Leaves in the log.
    pub size: u64,
    /// The root's bytes.
    pub root: Vec<u8>,
    /// Further lines.
    pub extensions: Vec<String>,
}

impl Checkpoint {
    /// Reads the text of a note.
    ///
    /// # Errors
    /// Names the line that is wrong.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.strip_suffix('\n').ok_or(CheckpointError::Lines)?.split('\n');
        let mut next = || lines.next().ok_or(CheckpointError::Lines);
        let (origin, size, root) = (next()?, next()?, next()?);
        if origin.is_empty() {
            return Err(CheckpointError::Origin);
        }
        let size: u64 =
            size.parse().ok().filter(|number: &u64| number.to_string() == size).ok_or(CheckpointError::Size)?;
        let root = STANDARD.decode(root).ok().filter(|root| !root.is_empty()).ok_or(CheckpointError::Root)?;
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        match extensions.iter().position(String::is_empty) {
            Some(at) => Err(CheckpointError::Extension(at + 4)),
            None => Ok(Self { origin: origin.to_owned(), size, root, extensions }),
        }
    }

    /// A checkpoint of a log of ours.
    pub fn new(origin: &str, size: u64, root: &Hash) -> Self {
        Self { origin: origin.to_owned(), size, root: root.to_vec(), extensions: Vec::new() }
    }

    /// The root as the hash of a tree of RFC 6962.
    ///
    /// # Errors
    /// [`CheckpointError::RootLength`] when it is not 32 bytes long.
    pub fn sha256_root(&self) -> Result<Hash, CheckpointError> {
        Hash::try_from(self.root.as_slice()).map_err(|_other_length| CheckpointError::RootLength(self.root.len()))
    }

    /// The text to be signed.
    pub fn to_text(&self) -> String {
        let head = format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(&self.root));
        self.extensions.iter().fold(head, |text, line| text + line + "\n")
    }
}
