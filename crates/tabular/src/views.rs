//! String views over a block (Arrow columnar format, "Variable-size Binary View Layout").

#![expect(
    clippy::indexing_slicing,
    clippy::inline_always,
    reason = "measured kernel: positions come from the scan of the same block, which is shorter than 4 GiB \
              (Caps::check)"
)]

use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryViewArray, BooleanArray, StringViewArray};
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder, Buffer, NullBuffer, ScalarBuffer};

use crate::error::TabularError;
use crate::options::TextType;

/// Longest text that a view holds itself.
pub(crate) const INLINE_BYTES: usize = 12;

/// The view of `bytes[start..end]` in buffer 0.
#[inline(always)]
pub(crate) fn view(bytes: &[u8], start: usize, end: usize) -> u128 {
    match bytes.get(start..).and_then(|rest| rest.first_chunk()) {
        Some(near) => view_of(near, start, end.wrapping_sub(start)),
        None => last_view(bytes, start, end),
    }
}

/// The view of `bytes[start..end]` without the quotes around it, if it has some.
#[inline(always)]
#[expect(clippy::needless_bitwise_bool, reason = "measured: neither comparison waits for a branch on the other")]
pub(crate) fn view_inside(bytes: &[u8], start: usize, end: usize, quote: u8) -> u128 {
    let len = end.wrapping_sub(start);
    let Some(near) = bytes.get(start..).and_then(|rest| rest.first_chunk::<{ INLINE_BYTES + 1 }>()) else {
        let quotes = usize::from(len >= 2 && bytes[start] == quote);
        return last_view(bytes, start + quotes, end - quotes);
    };
    let quotes = usize::from((near[0] == quote) & (len >= 2));
    let inside = near[quotes..].first_chunk().unwrap_or(&[0; INLINE_BYTES]);
    view_of(inside, start.wrapping_add(quotes), len.wrapping_sub(2 * quotes))
}

/// The view of a text of `len` bytes, given those at its start and what is behind it.
#[inline(always)]
fn view_of(near: &[u8; INLINE_BYTES], start: usize, len: usize) -> u128 {
    let (head, _) = near.as_chunks();
    let (_, tail) = near.as_rchunks();
    let (head, tail) = (u32::from_le_bytes(head[0]), u64::from_le_bytes(tail[0]));
    // Masks are looked up: the lengths of neighbours differ, and a branch on them is guessed wrongly.
    let (head_mask, tail_mask, place_mask) = MASKS[len.min(INLINE_BYTES + 1)];
    let tail = tail & tail_mask | (start as u64) << 32 & place_mask;
    len as u128 | u128::from(head & head_mask) << 32 | u128::from(tail) << 64
}

/// The view of a text that stands at the end of its block.
#[cold]
fn last_view(bytes: &[u8], start: usize, end: usize) -> u128 {
    let text = &bytes[start..end];
    let mut near = [0; INLINE_BYTES];
    let length = text.len().min(near.len());
    near[..length].copy_from_slice(&text[..length]);
    view_of(&near, start, text.len())
}

/// By the length of a text: what is kept of its first four bytes, of the eight after them, and of its place instead of
/// those. The last entry is that of all texts too long for their view.
const MASKS: [(u32, u64, u64); INLINE_BYTES + 2] = masks();

const fn masks() -> [(u32, u64, u64); INLINE_BYTES + 2] {
    let mut masks = [(u32::MAX, 0, u64::MAX); INLINE_BYTES + 2];
    let mut len = 0;
    while len <= INLINE_BYTES {
        let head = if len < 4 { (1 << (8 * len)) - 1 } else { u32::MAX };
        let tail = match len {
            0..=4 => 0,
            5..12 => (1 << (8 * (len - 4))) - 1,
            _ => u64::MAX,
        };
        masks[len] = (head, tail, 0);
        len += 1;
    }
    masks
}

/// The view of `copied[start..]`, which is buffer 1 of its array.
pub(crate) fn view_of_copied(copied: &[u8], start: usize) -> u128 {
    let in_copied = if copied.len() - start > INLINE_BYTES { 1 << 64 } else { 0 };
    view(copied, start, copied.len()) | in_copied
}

/// A column in the making.
#[derive(Debug, Default)]
pub(crate) struct Cells {
    pub(crate) views: Vec<u128>,
    /// Rows that are NULL.
    pub(crate) null_rows: Vec<usize>,
    /// Texts that could not stay where they are. Buffer 1 of the array.
    pub(crate) copied: Vec<u8>,
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
        self.views.push(view_of_copied(&self.copied, start));
        Ok(())
    }

    /// The column; `block` holds the bytes that views were taken of.
    pub(crate) fn finish(self, text: TextType, block: &Arc<[Buffer]>) -> Result<ArrayRef, TabularError> {
        let (views, buffers, nulls) = self.into_parts(block);
        match text {
            TextType::Utf8View => StringViewArray::try_new(views, buffers, nulls)
                .map(|array| Arc::new(array) as ArrayRef)
                .map_err(|error| TabularError::Shape { problem: error.to_string() }),
            TextType::BinaryView => Ok(Arc::new(binary_array(views, buffers, nulls))),
        }
    }

    /// As [`Self::finish`] for a block that is valid UTF-8 as a whole, and was cut before and after bytes of ASCII alone:
    /// its cells need no second look.
    pub(crate) fn finish_cut_at_ascii(self, text: TextType, block: &Arc<[Buffer]>) -> ArrayRef {
        let (views, buffers, nulls) = self.into_parts(block);
        match text {
            TextType::Utf8View => Arc::new(string_array(views, buffers, nulls)),
            TextType::BinaryView => Arc::new(binary_array(views, buffers, nulls)),
        }
    }

    fn into_parts(mut self, block: &Arc<[Buffer]>) -> (ScalarBuffer<u128>, Arc<[Buffer]>, Option<NullBuffer>) {
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
        (ScalarBuffer::from(self.views), buffers, nulls)
    }
}

/// A column of which only NULL or not is known: true wherever it is not NULL.
pub(crate) fn presence_array(present: BooleanBuffer) -> ArrayRef {
    let rows = present.len();
    let nulls = Some(NullBuffer::new(present)).filter(|nulls| nulls.null_count() > 0);
    Arc::new(BooleanArray::new(BooleanBuffer::new_set(rows), nulls))
}

/// The array of views that [`view`] made.
#[expect(unsafe_code, reason = "measured: looking at every view once more is a twentieth of judging a CSV file")]
fn binary_array(views: ScalarBuffer<u128>, buffers: Arc<[Buffer]>, nulls: Option<NullBuffer>) -> BinaryViewArray {
    debug_assert!(BinaryViewArray::try_new(views.clone(), Arc::clone(&buffers), nulls.clone()).is_ok());
    // SAFETY: each view is 0 or what `view` made of a range of buffer 0, or of buffer 1 in `view_of_copied`: its length and
    // offset lie within that buffer, a long one repeats the first four bytes, a short one is padded with zeros. `finish` gives
    // as many validity bits as views. Builds with debug assertions, which all tests are, check it.
    unsafe { BinaryViewArray::new_unchecked(views, buffers, nulls) }
}

/// The same for text: views of valid UTF-8, each cut where a character begins and ends.
#[expect(
    unsafe_code,
    reason = "measured: looking at the bytes of every cell again was 15 % of reading, changing and writing a CSV file"
)]
pub(crate) fn string_array(
    views: ScalarBuffer<u128>,
    buffers: Arc<[Buffer]>,
    nulls: Option<NullBuffer>,
) -> StringViewArray {
    debug_assert!(StringViewArray::try_new(views.clone(), Arc::clone(&buffers), nulls.clone()).is_ok());
    // SAFETY: as for `binary_array`. `Texts::finish` looks at each cut in a `String`; a CSV block is checked to be UTF-8
    // before it is cut, and only at delimiters, quotes and line breaks, which are ASCII (`CsvOptions::check`) and thus never
    // part of another character. Builds with debug assertions, which all tests are, check it.
    unsafe { StringViewArray::new_unchecked(views, buffers, nulls) }
}
