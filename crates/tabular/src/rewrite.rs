//! Writes a table again with some columns replaced or removed and everything else as it was.

use std::fmt;
use std::io::Write;
use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use arrow_select::filter::filter_record_batch;

use crate::block::{Block, Origin, batch_of};
use crate::error::TabularError;
use crate::json::{LineEditor, LineSelector};
use crate::options::Format;
use crate::parquet::nested;
use crate::path::ColumnPath;
use crate::reader::Reader;
use crate::writer::{Lines, WriteOptions, Writer};

/// What becomes of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Other values, of this type. JSON Lines writes text as strings and numbers as numbers.
    Replace(DataType),
    /// As [`Self::Replace`], but JSON Lines keeps the spelling of a value whose text is what it was: a number stays a number.
    ReplaceChanged(DataType),
    /// The column is gone.
    Remove,
}

/// Writes the blocks of a [`Reader`] opened with [`crate::ReadOptions::rewritable`].
///
/// JSON Lines to JSON Lines keeps every byte of a line that is not part of a changed member: key order, spacing, number
/// spelling. Parquet to Parquet keeps nesting and types. Other pairs write the flat columns of the blocks.
pub struct Rewriter<W: Write + Send> {
    inner: Inner<W>,
    changes: Vec<(String, Change)>,
}

enum Inner<W: Write + Send> {
    Lines(LineEditor, Lines<W>),
    Selected(Box<LineSelector>, Lines<W>),
    Flat(Writer<W>, SchemaRef),
    Nested(Writer<W>),
}

impl<W: Write + Send> fmt::Debug for Rewriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rewriter").field("changes", &self.changes).finish_non_exhaustive()
    }
}

impl<W: Write + Send> Rewriter<W> {
    /// Starts a copy of the table that `reader` reads. Paths of a JSON Lines file must have been asked for, with
    /// [`Reader::project`] or [`Reader::require`].
    ///
    /// # Errors
    /// [`TabularError::UnknownColumn`], unusable options, or a failing sink.
    pub fn new(
        sink: W,
        options: &WriteOptions,
        reader: &Reader,
        changes: &[(ColumnPath, Change)],
    ) -> Result<Self, TabularError> {
        let schema = reader.schema();
        for (path, _) in changes {
            if schema.index_of(path.as_str()).is_err() {
                let columns = schema.fields().len();
                return Err(TabularError::UnknownColumn { path: path.as_str().to_owned(), columns });
            }
        }
        let changes: Vec<_> = changes.iter().map(|(path, change)| (path.as_str().to_owned(), change.clone())).collect();
        let inner = match (&options.format, reader.is_json_lines(), reader.nested_schema()) {
            (Format::JsonLines, true, _) => {
                Inner::Lines(LineEditor::new(&changes), Lines::new(sink, options.compression)?)
            }
            (Format::Parquet, _, Some(nested)) => {
                let schema = Arc::new(nested::changed_schema(nested, &changes));
                Inner::Nested(Writer::new(sink, options, schema)?)
            }
            _ => {
                let changed = changed_schema(&schema, &changes);
                Inner::Flat(Writer::new(sink, options, Arc::clone(&changed))?, changed)
            }
        };
        Ok(Self { inner, changes })
    }

    /// Starts a JSON Lines table that holds only these paths of the JSON Lines table that `reader` reads, in their order:
    /// with new values of a type, or as they are. Whatever else a line holds is left out with its key. Dots in a path
    /// become nesting, and a row that lacks a path lacks it in the output too. A list keeps its length: an element that
    /// lacks every path is an empty object if it was an object, else null.
    ///
    /// # Errors
    /// [`TabularError::Option`] when either side is not JSON Lines, [`TabularError::UnknownColumn`] for a path that was
    /// not asked for, a path into a list that lies within another path, or a failing sink.
    pub fn select(
        sink: W,
        options: &WriteOptions,
        reader: &Reader,
        columns: &[(ColumnPath, Option<DataType>)],
    ) -> Result<Self, TabularError> {
        if !reader.is_json_lines() || options.format != Format::JsonLines {
            return Err(TabularError::Option {
                option: "format",
                problem: "paths are selected between JSON Lines only",
            });
        }
        let schema = reader.schema();
        if let Some((path, _)) = columns.iter().find(|(path, _)| schema.index_of(path.as_str()).is_err()) {
            let columns = schema.fields().len();
            return Err(TabularError::UnknownColumn { path: path.as_str().to_owned(), columns });
        }
        let selector = LineSelector::new(columns.iter().map(|(path, values)| (path.as_str(), values.is_some())))?;
        let selector = Box::new(selector);
        let replaced = columns
            .iter()
            .filter_map(|(path, values)| Some((path.as_str().to_owned(), Change::Replace(values.clone()?))));
        let changes = replaced.collect();
        Ok(Self { inner: Inner::Selected(selector, Lines::new(sink, options.compression)?), changes })
    }

    /// Writes the rows of a block. `values`: one array for each [`Change::Replace`], in their order, each with a value
    /// for every row of the block. `keep`: the rows that are written; all without it.
    ///
    /// # Errors
    /// [`TabularError::Shape`] if the arrays do not fit, or the block was not read for rewriting; or the sink fails.
    pub fn write(
        &mut self,
        block: &Block,
        values: &[ArrayRef],
        keep: Option<&BooleanArray>,
    ) -> Result<(), TabularError> {
        self.check(block, values, keep)?;
        match &mut self.inner {
            Inner::Lines(editor, lines) => {
                let Origin::Lines(source) = &block.origin else { return Err(not_rewritable()) };
                lines.write(|out| editor.write(source, &block.batch, values, keep, out))
            }
            Inner::Selected(selector, lines) => {
                let Origin::Lines(source) = &block.origin else { return Err(not_rewritable()) };
                lines.write(|out| selector.write(source, block.rows(), values, keep, out))
            }
            Inner::Nested(writer) => {
                let Origin::Nested(batch) = &block.origin else { return Err(not_rewritable()) };
                let batch = nested::changed(batch, &self.changes, values)?;
                writer.write(&kept(batch, keep)?)
            }
            Inner::Flat(writer, schema) => {
                let batch = changed(&block.batch, schema, &self.changes, values)?;
                writer.write(&kept(batch, keep)?)
            }
        }
    }

    fn check(&self, block: &Block, values: &[ArrayRef], keep: Option<&BooleanArray>) -> Result<(), TabularError> {
        let mut types = self.changes.iter().filter_map(|(_, change)| match change {
            Change::Replace(data_type) | Change::ReplaceChanged(data_type) => Some(data_type),
            Change::Remove => None,
        });
        let rows = block.rows();
        let fits = values.iter().all(|array| array.len() == rows && types.next() == Some(array.data_type()));
        if !fits || types.next().is_some() || keep.is_some_and(|keep| keep.len() != rows) {
            return Err(TabularError::Shape {
                problem: "each replaced column needs one array of its declared type with a value for every row"
                    .to_owned(),
            });
        }
        Ok(())
    }

    /// Writes what is still held back and gives the sink back.
    ///
    /// # Errors
    /// The sink fails.
    pub fn finish(self) -> Result<W, TabularError> {
        match self.inner {
            Inner::Lines(_, lines) | Inner::Selected(_, lines) => lines.finish(),
            Inner::Flat(writer, _) | Inner::Nested(writer) => writer.finish(),
        }
    }
}

fn not_rewritable() -> TabularError {
    TabularError::Shape { problem: "the block was read without ReadOptions::rewritable".to_owned() }
}

fn kept(batch: RecordBatch, keep: Option<&BooleanArray>) -> Result<RecordBatch, TabularError> {
    match keep {
        None => Ok(batch),
        Some(keep) => {
            filter_record_batch(&batch, keep).map_err(|error| TabularError::Shape { problem: error.to_string() })
        }
    }
}

fn changed_schema(schema: &Schema, changes: &[(String, Change)]) -> SchemaRef {
    let fields = schema.fields().iter().filter_map(|field| {
        match changes.iter().find(|(path, _)| path == field.name()).map(|(_, change)| change) {
            None => Some(Arc::clone(field)),
            Some(Change::Replace(data_type) | Change::ReplaceChanged(data_type)) => {
                Some(Arc::new(Field::new(field.name(), data_type.clone(), true)))
            }
            Some(Change::Remove) => None,
        }
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn changed(
    batch: &RecordBatch,
    schema: &SchemaRef,
    changes: &[(String, Change)],
    values: &[ArrayRef],
) -> Result<RecordBatch, TabularError> {
    let replaced = changes.iter().filter(|(_, change)| *change != Change::Remove).map(|(path, _)| path).zip(values);
    let replaced: Vec<(&String, &ArrayRef)> = replaced.collect();
    let columns = schema.fields().iter().map(|field| {
        let value = replaced.iter().find(|(path, _)| *path == field.name()).map(|(_, values)| Arc::clone(values));
        value
            .or_else(|| batch.column_by_name(field.name()).cloned())
            .ok_or_else(|| TabularError::Shape { problem: "a column of the table is missing".to_owned() })
    });
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    // Columns that came up later would be lost without a word.
    let known = schema.fields().len() + changes.iter().filter(|(_, change)| *change == Change::Remove).count();
    if batch.num_columns() > known {
        return Err(TabularError::Shape {
            problem: "it has columns that the table does not have; project them, or write JSON Lines".to_owned(),
        });
    }
    batch_of(schema, columns, batch.num_rows())
}
