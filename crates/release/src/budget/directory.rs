use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use sluice_common::Sha256Digest;

use super::{Book, BudgetError, Entry};
use crate::answer::Answer;

/// A book in a directory of one's own: entries are files that are created once. It keeps an honest person's account; the
/// function's book in the evidence bucket is signed and locked.
#[derive(Debug)]
pub struct Directory(PathBuf);

impl Directory {
    /// The book in a directory, which is made when absent.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, BudgetError> {
        let path = path.into();
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    /// The answer that was given to a release.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn answer(&self, id: &str) -> Result<Option<Given>, BudgetError> {
        match fs::read(self.answer_file(id)) {
            Ok(json) => Ok(Some(serde_json::from_slice(&json).map_err(std::io::Error::from)?)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Keeps an answer before it is given. `false` when another one was kept under its id: that one is the answer.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep(&self, id: &str, given: &Given) -> Result<bool, BudgetError> {
        self.create(&self.answer_file(id), &serde_json::to_vec(given).map_err(std::io::Error::from)?)
    }

    fn file(&self, number: u64) -> PathBuf {
        self.0.join(format!("{number:08}.json"))
    }

    fn answer_file(&self, id: &str) -> PathBuf {
        self.0.join(format!("answer-{id}.json"))
    }

    /// Whole under another name first, then linked: a file is there whole or not at all, and a link never replaces.
    fn create(&self, file: &Path, bytes: &[u8]) -> Result<bool, BudgetError> {
        let draft = self.0.join(format!(".draft-{}-{:016x}", std::process::id(), getrandom::u64().unwrap_or_default()));
        let mut opened = File::create_new(&draft)?;
        opened.write_all(bytes).and_then(|()| opened.sync_all())?;
        let linked = fs::hard_link(&draft, file);
        fs::remove_file(&draft)?;
        match linked {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// An answer as it was given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Given {
    /// SHA-256 of the request's canonical JSON.
    pub request_sha256: Sha256Digest,
    /// The answer.
    pub answer: Answer,
}

#[async_trait]
impl Book for Directory {
    async fn read(&self, number: u64) -> Result<Option<Entry>, BudgetError> {
        match fs::read(self.file(number)) {
            Ok(json) => serde_json::from_slice(&json).map(Some).map_err(|_not_json| BudgetError::Corrupt { number }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn write(&self, entry: &Entry) -> Result<bool, BudgetError> {
        let json = serde_json::to_vec(entry).map_err(std::io::Error::from)?;
        self.create(&self.file(entry.number), &json)
    }
}
