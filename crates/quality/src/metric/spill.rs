//! Keys on disk: what no longer fits the memory allowed.
//!
//! The file has no name from the start, so the system frees it when the counter goes, however the process ends. On AWS
//! Lambda it lies in ephemeral storage, which AWS encrypts.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;

use super::held_keys::widen;

const NARROW_BYTES: usize = size_of::<u64>();
const KEY_BYTES: usize = size_of::<u128>();
const ENTRY_BYTES: usize = KEY_BYTES + size_of::<u64>();
/// A whole number of keys and of entries.
const BUFFER_BYTES: usize = 1024 * KEY_BYTES * ENTRY_BYTES / 8;

/// Where keys that left memory are.
#[derive(Debug)]
pub(super) struct SpillFile {
    file: File,
    length_bytes: u64,
}

/// A run of narrow keys seen once, one of wide keys seen once, and one of keys with counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment {
    /// Where the wide keys begin; the narrow ones are before them.
    offset_bytes: u64,
    narrow: usize,
    once: usize,
    counted: usize,
}

impl Segment {
    pub(super) const fn records(self) -> usize {
        self.narrow + self.once + self.counted
    }
}

impl SpillFile {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { file: tempfile::tempfile()?, length_bytes: 0 })
    }

    /// Writes a segment. The narrow keys are what [`narrow`](super::held_keys::narrow) gives.
    pub(super) fn write_all(
        &mut self,
        narrow: impl Iterator<Item = u64>,
        once: impl Iterator<Item = u128>,
        counted: impl Iterator<Item = (u128, u64)>,
    ) -> io::Result<Segment> {
        let mut written = 0;
        let mut buffer = Vec::new();
        for key in narrow {
            written += 1;
            buffer.extend_from_slice(&key.to_le_bytes());
            self.write_if_full(&mut buffer, BUFFER_BYTES)?;
        }
        self.write_if_full(&mut buffer, 1)?;
        Ok(Segment { narrow: written, ..self.write(once, counted)? })
    }

    fn write(
        &mut self,
        once: impl Iterator<Item = u128>,
        counted: impl Iterator<Item = (u128, u64)>,
    ) -> io::Result<Segment> {
        let mut segment = Segment { offset_bytes: self.length_bytes, narrow: 0, once: 0, counted: 0 };
        let mut buffer = Vec::new();
        for key in once {
            segment.once += 1;
            buffer.extend_from_slice(&key.to_le_bytes());
            self.write_if_full(&mut buffer, BUFFER_BYTES)?;
        }
        for (key, times) in counted {
            segment.counted += 1;
            buffer.extend_from_slice(&key.to_le_bytes());
            buffer.extend_from_slice(&times.to_le_bytes());
            self.write_if_full(&mut buffer, BUFFER_BYTES)?;
        }
        self.write_if_full(&mut buffer, 1)?;
        Ok(segment)
    }

    fn write_if_full(&mut self, buffer: &mut Vec<u8>, full: usize) -> io::Result<()> {
        if buffer.len() >= full {
            self.file.write_all(buffer)?;
            self.length_bytes += crate::value::count(buffer.len());
            buffer.clear();
        }
        Ok(())
    }

    pub(super) fn read(&self, segment: Segment, mut each: impl FnMut(u128, u64)) -> io::Result<()> {
        let narrow_bytes = segment.narrow * NARROW_BYTES;
        let narrow_offset = segment.offset_bytes - crate::value::count(narrow_bytes);
        self.read_records::<NARROW_BYTES>(narrow_offset, narrow_bytes, |record| {
            each(widen(u64::from_le_bytes(*record)), 1);
        })?;
        let once_bytes = segment.once * KEY_BYTES;
        self.read_records::<KEY_BYTES>(segment.offset_bytes, once_bytes, |record| {
            each(u128::from_le_bytes(*record), 1);
        })?;
        let offset = segment.offset_bytes + crate::value::count(once_bytes);
        self.read_records::<ENTRY_BYTES>(offset, segment.counted * ENTRY_BYTES, |record| {
            if let Some((key, times)) = record.split_first_chunk::<KEY_BYTES>()
                && let Some(times) = times.first_chunk()
            {
                each(u128::from_le_bytes(*key), u64::from_le_bytes(*times));
            }
        })
    }

    fn read_records<const N: usize>(
        &self,
        mut at: u64,
        bytes: usize,
        mut each: impl FnMut(&[u8; N]),
    ) -> io::Result<()> {
        let mut left = bytes;
        let mut buffer = vec![0; BUFFER_BYTES.min(bytes)];
        while left > 0 {
            let part = buffer.get_mut(..left.min(BUFFER_BYTES)).unwrap_or_default();
            self.file.read_exact_at(part, at)?;
            for record in part.as_chunks::<N>().0 {
                each(record);
            }
            at += crate::value::count(part.len());
            left -= part.len();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_across_buffers() {
        let mut file = SpillFile::new().unwrap();
        let once: Vec<u128> = (0..100_000).map(|key| key << 60).collect();
        let counted: Vec<(u128, u64)> = (0..70_000).map(|key| (key, 3)).collect();
        let empty = file.write([].into_iter(), [].into_iter()).unwrap();
        let full = file.write(once.iter().copied(), counted.iter().copied()).unwrap();
        let last = file.write([7].into_iter(), [].into_iter()).unwrap();
        let read = |segment| {
            let mut found = Vec::new();
            file.read(segment, |key, times| found.push((key, times))).unwrap();
            found
        };
        assert_eq!(read(empty), []);
        assert_eq!(read(full), once.into_iter().map(|key| (key, 1)).chain(counted).collect::<Vec<_>>());
        assert_eq!(read(last), [(7, 1)]);
    }
}
