//! The keys of a log, and the checkpoints that they signed.

use sluice_tlog::{Checkpoint, Hash, Note, VerifierKey};

/// The keys whose notes count as checkpoints of a log. Their name is the log's origin.
#[derive(Debug, Clone)]
pub struct LogKeys(Vec<VerifierKey>);

impl LogKeys {
    /// These keys: the one that signs now and those that signed before. Nothing without a key, or for keys of two logs.
    pub fn new(keys: Vec<VerifierKey>) -> Option<Self> {
        let origin = &keys.first()?.name;
        keys.iter().all(|key| key.name == *origin).then_some(Self(keys))
    }

    /// The log's name.
    pub fn origin(&self) -> &str {
        self.0.first().map_or("", |key| key.name.as_str())
    }

    /// The keys.
    pub fn keys(&self) -> &[VerifierKey] {
        &self.0
    }

    /// Reads a note as a checkpoint of this log.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn open(&self, note: &[u8]) -> Result<Head, &'static str> {
        let note = std::str::from_utf8(note).map_err(|_not_text| "it is no text")?;
        let parsed = Note::parse(note).map_err(|_malformed| "it is no signed note")?;
        parsed.verify(&self.0).map_err(|_untrusted| "no trusted checkpoint key signed it")?;
        let checkpoint = Checkpoint::parse(&parsed.text).map_err(|_malformed| "the note is no checkpoint")?;
        let root = checkpoint.sha256_root().map_err(|_length| "its root is no SHA-256")?;
        if checkpoint.origin != self.origin() {
            return Err("it is the checkpoint of another log");
        }
        Ok(Head { size: checkpoint.size, root, note: Some(note.to_owned()) })
    }
}

/// A checkpoint of the log; the first has neither leaves nor a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Leaves.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// The signed note; absent for the empty log, which nobody signed.
    pub note: Option<String>,
}
