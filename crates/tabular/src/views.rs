//! String views over a block (Arrow columnar format, "Variable-size Binary View Layout").

#![expect(
    clippy::indexing_slicing,
    clippy::inline_always,
    reason = "measured kernel: positions come from the scan of the same block, which is shorter than 4 GiB \
              (Caps::check)"
)]

use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryViewArray, StringViewArray};
use arrow_buffer::{BooleanBufferBuilder, Buffer, NullBuffer, ScalarBuffer};

use crate::error::TabularError;
use crate::options::TextType;

/// Longest text that a view holds itself.
const INLINE_BYTES: usize = 12;

/// The view of `bytes[start..end]` in buffer 0.
#[inline(always)]
pub(crate) fn view(bytes: &[u8], start: usize, end: usize) -> u128 {
    let len = end - start;
    if len > INLINE_BYTES {
        let prefix = u32::from_le_bytes([bytes[start], bytes[start + 1], bytes[start + 2], bytes[start + 3]]);
        return len as u128 | u128::from(prefix) << 32 | (start as u128) << 96;
    }
    let text = if let Some(near) = bytes.get(start..start + 16).and_then(|near| near.first_chunk::<16>()) {
        u128::from_le_bytes(*near) & ((1 << (8 * len)) - 1)
    } else {
        let mut near = [0; 16];
        near[..len].copy_from_slice(&bytes[start..end]);
        u128::from_le_bytes(near)
    };
    text << 32 | len as u128
}

/// A column in the making.
#[derive(Debug, Default)]
pub(crate) struct Cells {
    pub(crate) views: Vec<u128>,
    /// Rows that are NULL.
    pub(crate) null_rows: Vec<usize>,
    /// Texts that could not stay where they are. Buffer 1 of the array.
    copied: Vec<u8>,
}

impl Cells {
    pub(crate) fn with_rows(rows: usize) -> Self {
        Self { views: Vec::with_capacity(rows), ..Self::default() }
    }

    pub(crate) fn len(&self) -> usize {
        self.views.len()
    }

    pub(crate) fn push(&mut self, view: u128) {
        self.views.push(view);
    }

    pub(crate) fn push_null(&mut self) {
        self.null_rows.push(self.views.len());
        self.views.push(0);
    }

    /// Appends NULLs until the column has `rows` rows.
    pub(crate) fn pad(&mut self, rows: usize) {
        while self.views.len() < rows {
            self.push_null();
        }
    }

    /// Appends the text that `write` appends to the buffer of copies.
    pub(crate) fn push_copied<E>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<(), E> {
        let start = self.copied.len();
        write(&mut self.copied)?;
        let view = view(&self.copied, start, self.copied.len());
        let in_copied = if self.copied.len() - start > INLINE_BYTES { 1 << 64 } else { 0 };
        self.views.push(view | in_copied);
        Ok(())
    }

    /// The column; `block` holds the bytes that views were taken of.
    pub(crate) fn finish(mut self, text: TextType, block: &Arc<[Buffer]>) -> Result<ArrayRef, TabularError> {
        let rows = self.views.len();
        for row in &self.null_rows {
            self.views[*row] = 0;
        }
        let nulls = (!self.null_rows.is_empty()).then(|| {
            let mut valid = BooleanBufferBuilder::new(rows);
            valid.append_n(rows, true);
            for row in &self.null_rows {
                valid.set_bit(*row, false);
            }
            NullBuffer::new(valid.finish())
        });
        let buffers = if self.copied.is_empty() {
            Arc::clone(block)
        } else {
            block.iter().cloned().chain([Buffer::from_vec(self.copied)]).collect()
        };
        let views = ScalarBuffer::from(self.views);
        let array: Result<ArrayRef, _> = match text {
            TextType::Utf8View => StringViewArray::try_new(views, buffers, nulls).map(|array| Arc::new(array) as _),
            TextType::BinaryView => BinaryViewArray::try_new(views, buffers, nulls).map(|array| Arc::new(array) as _),
        };
        array.map_err(|error| TabularError::Shape { problem: error.to_string() })
    }
}
