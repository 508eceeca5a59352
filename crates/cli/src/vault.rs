//! A vault in a directory: the layout of the vault bucket in files, with a wrapping key beside it in place of KMS.
//!
//! For trying things out, and for those without a cloud. Whoever can read the directory can open every pseudonym.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use sluice_common::port::{
    DataKey, DataKeys, EncryptionContext, KeyError, ListCursor, ObjectBody, ObjectFacts, ObjectPart, ObjectReader,
    ObjectWriter, StoreError, UserMetadata, VersionEntry, VersionEraser, VersionLister, VersionPage, WriteOnceUpload,
};
use sluice_common::{BucketName, ObjectKey, ObjectPath, ObjectVersion, VersionId};
use sluice_privacy::crypto::SivCipher;
use zeroize::Zeroizing;

/// The one version that a file has.
const VERSION: &str = "file";
const KEY_FILE: &str = "wrapping.key";
const KEY_BYTES: usize = 64;

/// A directory of wrapped keys.
#[derive(Debug, Clone)]
pub(crate) struct DirectoryVault {
    directory: PathBuf,
}

impl DirectoryVault {
    /// Opens a vault; a directory that is not there is made.
    pub(crate) fn open(directory: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(directory)?;
        Ok(Self { directory: directory.to_owned() })
    }

    /// The name under which the keyring knows it.
    pub(crate) fn bucket() -> anyhow::Result<BucketName> {
        Ok(BucketName::new("local-vault")?)
    }

    fn file(&self, key: &ObjectKey) -> Result<PathBuf, StoreError> {
        // Keys of the keyring have plain parts; anything else must not leave the directory.
        let is_plain = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains(['\\', ':']);
        if key.as_str().split('/').all(is_plain) {
            Ok(self.directory.join(key.as_str()))
        } else {
            Err(StoreError::NotFound { operation: "open" })
        }
    }

    /// The wrapping key, made when there is none.
    fn cipher(&self) -> anyhow::Result<SivCipher> {
        let path = self.directory.join(KEY_FILE);
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        match fs::read_to_string(&path).map(Zeroizing::new) {
            Ok(text) => hex::decode_to_slice(text.trim(), key.as_mut_slice())
                .map_err(|_would_quote_the_key| anyhow::anyhow!("expected 128 hexadecimal digits"))
                .with_context(|| format!("{}", path.display()))?,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                getrandom::fill(key.as_mut_slice())
                    .map_err(|error| anyhow::anyhow!("the system gives no random bytes: {error}"))?;
                let text = Zeroizing::new(hex::encode(key.as_slice()));
                create_private(&path).and_then(|mut file| file.write_all(text.as_bytes()))?;
            }
            Err(error) => return Err(error).with_context(|| format!("{}", path.display())),
        }
        Ok(SivCipher::aes_256(&key))
    }
}

/// For its owner's eyes only, where the system knows owners. It must not be there yet.
fn create_private(file: &Path) -> io::Result<fs::File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)
}

fn failed(operation: &'static str, error: io::Error) -> StoreError {
    match error.kind() {
        ErrorKind::NotFound => StoreError::NotFound { operation },
        ErrorKind::AlreadyExists => StoreError::Exists { operation },
        ErrorKind::PermissionDenied => StoreError::Denied { operation },
        _ => StoreError::Other { operation, code: "Io".to_owned(), source: Some(Box::new(error)) },
    }
}

fn version_id(operation: &'static str) -> Result<VersionId, StoreError> {
    VersionId::new(VERSION).map_err(|error| StoreError::Other {
        operation,
        code: "NoVersionId".to_owned(),
        source: Some(Box::new(error)),
    })
}

fn facts(metadata: &fs::Metadata) -> ObjectFacts {
    let modified = metadata.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
    ObjectFacts {
        size_bytes: metadata.len(),
        etag: String::new(),
        last_modified: modified.unwrap_or(Timestamp::UNIX_EPOCH),
        checksums: Vec::new(),
        encryption: None,
        metadata: UserMetadata::new(),
    }
}

#[async_trait]
impl ObjectReader for DirectoryVault {
    async fn head(&self, at: &ObjectVersion) -> Result<ObjectFacts, StoreError> {
        fs::metadata(self.file(&at.key)?).map(|metadata| facts(&metadata)).map_err(|error| failed("stat", error))
    }

    async fn get(&self, at: &ObjectVersion) -> Result<ObjectBody, StoreError> {
        let facts = self.head(at).await?;
        let bytes = fs::read(self.file(&at.key)?).map_err(|error| failed("read", error))?;
        Ok(ObjectBody { facts, stream: Box::pin(futures::stream::iter([Ok(Bytes::from(bytes))])) })
    }

    async fn current(&self, at: &ObjectPath) -> Result<ObjectVersion, StoreError> {
        let version = at.version(version_id("stat")?);
        self.head(&version).await.map(|_facts| version)
    }

    async fn parts(&self, _at: &ObjectVersion) -> Result<Vec<ObjectPart>, StoreError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl ObjectWriter for DirectoryVault {
    async fn put_new(&self, at: &ObjectPath, body: Bytes, _metadata: &UserMetadata) -> Result<VersionId, StoreError> {
        let path = self.file(&at.key)?;
        let write = || -> io::Result<()> {
            if let Some(directory) = path.parent() {
                fs::create_dir_all(directory)?;
            }
            let mut file = create_private(&path)?;
            file.write_all(&body)?;
            file.sync_all()
        };
        write().map_err(|error| failed("write", error))?;
        version_id("write")
    }

    async fn upload_new(
        &self,
        _at: &ObjectPath,
        _metadata: &UserMetadata,
    ) -> Result<Box<dyn WriteOnceUpload>, StoreError> {
        Err(StoreError::Other { operation: "upload", code: "KeysAreSmall".to_owned(), source: None })
    }
}

#[async_trait]
impl VersionLister for DirectoryVault {
    async fn list_versions(
        &self,
        _bucket: &BucketName,
        prefix: &str,
        _from: Option<&ListCursor>,
    ) -> Result<VersionPage, StoreError> {
        let mut entries = Vec::new();
        // `cohorts/<domain>/keys/<cohort>/<name>` is as deep as keys lie.
        let begins = prefix.rfind('/').and_then(|slash| prefix.get(..=slash)).unwrap_or_default();
        let begin = self.directory.join(begins);
        if !begin.is_dir() {
            return Ok(VersionPage::default());
        }
        let mut folders = vec![(begin, begins.to_owned(), begins.matches('/').count())];
        while let Some((folder, begins, depth)) = folders.pop() {
            for entry in fs::read_dir(&folder).map_err(|error| failed("list", error))? {
                let entry = entry.map_err(|error| failed("list", error))?;
                let metadata = entry.metadata().map_err(|error| failed("list", error))?;
                let Some(name) = entry.file_name().to_str().map(|name| format!("{begins}{name}")) else { continue };
                if metadata.is_dir() {
                    if depth < 4 {
                        folders.push((entry.path(), format!("{name}/"), depth + 1));
                    }
                    continue;
                }
                if let (true, Ok(key)) = (name.starts_with(prefix), ObjectKey::new(name)) {
                    entries.push(VersionEntry {
                        key,
                        version_id: VERSION.to_owned(),
                        is_latest: true,
                        is_delete_marker: false,
                        size_bytes: metadata.len(),
                        last_modified: facts(&metadata).last_modified,
                        etag: String::new(),
                    });
                }
            }
        }
        entries.sort_by(|one, other| one.key.as_str().cmp(other.key.as_str()));
        Ok(VersionPage { entries, next: None })
    }
}

#[async_trait]
impl VersionEraser for DirectoryVault {
    async fn erase(&self, at: &ObjectVersion) -> Result<(), StoreError> {
        let path = self.file(&at.key)?;
        // What a file system keeps of it is beyond us; the bytes of the wrapped key are overwritten first.
        let erase = || -> io::Result<()> {
            let length = fs::metadata(&path)?.len();
            let mut file = OpenOptions::new().write(true).open(&path)?;
            io::copy(&mut io::Read::take(io::repeat(0), length), &mut file)?;
            file.sync_all()?;
            fs::remove_file(&path)
        };
        match erase() {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(failed("remove", error)),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

#[async_trait]
impl DataKeys for DirectoryVault {
    async fn generate(&self, context: &EncryptionContext) -> Result<DataKey, KeyError> {
        let operation = "wrap";
        let other = |error: anyhow::Error| KeyError::Other {
            operation,
            code: "LocalKey".to_owned(),
            source: Some(error.into()),
        };
        let mut plaintext = Zeroizing::new([0; 32]);
        getrandom::fill(plaintext.as_mut_slice()).map_err(|error| other(anyhow::anyhow!("{error}")))?;
        let wrapped = self.cipher().map_err(other)?.seal(&[&header(context)], plaintext.as_slice());
        let wrapped = wrapped.map_err(|_never| KeyError::InvalidCiphertext { operation })?;
        Ok(DataKey { plaintext, wrapped })
    }

    async fn unwrap_key(&self, wrapped: &[u8], context: &EncryptionContext) -> Result<Zeroizing<[u8; 32]>, KeyError> {
        let operation = "unwrap";
        let cipher = self.cipher().map_err(|error| KeyError::Other {
            operation,
            code: "LocalKey".to_owned(),
            source: Some(error.into()),
        })?;
        let opened = cipher.open(&[&header(context)], wrapped).map(Zeroizing::new);
        let opened = opened.map_err(|_altered| KeyError::InvalidCiphertext { operation })?;
        <[u8; 32]>::try_from(opened.as_slice())
            .map(Zeroizing::new)
            .map_err(|_length| KeyError::InvalidCiphertext { operation })
    }
}

/// The context as bytes: JSON with sorted names.
fn header(context: &EncryptionContext) -> Vec<u8> {
    serde_json::to_vec(context).unwrap_or_default()
}
