//! A table whose rows lie in several files, as a data catalog describes it: named columns, and columns whose values the
//! file's partition gives.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_array::builder::StringViewBuilder;
use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use sluice_tabular::{Format, TabularError};

use crate::stored_table::{Batches, StoredTable, Table};

/// How a catalog finds its columns in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnMatching {
    /// The first is the first: CSV. Whether each file has a line of names.
    Position {
        /// Whether there is one.
        header: bool,
    },
    /// By name, in any case of letters: JSON Lines and Parquet.
    Name,
}

impl ColumnMatching {
    /// As Hive and Athena find the columns of files of a format.
    pub const fn of(format: &Format) -> Self {
        match format {
            Format::Csv(csv) => Self::Position { header: csv.header },
            Format::JsonLines | Format::Parquet => Self::Name,
        }
    }
}

/// What a catalog says of a table's columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogColumns {
    /// Names of the columns in the files.
    pub columns: Vec<String>,
    /// Names of the columns that partitions give.
    pub partition_columns: Vec<String>,
    /// How the former are found.
    pub matching: ColumnMatching,
}

/// A file, and what its partition says of all its rows.
#[derive(Debug)]
pub struct Part {
    /// The file.
    pub table: StoredTable,
    /// The values of the partition columns; `None` is NULL.
    pub values: Vec<Option<String>>,
}

/// A file does not fit the catalog or the other files.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("object {} of the table, in the order of keys, {problem}", .part + 1)]
pub struct PartError {
    /// Which, counted from 0.
    pub part: usize,
    /// What does not fit, and what to do.
    pub problem: String,
}

/// A table in files.
#[derive(Debug)]
pub struct PartedTable {
    schema: SchemaRef,
    parts: Vec<Arc<Placed>>,
}

/// A file, and the columns of the table that it has: their names in the table and in the file.
#[derive(Debug)]
struct Placed {
    table: StoredTable,
    columns: Vec<(String, String)>,
    values: Vec<(String, Option<String>)>,
}

/// Where a column of a batch comes from.
enum Origin {
    File(usize),
    Partition(Option<String>),
    Nowhere(DataType),
}

impl PartedTable {
    /// Puts the files of a table together. A file found by name that lacks a column has NULLs there, as everywhere where
    /// columns were added to a table later.
    ///
    /// # Errors
    /// The first file whose columns are not the catalog's or have another type than in the files before it.
    pub fn new(catalog: &CatalogColumns, parts: Vec<Part>) -> Result<Self, PartError> {
        let mut fields: Vec<Field> = Vec::new();
        let mut placed = Vec::with_capacity(parts.len());
        for (part, Part { table, values }) in parts.into_iter().enumerate() {
            let refused = |problem| PartError { part, problem };
            let columns = catalog.find(&table.schema()).map_err(refused)?;
            for (name, in_file) in &columns {
                take_type(&mut fields, name, &table.schema(), in_file).map_err(refused)?;
            }
            let values = catalog.partition_columns.iter().cloned().zip(values).collect();
            placed.push(Arc::new(Placed { table, columns, values }));
        }
        let text = |name: &String| Field::new(name, DataType::Utf8View, true);
        for name in &catalog.columns {
            if !fields.iter().any(|field| belongs(field, name)) {
                fields.push(text(name));
            }
        }
        let rank = |field: &Field| catalog.columns.iter().position(|name| belongs(field, name));
        fields.sort_by_key(rank);
        fields.extend(catalog.partition_columns.iter().map(text));
        Ok(Self { schema: Arc::new(Schema::new(fields)), parts: placed })
    }
}

impl CatalogColumns {
    /// The columns of a file: their names in the catalog and in the file.
    fn find(&self, file: &Schema) -> Result<Vec<(String, String)>, String> {
        match self.matching {
            ColumnMatching::Position { header } => self.by_position(file, header),
            ColumnMatching::Name => self.by_name(file),
        }
    }

    fn by_position(&self, file: &Schema, header: bool) -> Result<Vec<(String, String)>, String> {
        let (found, expected) = (file.fields().len(), self.columns.len());
        if found == 0 {
            return Ok(Vec::new()); // not even a line of names
        }
        if found != expected {
            return Err(format!("has {found} columns where the catalog has {expected}; bring the catalog up to date"));
        }
        let pairs = self.columns.iter().zip(file.fields());
        pairs
            .enumerate()
            .map(|(index, (name, field))| {
                let other = |other: &&String| *other != name && other.eq_ignore_ascii_case(field.name());
                if header && self.columns.iter().any(|one| other(&one)) {
                    let place = index + 1;
                    return Err(format!(
                        "names as column {place} what the catalog has elsewhere, which would mix up columns; bring \
                         both into one order"
                    ));
                }
                Ok((name.clone(), field.name().clone()))
            })
            .collect()
    }

    fn by_name(&self, file: &Schema) -> Result<Vec<(String, String)>, String> {
        let mut taken = BTreeSet::new();
        let mut found = Vec::new();
        for field in file.fields() {
            let in_file = field.name();
            let own = root(in_file);
            let Some(name) = self.columns.iter().find(|name| name.eq_ignore_ascii_case(own)) else { continue };
            let path = in_file.get(own.len()..).unwrap_or_default();
            if !taken.insert(format!("{name}{}", path.to_ascii_lowercase())) {
                return Err(format!("has the column `{name}` twice, in capital and small letters; rename one"));
            }
            found.push((format!("{name}{path}"), in_file.clone()));
        }
        Ok(found)
    }
}

/// The column that a path such as `a.b` or `a[*]` leads into.
fn root(path: &str) -> &str {
    path.split(['.', '[']).next().unwrap_or(path)
}

/// Whether a column is the catalog's of that name, or lies in it.
fn belongs(field: &Field, name: &str) -> bool {
    field.name() == name || root(field.name()) == name
}

fn take_type(fields: &mut Vec<Field>, name: &str, file: &Schema, in_file: &str) -> Result<(), String> {
    let Some((_, field)) = file.fields().find(in_file) else { return Ok(()) };
    match fields.iter().find(|known| known.name() == name) {
        None => fields.push(Field::new(name, field.data_type().clone(), true)),
        Some(known) if known.data_type() == field.data_type() => {}
        Some(known) => {
            return Err(format!(
                "has the column `{name}` as {}, those before it as {}; write all objects of the table alike",
                field.data_type(),
                known.data_type()
            ));
        }
    }
    Ok(())
}

impl Table for PartedTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Files are opened one after the other.
    fn scan(&self, columns: &[String]) -> Result<Batches, TabularError> {
        let indices: Result<Vec<usize>, _> = columns.iter().map(|name| self.schema.index_of(name)).collect();
        let wanted = indices.and_then(|indices| self.schema.project(&indices)).map_err(|error| shape(&error))?;
        let wanted = Arc::new(wanted);
        let batches = self.parts.clone().into_iter().flat_map(move |part| match part.scan(&wanted) {
            Ok(batches) => batches,
            Err(error) => Box::new(std::iter::once(Err(error))) as Batches,
        });
        Ok(Box::new(batches))
    }
}

impl Placed {
    fn scan(&self, wanted: &SchemaRef) -> Result<Batches, TabularError> {
        let mut asked = Vec::new();
        let origins: Vec<Origin> = wanted.fields().iter().map(|field| self.origin(field, &mut asked)).collect();
        let schema = Arc::clone(wanted);
        let batches = self.table.scan(&asked)?;
        Ok(Box::new(batches.map(move |batch| arrange(&batch?, &origins, &schema))))
    }

    /// Partitions come first: Hive takes their values even where files have a column of the same name.
    fn origin(&self, field: &Field, asked: &mut Vec<String>) -> Origin {
        if let Some((_, value)) = self.values.iter().find(|(name, _)| name == field.name()) {
            return Origin::Partition(value.clone());
        }
        match self.columns.iter().find(|(name, _)| name == field.name()) {
            Some((_, in_file)) => {
                asked.push(in_file.clone());
                Origin::File(asked.len() - 1)
            }
            None => Origin::Nowhere(field.data_type().clone()),
        }
    }
}

fn arrange(batch: &RecordBatch, origins: &[Origin], schema: &SchemaRef) -> Result<RecordBatch, TabularError> {
    let rows = batch.num_rows();
    let array = |origin: &Origin| match origin {
        Origin::File(index) => batch.columns().get(*index).map(Arc::clone),
        Origin::Partition(value) => Some(repeated(value.as_deref(), rows)),
        Origin::Nowhere(data_type) => Some(new_null_array(data_type, rows)),
    };
    let arrays = origins.iter().filter_map(array).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::clone(schema), arrays, &options).map_err(|error| shape(&error))
}

fn repeated(value: Option<&str>, rows: usize) -> ArrayRef {
    let mut builder = StringViewBuilder::with_capacity(rows).with_deduplicate_strings();
    for _row in 0..rows {
        builder.append_option(value);
    }
    Arc::new(builder.finish())
}

fn shape(error: &arrow_schema::ArrowError) -> TabularError {
    TabularError::Shape { problem: error.to_string() }
}

#[cfg(test)]
mod tests;
