//! Rows as digests, in memory or, beyond a budget, in partitions on disk.

use std::fs::File;
use std::io::{BufWriter, Read as _, Seek as _, SeekFrom, Write as _};

/// Enough that a partition of a hundred million rows fits into memory.
const PARTITIONS: usize = 64;
const ROW_BYTES: usize = 24;

/// A row: its class and its sensitive value, as digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Row {
    pub(crate) class: u128,
    pub(crate) sensitive: u64,
}

/// All rows. Rows of one class lie in one partition.
#[derive(Debug)]
pub(crate) struct Rows {
    in_memory: Vec<Row>,
    most_in_memory: usize,
    partitions: Vec<BufWriter<File>>,
}

impl Rows {
    pub(crate) const fn new(most_in_memory: usize) -> Self {
        Self { in_memory: Vec::new(), most_in_memory, partitions: Vec::new() }
    }

    pub(crate) fn push(&mut self, row: Row) -> std::io::Result<()> {
        if self.in_memory.len() >= self.most_in_memory {
            self.spill()?;
        }
        self.in_memory.push(row);
        Ok(())
    }

    fn spill(&mut self) -> std::io::Result<()> {
        if self.partitions.is_empty() {
            let files = (0..PARTITIONS).map(|_| tempfile::tempfile().map(BufWriter::new));
            self.partitions = files.collect::<Result<_, _>>()?;
        }
        for row in self.in_memory.drain(..) {
            if let Some(partition) = self.partitions.get_mut(partition_of(row.class)) {
                let mut bytes = [0; ROW_BYTES];
                let (class, sensitive) = bytes.split_at_mut(16);
                class.copy_from_slice(&row.class.to_le_bytes());
                sensitive.copy_from_slice(&row.sensitive.to_le_bytes());
                partition.write_all(&bytes)?;
            }
        }
        Ok(())
    }

    /// Hands over all rows, sorted within a partition, one partition after the other.
    pub(crate) fn for_each_partition<E: From<std::io::Error>>(
        mut self,
        mut take: impl FnMut(&[Row]) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.partitions.is_empty() {
            self.in_memory.sort_unstable();
            return take(&self.in_memory);
        }
        self.spill()?;
        drop(self.in_memory);
        for partition in self.partitions {
            let mut rows = read_back(partition)?;
            rows.sort_unstable();
            take(&rows)?;
        }
        Ok(())
    }
}

fn read_back(partition: BufWriter<File>) -> std::io::Result<Vec<Row>> {
    let mut file = partition.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    file.seek(SeekFrom::Start(0))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let rows = bytes.chunks_exact(ROW_BYTES).filter_map(|row| {
        let (class, sensitive) = row.split_first_chunk::<16>()?;
        let sensitive = sensitive.first_chunk::<8>()?;
        Some(Row { class: u128::from_le_bytes(*class), sensitive: u64::from_le_bytes(*sensitive) })
    });
    Ok(rows.collect())
}

/// By the digest's highest bits, which are as good as any.
fn partition_of(class: u128) -> usize {
    usize::try_from(class >> 122).unwrap_or_default() % PARTITIONS
}
