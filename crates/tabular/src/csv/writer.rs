//! Writes batches as CSV (RFC 4180, lines end with LF): a cell is quoted only when it must be.

use arrow_array::cast::AsArray as _;
use arrow_array::{Array, ArrayRef, RecordBatch, StringViewArray};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, Schema};

use crate::csv::formula::is_formula;
use crate::csv::plain::Plain;
use crate::display::{Display, text};
use crate::error::TabularError;
use crate::options::CsvOptions;
use crate::views::INLINE_BYTES;

/// Turns rows into lines.
#[derive(Debug)]
pub(crate) struct CsvWriter {
    options: CsvOptions,
    null_text: String,
    neutralise_formulas: bool,
    plain: Plain,
}

/// One column of a batch.
enum Column<'a> {
    Views(Views<'a>),
    Text(&'a dyn Array),
    Displayed(&'a dyn Array, Display<'a>),
}

/// A column of views, whose parts are at hand for each cell.
struct Views<'a> {
    array: &'a StringViewArray,
    raw: &'a [u128],
    nulls: Option<&'a NullBuffer>,
}

impl CsvWriter {
    pub(crate) fn new(options: CsvOptions, neutralise_formulas: bool) -> Result<Self, TabularError> {
        options.check()?;
        let null_text = options.null_text.first().cloned().unwrap_or_default();
        let plain = Plain::new(&options, neutralise_formulas);
        Ok(Self { options, null_text, neutralise_formulas, plain })
    }

    /// Appends the header, if one is wanted.
    pub(crate) fn header(&self, schema: &Schema, out: &mut Vec<u8>) -> Result<(), TabularError> {
        if !self.options.header || schema.fields().is_empty() {
            return Ok(());
        }
        for (i, field) in schema.fields().iter().enumerate() {
            self.delimit(i, out);
            self.text(field.name(), out)?;
        }
        out.push(b'\n');
        Ok(())
    }

    /// Appends the rows of a batch.
    pub(crate) fn write(&self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), TabularError> {
        if batch.num_columns() == 0 {
            return Ok(());
        }
        let columns = batch.columns().iter().map(column).collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            for (i, column) in columns.iter().enumerate() {
                self.delimit(i, out);
                match column {
                    Column::Views(views) => self.view(views, row, out)?,
                    Column::Text(array) | Column::Displayed(array, _) if array.is_null(row) => {
                        out.extend_from_slice(self.null_text.as_bytes());
                    }
                    Column::Text(array) => self.text(text(*array, row), out)?,
                    Column::Displayed(_, display) => match display.text(row) {
                        Some(text) => self.cell(&text, out)?,
                        None => out.extend_from_slice(self.null_text.as_bytes()),
                    },
                }
            }
            out.push(b'\n');
        }
        Ok(())
    }

    fn delimit(&self, column: usize, out: &mut Vec<u8>) {
        if column > 0 {
            out.push(self.options.delimiter);
        }
    }

    #[inline]
    fn view(&self, column: &Views<'_>, row: usize, out: &mut Vec<u8>) -> Result<(), TabularError> {
        if column.nulls.is_some_and(|nulls| nulls.is_null(row)) {
            out.extend_from_slice(self.null_text.as_bytes());
            return Ok(());
        }
        let view = column.raw.get(row).copied().unwrap_or_default();
        // A view begins with the length, in 32 bits.
        let length = usize::try_from(view & u128::from(u32::MAX)).unwrap_or(usize::MAX);
        let is_written = if length <= INLINE_BYTES {
            self.plain.push_inline(view, length, out)
        } else {
            self.plain.push(column.array.value(row).as_bytes(), out)
        };
        if is_written { Ok(()) } else { self.text(column.array.value(row), out) }
    }

    /// A cell whose text came from the input, and that a spreadsheet may take for a formula.
    fn text(&self, text: &str, out: &mut Vec<u8>) -> Result<(), TabularError> {
        if self.neutralise_formulas && is_formula(text) {
            return self.cell(&format!("'{text}"), out);
        }
        self.cell(text, out)
    }

    fn cell(&self, text: &str, out: &mut Vec<u8>) -> Result<(), TabularError> {
        if !self.must_quote(text) {
            out.extend_from_slice(text.as_bytes());
            return Ok(());
        }
        let Some(quote) = self.options.quote else {
            return Err(TabularError::Shape {
                problem: "a cell holds the delimiter, a line break or the text for null, and quoting is off".to_owned(),
            });
        };
        out.push(quote);
        let mut rest = text.as_bytes();
        while let Some(at) = memchr::memchr(quote, rest) {
            let (before, after) = rest.split_at(at + 1);
            out.extend_from_slice(before);
            out.push(quote);
            rest = after;
        }
        out.extend_from_slice(rest);
        out.push(quote);
        Ok(())
    }

    fn must_quote(&self, text: &str) -> bool {
        self.plain.has_special(text.as_bytes())
            || self.options.null_text.iter().any(|null| null == text)
            // At the start of a file it would be taken for a byte order mark.
            || text.starts_with('\u{feff}')
            // An empty line is skipped.
            || text.is_empty()
    }
}

fn column(array: &ArrayRef) -> Result<Column<'_>, TabularError> {
    Ok(match array.data_type() {
        DataType::Utf8View => {
            let array = array.as_string_view();
            Column::Views(Views { array, raw: array.views(), nulls: array.nulls() })
        }
        DataType::Utf8 | DataType::LargeUtf8 => Column::Text(array.as_ref()),
        _ => Column::Displayed(array.as_ref(), Display::new(array.as_ref())?),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::StringArray;
    use proptest::prelude::*;

    use super::*;

    fn written(column: ArrayRef, options: &CsvOptions, neutralise_formulas: bool) -> String {
        let batch = RecordBatch::try_from_iter([("a", Arc::clone(&column)), ("b", column)]).unwrap();
        let mut out = Vec::new();
        CsvWriter::new(options.clone(), neutralise_formulas).unwrap().write(&batch, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    proptest! {
        /// Views take the way of plain cells, offsets do not.
        #[test]
        fn plain_cells_are_written_as_others_are(
            texts in prop::collection::vec(prop::option::weighted(0.9, "[a-cé ]{0,17}[a-e,;\"\n\r\t=+@0-9＝\u{feff}-]{0,2}[a-cN ]{0,30}"), 0..12),
            starts in prop::collection::vec("[\"=+@＝\u{feff}\0N-]?", 12),
            delimiter in prop::sample::select(vec![b',', b';', b'\t']),
            neutralise_formulas: bool,
        ) {
            let texts: Vec<Option<String>> =
                texts.iter().zip(starts).map(|(text, start)| text.as_ref().map(|text| start + text)).collect();
            let null_text = vec![String::new(), "N".to_owned(), "Na".to_owned()];
            let options = CsvOptions { delimiter, null_text, ..CsvOptions::default() };
            let views: StringViewArray = texts.iter().map(Option::as_deref).collect();
            let offsets: StringArray = texts.iter().map(Option::as_deref).collect();
            prop_assert_eq!(
                written(Arc::new(views), &options, neutralise_formulas),
                written(Arc::new(offsets), &options, neutralise_formulas)
            );
        }
    }
}
