//! A copy of the log, or of all evidence, in a folder: what offline verification reads.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Component, Path, PathBuf};

/// The largest file that is read whole: an entry bundle of 256 entries of 64 KiB.
const MAX_FILE_BYTES: u64 = 17 << 20;

/// Files by their keys.
pub trait Files {
    /// A file's bytes; nothing when there is none.
    ///
    /// # Errors
    /// When it cannot be read, or is larger than anything of a log.
    fn read(&self, key: &str) -> io::Result<Option<Vec<u8>>>;

    /// The keys below a prefix that ends with a slash, in order.
    ///
    /// # Errors
    /// When they cannot be listed.
    fn list(&self, prefix: &str) -> io::Result<BTreeSet<String>>;
}

/// Files in memory.
impl Files for BTreeMap<String, Vec<u8>> {
    fn read(&self, key: &str) -> io::Result<Option<Vec<u8>>> {
        Ok(self.get(key).cloned())
    }

    fn list(&self, prefix: &str) -> io::Result<BTreeSet<String>> {
        let from = self.range(prefix.to_owned()..).map(|(key, _)| key);
        Ok(from.take_while(|key| key.starts_with(prefix)).cloned().collect())
    }
}

/// A folder.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// A folder that exists.
    ///
    /// # Errors
    /// When it does not.
    pub fn open(path: &Path) -> io::Result<Self> {
        if path.is_dir() { Ok(Self(path.to_owned())) } else { Err(io::Error::other("not a folder")) }
    }

    /// The file of a key; nothing for a key that leads out of the folder.
    fn path(&self, key: &str) -> Option<PathBuf> {
        let path = Path::new(key);
        path.components().all(|part| matches!(part, Component::Normal(_))).then(|| self.0.join(path))
    }
}

impl Files for Folder {
    fn read(&self, key: &str) -> io::Result<Option<Vec<u8>>> {
        let Some(path) = self.path(key) else { return Ok(None) };
        match std::fs::metadata(&path) {
            Ok(facts) if facts.len() > MAX_FILE_BYTES => Err(io::Error::other(format!("{key} is larger than 17 MiB"))),
            Ok(facts) if facts.is_file() => std::fs::read(&path).map(Some),
            Ok(_folder) => Ok(None),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn list(&self, prefix: &str) -> io::Result<BTreeSet<String>> {
        let mut found = BTreeSet::new();
        let Some(start) = self.path(prefix.trim_end_matches('/')).filter(|path| path.is_dir()) else {
            return Ok(found);
        };
        let mut folders = vec![(start, prefix.to_owned())];
        while let Some((folder, prefix)) = folders.pop() {
            for entry in std::fs::read_dir(folder)? {
                let entry = entry?;
                let Ok(name) = entry.file_name().into_string() else { continue };
                // Links are not followed: they could lead anywhere, or in circles.
                match entry.file_type()? {
                    kind if kind.is_dir() => folders.push((entry.path(), format!("{prefix}{name}/"))),
                    kind if kind.is_file() => {
                        found.insert(format!("{prefix}{name}"));
                    }
                    _ => {}
                }
            }
        }
        Ok(found)
    }
}
