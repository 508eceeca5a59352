//! How often a class and a sensitive value stand together: in memory or, beyond a budget, in partitions on disk. Memory goes
//! by the different pairs, not by the rows, so that a table of a billion rows and a thousand classes takes little.

use std::collections::HashMap;
use std::fs::File;
use std::hash::BuildHasherDefault;
use std::io::{BufReader, BufWriter, Read, Seek as _, SeekFrom, Write as _};

use xxhash_rust::xxh3::Xxh3Default;

use crate::error::RiskError;

/// Enough that a partition of a hundred million pairs fits into memory.
const PARTITIONS: usize = 64;
const ENTRY_BYTES: usize = 32;

type ByPair = HashMap<(u128, u64), u64, BuildHasherDefault<Xxh3Default>>;

/// A class, a sensitive value in it, and the rows that have both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub(crate) class: u128,
    pub(crate) sensitive: u64,
    pub(crate) rows: u64,
}

/// Rows by class and sensitive value. All pairs of a class lie in one partition.
#[derive(Debug)]
pub(crate) struct Counts {
    in_memory: ByPair,
    most_in_memory: usize,
    most_in_partition: usize,
    partitions: Vec<BufWriter<File>>,
}

impl Counts {
    /// `most_in_partition`: the most different pairs of one partition, which is read back whole.
    pub(crate) fn new(most_in_memory: usize, most_in_partition: usize) -> Self {
        Self { in_memory: ByPair::default(), most_in_memory, most_in_partition, partitions: Vec::new() }
    }

    pub(crate) fn push(&mut self, class: u128, sensitive: u64) -> std::io::Result<()> {
        if self.in_memory.len() >= self.most_in_memory && !self.in_memory.contains_key(&(class, sensitive)) {
            self.spill()?;
        }
        let rows = self.in_memory.entry((class, sensitive)).or_default();
        *rows = rows.saturating_add(1);
        Ok(())
    }

    fn spill(&mut self) -> std::io::Result<()> {
        if self.partitions.is_empty() {
            let files = (0..PARTITIONS).map(|_| tempfile::tempfile().map(BufWriter::new));
            self.partitions = files.collect::<Result<_, _>>()?;
        }
        for ((class, sensitive), rows) in self.in_memory.drain() {
            if let Some(partition) = self.partitions.get_mut(partition_of(class)) {
                let mut bytes = [0; ENTRY_BYTES];
                let (class_bytes, rest) = bytes.split_at_mut(16);
                let (sensitive_bytes, row_bytes) = rest.split_at_mut(8);
                class_bytes.copy_from_slice(&class.to_le_bytes());
                sensitive_bytes.copy_from_slice(&sensitive.to_le_bytes());
                row_bytes.copy_from_slice(&rows.to_le_bytes());
                partition.write_all(&bytes)?;
            }
        }
        Ok(())
    }

    /// Hands over all pairs, each once and sorted within a partition, one partition after the other.
    pub(crate) fn for_each_partition(mut self, mut take: impl FnMut(&[Entry])) -> Result<(), RiskError> {
        if !self.partitions.is_empty() {
            self.spill()?;
        }
        let (partitions, most) = (std::mem::take(&mut self.partitions), self.most_in_partition);
        if partitions.is_empty() {
            take(&sorted(self.in_memory));
            return Ok(());
        }
        drop(self.in_memory);
        for partition in partitions {
            take(&sorted(read_back(partition, most)?));
        }
        Ok(())
    }
}

fn sorted(pairs: ByPair) -> Vec<Entry> {
    let entry = |((class, sensitive), rows)| Entry { class, sensitive, rows };
    let mut entries: Vec<Entry> = pairs.into_iter().map(entry).collect();
    entries.sort_unstable();
    entries
}

fn read_back(partition: BufWriter<File>, most: usize) -> Result<ByPair, RiskError> {
    let mut file = partition.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    let written = file.seek(SeekFrom::End(0))? / ENTRY_BYTES as u64;
    file.seek(SeekFrom::Start(0))?;
    let mut input = BufReader::new(file);
    let mut pairs = ByPair::default();
    let mut bytes = [0; ENTRY_BYTES];
    for _ in 0..written {
        input.read_exact(&mut bytes)?;
        let entry = Entry::from_bytes(&bytes);
        let rows = pairs.entry((entry.class, entry.sensitive)).or_default();
        *rows = rows.saturating_add(entry.rows);
        if pairs.len() > most {
            return Err(RiskError::TooManyPairs);
        }
    }
    Ok(pairs)
}

impl Entry {
    fn from_bytes(bytes: &[u8; ENTRY_BYTES]) -> Self {
        let all = |from: usize| {
            bytes.iter().skip(from).take(8).rev().fold(0_u64, |number, byte| (number << 8) | u64::from(*byte))
        };
        let class = (u128::from(all(8)) << 64) | u128::from(all(0));
        Self { class, sensitive: all(16), rows: all(24) }
    }
}

/// By the digest's highest bits, which are as good as any.
fn partition_of(class: u128) -> usize {
    usize::try_from(class >> 122).unwrap_or_default() % PARTITIONS
}
