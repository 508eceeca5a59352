//! Files on this machine, for `File*` rules.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use sluice_quality::{FileEntry, FileSource, HashAlgorithm};

const MOST_FILES: usize = 100_001;
const DEEPEST: usize = 64;
const CHUNK_BYTES: usize = 1 << 18;

/// The file that is checked, and what paths of rules name.
#[derive(Debug)]
pub(super) struct LocalFiles {
    pub(super) table: String,
}

impl FileSource for LocalFiles {
    fn list(&self, path: Option<&str>) -> Result<Vec<FileEntry>, String> {
        let path = path.unwrap_or(&self.table);
        if path.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("s3://")) {
            return Err("s3:// paths are listed by the deployed function only".to_owned());
        }
        let root = PathBuf::from(path.strip_prefix("file://").unwrap_or(path));
        let mut files = Vec::new();
        match walk(&root, 0, &mut files) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error.to_string()),
            Ok(()) => Ok(files),
        }
    }

    fn hash(&self, file: &FileEntry, algorithm: HashAlgorithm) -> Result<String, String> {
        let open = File::open(&file.path);
        let digest = open.and_then(|file| match algorithm {
            HashAlgorithm::Md5 => digest::<Md5>(file),
            HashAlgorithm::Sha1 => digest::<Sha1>(file),
            HashAlgorithm::Sha256 => digest::<Sha256>(file),
        });
        digest.map_err(|error| error.to_string())
    }
}

fn digest<D: Digest>(mut file: File) -> io::Result<String> {
    let (mut hasher, mut chunk) = (D::new(), vec![0; CHUNK_BYTES]);
    loop {
        match file.read(&mut chunk) {
            Ok(0) => return Ok(hex::encode(hasher.finalize())),
            Ok(length) => hasher.update(chunk.get(..length).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn walk(path: &Path, depth: usize, files: &mut Vec<FileEntry>) -> io::Result<()> {
    let metadata = fs::metadata(path)?;
    if metadata.is_dir() {
        if depth == DEEPEST {
            return Err(io::Error::other("folders nest too deep; name a folder further down"));
        }
        for entry in fs::read_dir(path)? {
            walk(&entry?.path(), depth + 1, files)?;
        }
    } else if files.len() < MOST_FILES {
        let modified = metadata.modified()?;
        let micros = modified.duration_since(UNIX_EPOCH).map(|since| since.as_micros()).unwrap_or_default();
        files.push(FileEntry {
            path: path.to_string_lossy().into_owned(),
            size_bytes: metadata.len(),
            modified_epoch_micros: i64::try_from(micros).unwrap_or(i64::MAX),
        });
    }
    Ok(())
}
