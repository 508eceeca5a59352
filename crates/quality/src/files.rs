//! The files that `File*` rules speak of, as a port: a folder on this machine, a listing of S3.

/// A file or an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEntry {
    /// Its path or URI, as the source reads it again.
    pub path: String,
    /// Its size.
    pub size_bytes: u64,
    /// When it was last written, in microseconds since 1970-01-01T00:00Z.
    pub modified_epoch_micros: i64,
}

impl FileEntry {
    /// What follows the last slash.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }
}

/// The algorithms of `hashAlgorithm`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HashAlgorithm {
    /// MD5.
    Md5,
    /// SHA-1.
    Sha1,
    /// SHA-256: when none is named.
    #[default]
    Sha256,
}

impl HashAlgorithm {
    /// The algorithm called `name` in DQDL.
    pub fn from_name(name: &str) -> Option<Self> {
        match name.to_ascii_uppercase().as_str() {
            "MD5" => Some(Self::Md5),
            "SHA-1" | "SHA1" => Some(Self::Sha1),
            "SHA-256" | "SHA256" => Some(Self::Sha256),
            _ => None,
        }
    }
}

/// Where files are looked up while a ruleset is planned.
pub trait FileSource: std::fmt::Debug + Send + Sync {
    /// The files at or below `path`; without one, those that the table was read from. The order is of no meaning.
    ///
    /// # Errors
    /// What kept them from being listed, for people. A path that does not exist lists as no file.
    fn list(&self, path: Option<&str>) -> Result<Vec<FileEntry>, String>;

    /// The digest of a listed file's bytes, in lowercase hexadecimal digits.
    ///
    /// # Errors
    /// What kept it from being read, for people.
    fn hash(&self, file: &FileEntry, algorithm: HashAlgorithm) -> Result<String, String>;
}
