//! Random access to a Parquet file, with source failures kept apart from a damaged file.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, Length};

use crate::inflate::SourceFault;

/// Bytes read at once where the decoder reads little by little.
const BUFFER_BYTES: usize = 16 << 10;

/// The bytes of a file.
#[derive(Debug, Clone)]
pub(crate) struct Chunks {
    store: Store,
    len: u64,
    pub(crate) fault: SourceFault,
}

#[derive(Debug, Clone)]
enum Store {
    File(Arc<File>),
    Bytes(Bytes),
}

impl Chunks {
    pub(crate) fn of_file(file: File) -> io::Result<Self> {
        let len = file.metadata()?.len();
        Ok(Self { store: Store::File(Arc::new(file)), len, fault: SourceFault::default() })
    }

    pub(crate) fn of_bytes(bytes: Bytes) -> Self {
        Self { len: bytes.len() as u64, store: Store::Bytes(bytes), fault: SourceFault::default() }
    }

    /// Reads at `start`; fewer bytes at the end.
    pub(crate) fn read_at(&self, start: u64, out: &mut [u8]) -> io::Result<usize> {
        match &self.store {
            Store::File(file) => file.read_at(out, start).map_err(|error| self.fault.record(error)),
            Store::Bytes(bytes) => {
                let start = usize::try_from(start).unwrap_or(usize::MAX);
                let mut rest = bytes.get(start..).unwrap_or_default();
                rest.read(out)
            }
        }
    }

    /// The bytes `start..start + length`, fewer at the end of the file.
    pub(crate) fn range(&self, start: u64, length: usize) -> io::Result<Vec<u8>> {
        let length = usize::try_from(self.len.saturating_sub(start)).unwrap_or(usize::MAX).min(length);
        let mut bytes = Vec::with_capacity(length);
        let at = At { chunks: self.clone(), position: start };
        at.take(length as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

impl Length for Chunks {
    fn len(&self) -> u64 {
        self.len
    }
}

impl ChunkReader for Chunks {
    type T = BufReader<At>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(BufReader::with_capacity(BUFFER_BYTES, At { chunks: self.clone(), position: start }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        if start.checked_add(length as u64).is_none_or(|end| end > self.len) {
            return Err(ParquetError::EOF("a range beyond the end of the file".to_owned()));
        }
        match &self.store {
            Store::Bytes(bytes) => {
                let start = usize::try_from(start)?;
                Ok(bytes.slice(start..start + length))
            }
            Store::File(_) => {
                let bytes = self.range(start, length)?;
                if bytes.len() < length {
                    return Err(ParquetError::EOF("the file became shorter while it was read".to_owned()));
                }
                Ok(bytes.into())
            }
        }
    }
}

/// A position in the file.
#[derive(Debug)]
pub(crate) struct At {
    chunks: Chunks,
    position: u64,
}

impl At {
    pub(crate) fn new(chunks: &Chunks, position: u64) -> Self {
        Self { chunks: chunks.clone(), position }
    }
}

impl Read for At {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.chunks.read_at(self.position, out)?;
        self.position += n as u64;
        Ok(n)
    }
}
