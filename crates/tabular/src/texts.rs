//! A column of texts in the making.

use std::fmt;

use arrow_array::StringViewArray;
use arrow_buffer::{BooleanBufferBuilder, Buffer, NullBuffer};

use crate::error::TabularError;
use crate::views::{string_array, view};

/// Texts that are written one after the other into one buffer. Their views are made at the end, in one go.
#[derive(Default)]
pub struct Texts {
    text: String,
    /// Where each text ends. An end that 32 bits cannot hold shows in the length of `text`.
    ends: Vec<u32>,
    null_rows: Vec<usize>,
}

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Texts({} rows, {} bytes)", self.ends.len(), self.text.len())
    }
}

impl Texts {
    /// Room for so many texts, and for so many bytes of all of them.
    pub fn with_capacity(rows: usize, bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), ends: Vec::with_capacity(rows), null_rows: Vec::new() }
    }

    /// Appends a text.
    pub fn push(&mut self, text: &str) {
        self.push_with(|out| out.push_str(text));
    }

    /// Appends the text that `write` appends to those before it.
    pub fn push_with<T>(&mut self, write: impl FnOnce(&mut String) -> T) -> T {
        let written = write(&mut self.text);
        self.end();
        written
    }

    /// Appends NULL.
    pub fn push_null(&mut self) {
        self.null_rows.push(self.ends.len());
        self.end();
    }

    /// Makes the last text NULL instead, and forgets it.
    pub fn nullify_last(&mut self) {
        self.ends.pop();
        let end = self.ends.last().map_or(0, |end| *end as usize);
        if self.text.is_char_boundary(end) {
            self.text.truncate(end);
        }
        self.push_null();
    }

    fn end(&mut self) {
        self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
    }

    /// The column.
    ///
    /// # Errors
    /// [`TabularError::Shape`] when the texts have more bytes than Arrow can address, or a closure took away what was written
    /// before.
    pub fn finish(self) -> Result<StringViewArray, TabularError> {
        let rows = self.ends.len();
        let mut views = self.views()?;
        let nulls = (!self.null_rows.is_empty()).then(|| {
            let mut valid = BooleanBufferBuilder::new(rows);
            valid.append_n(rows, true);
            for row in &self.null_rows {
                valid.set_bit(*row, false);
                if let Some(view) = views.get_mut(*row) {
                    *view = 0;
                }
            }
            NullBuffer::new(valid.finish())
        });
        let buffers = [Buffer::from_vec(self.text.into_bytes())].into();
        Ok(string_array(views.into(), buffers, nulls))
    }

    fn views(&self) -> Result<Vec<u128>, TabularError> {
        let bytes = self.text.as_bytes();
        let mut begin = 0;
        let mut is_sound = u32::try_from(bytes.len()).is_ok();
        let views = self.ends.iter().map(|end| {
            let (from, to) = (begin, *end as usize);
            begin = to;
            // Neither overflow nor a cut character is possible unless a closure took back what was not its own.
            if from <= to && self.text.is_char_boundary(to) {
                return view(bytes, from, to);
            }
            is_sound = false;
            0
        });
        let views = views.collect();
        if is_sound {
            return Ok(views);
        }
        Err(TabularError::Shape { problem: "its texts are too large for one column; use smaller blocks".to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::Array as _;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_taken_back_is_an_error() {
        let mut texts = Texts::default();
        texts.push("héllo");
        texts.push_with(|out| out.truncate(1));
        assert!(matches!(texts.finish(), Err(TabularError::Shape { .. })));
        let mut texts = Texts::default();
        texts.push("he");
        texts.push_with(|out| {
            out.truncate(1);
            out.push('é');
        });
        assert!(matches!(texts.finish(), Err(TabularError::Shape { .. })));
    }

    #[test]
    fn a_text_can_become_null() {
        let mut texts = Texts::with_capacity(3, 0);
        texts.push("one");
        texts.push("a text that is longer than a view");
        texts.nullify_last();
        texts.push("two");
        let array = texts.finish().unwrap();
        assert_eq!(array.iter().collect::<Vec<_>>(), [Some("one"), None, Some("two")]);
        assert_eq!(array.data_buffers().first().map(arrow_buffer::Buffer::len), Some(6));
    }

    proptest! {
        #[test]
        fn texts_come_back(texts in prop::collection::vec(prop::option::of(".{0,30}"), 0..20)) {
            let mut made = Texts::default();
            for text in &texts {
                match text {
                    Some(text) => made.push(text),
                    None => made.push_null(),
                }
            }
            let array = made.finish().unwrap();
            prop_assert_eq!(array.len(), texts.len());
            prop_assert_eq!(array.iter().collect::<Vec<_>>(), texts.iter().map(Option::as_deref).collect::<Vec<_>>());
        }
    }
}
