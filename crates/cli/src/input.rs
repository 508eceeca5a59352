//! Files that are read: local ones, and object versions in S3.

mod object;

use std::fs::File;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};
use sluice_common::digest::S3Checksum;
use sluice_common::{ObjectVersion, Sha256Digest};
use sluice_stage::table;
use sluice_tabular::{Format, ReadOptions, Source};

use crate::cloud;
use crate::progress;

#[cfg(test)]
pub(crate) use object::open_in;

/// Bytes read at a time.
const CHUNK_BYTES: usize = 256 * 1024;

/// A file that is open and not read yet.
pub(crate) struct Input {
    bytes: OpenBytes,
    /// Its length in bytes, when it has one.
    size_bytes: Option<u64>,
    /// What S3 says of it.
    pub(crate) stored: Option<Stored>,
}

enum OpenBytes {
    Local(File),
    S3(object::S3Read),
}

/// What S3 says of an object version.
pub(crate) struct Stored {
    /// The version that is read.
    pub(crate) version: ObjectVersion,
    /// The checksums that S3 holds.
    pub(crate) checksums: Vec<S3Checksum>,
    /// Sizes of its parts in bytes and in order, for checksums that are composed of the parts'.
    pub(crate) part_sizes: Vec<u64>,
}

impl Input {
    /// Opens a local path or an `s3://` URI. Without `versionId`, the version that is current now.
    pub(crate) fn open(location: &str) -> anyhow::Result<Self> {
        if cloud::is_s3(location) {
            return object::open(location).with_context(|| location.to_owned());
        }
        let open = || {
            let file = File::open(location)?;
            let metadata = file.metadata()?;
            if metadata.is_dir() {
                return Err(io::Error::new(io::ErrorKind::IsADirectory, "is a directory; name a file in it"));
            }
            Ok((file, metadata.is_file().then_some(metadata.len())))
        };
        let (file, size_bytes) = open().with_context(|| location.to_owned())?;
        Ok(Self { bytes: OpenBytes::Local(file), size_bytes, stored: None })
    }

    /// All bytes of a small file.
    pub(crate) fn read_small(self, limit_bytes: u64) -> anyhow::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let too_large = || anyhow::anyhow!("more than {limit_bytes} bytes: this is something else");
        let mut input: Box<dyn Read> = match self.bytes {
            OpenBytes::Local(file) => Box::new(file),
            OpenBytes::S3(body) => Box::new(body),
        };
        input.by_ref().take(limit_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit_bytes { Err(too_large()) } else { Ok(bytes) }
    }

    /// The bytes, with a bar at a terminal.
    pub(crate) fn into_read(self) -> Box<dyn Read + Send> {
        match self.bytes {
            OpenBytes::Local(file) => progress::watched(file, self.size_bytes),
            OpenBytes::S3(body) => progress::watched(body, self.size_bytes),
        }
    }

    /// The bytes as a table's, hashed in the same pass. A local Parquet file is read twice, for its reader skips columns: the
    /// hashing goes on beside it where there are two cores, since the reader leaves the file's position alone.
    pub(crate) fn into_source(self, options: &ReadOptions) -> anyhow::Result<(Source, Digesting)> {
        if let (Format::Parquet, OpenBytes::Local(file), Some(_)) = (&options.format, &self.bytes, self.size_bytes) {
            let table = file.try_clone()?;
            let hashing = Arc::new(Mutex::new(Hashing::new(self.into_read())));
            if thread::available_parallelism().is_ok_and(|cores| cores.get() > 1) {
                let beside = Arc::clone(&hashing);
                // What it could not read is tried again, and told, by `Digesting::finish`.
                thread::spawn(move || beside.lock().unwrap_or_else(PoisonError::into_inner).drain());
            } else {
                hashing.lock().unwrap_or_else(PoisonError::into_inner).drain()?;
            }
            return Ok((Source::File(table), Digesting(hashing)));
        }
        let hashing = Arc::new(Mutex::new(Hashing::new(self.into_read())));
        let source = table::source(Shared(Arc::clone(&hashing)), options)?;
        Ok((source, Digesting(hashing)))
    }

    /// [`Self::into_source`], where reading and hashing go on beside what is done with the table on one thread.
    pub(crate) fn into_source_ahead(self, options: &ReadOptions) -> anyhow::Result<(Source, Digesting)> {
        let (source, digesting) = self.into_source(options)?;
        Ok((source.ahead(), digesting))
    }
}

/// Hands over all bytes in pieces.
pub(crate) fn for_each_chunk(input: Input, mut take: impl FnMut(&[u8])) -> anyhow::Result<()> {
    let mut input = input.into_read();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match input.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(length) => take(chunk.get(..length).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// The digest of what is read elsewhere.
pub(crate) struct Digesting(Arc<Mutex<Hashing>>);

impl Digesting {
    /// Reads what the table's reader left, and says what all of it was.
    pub(crate) fn finish(self) -> anyhow::Result<Sha256Digest> {
        let mut hashing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        hashing.drain()?;
        Ok(Sha256Digest::from_bytes(hashing.hasher.clone().finalize().into()))
    }
}

struct Hashing {
    input: Box<dyn Read + Send>,
    hasher: Sha256,
    /// Whether the end was seen. What is read afterwards by somebody else, through the same file, is not to be hashed.
    is_done: bool,
}

impl Hashing {
    fn new(input: Box<dyn Read + Send>) -> Self {
        Self { input, hasher: Sha256::new(), is_done: false }
    }

    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.is_done {
            return Ok(0);
        }
        let length = self.input.read(into)?;
        self.is_done = length == 0 && !into.is_empty();
        self.hasher.update(into.get(..length).unwrap_or_default());
        Ok(length)
    }

    fn drain(&mut self) -> io::Result<()> {
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            match self.read(&mut chunk) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

struct Shared(Arc<Mutex<Hashing>>);

impl Read for Shared {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).read(into)
    }
}
