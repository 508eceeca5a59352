//! The rows of the primary dataset that are among the rows a query returned.
//!
//! As in Deequ, rows are compared by the columns that the query selects, which must all be the primary dataset's. Two NULLs
//! are the same here: a row that the query returns as it is passes, whatever it holds.

use std::collections::HashSet;
use std::sync::Arc;

use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder};
use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::arrow::row::{RowConverter, SortField};
use xxhash_rust::xxh3::xxh3_128;

use crate::Table;
use crate::bridge::{self, Bridged};
use crate::fault::{Fault, Refused};

/// Memory of one key in the set: 16 bytes, a control byte, and room to grow.
const BYTES_OF_A_KEY: usize = 40;

/// The keys of the rows returned.
#[derive(Debug)]
pub(crate) struct Returned {
    columns: Vec<String>,
    schema: SchemaRef,
    converter: RowConverter,
    keys: HashSet<u128>,
    most_keys: usize,
}

impl Returned {
    /// For a query whose result has the schema `result`.
    pub(crate) fn new(result: &Schema, primary: &Bridged, memory_bytes: usize) -> Result<Self, Fault> {
        let mut columns = Vec::with_capacity(result.fields().len());
        let mut fields = Vec::with_capacity(result.fields().len());
        for field in result.fields() {
            let known = primary.schema.index_of(field.name()).ok();
            let known = known.and_then(|index| Some((primary.schema.fields().get(index)?, primary.names.get(index)?)));
            let Some((known, name)) = known else {
                let mut refused = Refused::missing(field.name());
                refused.message.push_str(
                    " in the primary dataset, whose columns a query without a condition selects; one that gives a number \
                     needs a condition",
                );
                return Err(refused.into());
            };
            fields.push(known.as_ref().clone());
            columns.push(name.clone());
        }
        let sort_fields = fields.iter().map(|field| SortField::new(field.data_type().clone())).collect();
        let converter = RowConverter::new(sort_fields).map_err(|_unsupported| {
            Refused::error("rows with a column of such a type cannot be compared; select others")
        })?;
        Ok(Self {
            columns,
            schema: Arc::new(Schema::new(fields)),
            converter,
            keys: HashSet::new(),
            most_keys: memory_bytes / BYTES_OF_A_KEY,
        })
    }

    /// Takes in rows that the query returned.
    pub(crate) fn add(&mut self, rows: &RecordBatch) -> Result<(), Fault> {
        let fields = self.schema.fields().iter();
        let columns = rows.columns().iter().zip(fields).map(|(column, field)| cast(column, field.data_type()));
        let columns = columns.collect::<Result<Vec<ArrayRef>, _>>().map_err(arrow)?;
        let rows = self.converter.convert_columns(&columns).map_err(arrow)?;
        self.keys.extend(rows.iter().map(|row| xxh3_128(row.as_ref())));
        if self.keys.len() > self.most_keys {
            return Err(Fault::Exhausted);
        }
        Ok(())
    }

    /// Reads the primary dataset once more, and marks its rows.
    pub(crate) fn mark(&self, primary: &dyn Table) -> Result<BooleanBuffer, Fault> {
        let external = |error| Fault::from(datafusion::common::DataFusionError::External(Box::new(error)));
        let mut marks = BooleanBufferBuilder::new(0);
        for batch in primary.scan(&self.columns).map_err(external)? {
            let batch = bridge::batch(&batch.map_err(external)?, &self.schema).map_err(arrow)?;
            let rows = self.converter.convert_columns(batch.columns()).map_err(arrow)?;
            for row in &rows {
                marks.append(self.keys.contains(&xxh3_128(row.as_ref())));
            }
        }
        Ok(marks.finish())
    }
}

fn arrow(error: datafusion::arrow::error::ArrowError) -> Fault {
    datafusion::common::DataFusionError::ArrowError(Box::new(error), None).into()
}
