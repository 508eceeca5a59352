//! The key of each row in order, kept when row results are wanted.

use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder};

/// 16 bytes and a bit for each row.
#[derive(Debug)]
pub(super) struct RowKeys {
    keys: Vec<u128>,
    /// NULL rows and rows left out have no key.
    present: BooleanBufferBuilder,
}

impl Default for RowKeys {
    fn default() -> Self {
        Self { keys: Vec::new(), present: BooleanBufferBuilder::new(0) }
    }
}

impl RowKeys {
    pub(super) fn bytes(&self) -> usize {
        self.keys.capacity() * size_of::<u128>()
    }

    pub(super) fn extend(&mut self, keys: &[u128], present: Option<&BooleanBuffer>) {
        self.keys.extend_from_slice(keys);
        match present {
            Some(present) => self.present.append_buffer(present),
            None => self.present.append_n(keys.len(), true),
        }
    }

    /// The rows without a key, and those whose key is none of `keys`, which are sorted.
    pub(super) fn without(&self, keys: &[u128]) -> BooleanBuffer {
        let is_other = |row: usize| {
            !self.present.get_bit(row) || self.keys.get(row).is_none_or(|key| keys.binary_search(key).is_err())
        };
        BooleanBuffer::collect_bool(self.keys.len(), is_other)
    }
}
