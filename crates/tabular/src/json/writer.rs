//! Writes batches as JSON Lines.

use arrow_array::RecordBatch;
use arrow_schema::Schema;

use crate::error::TabularError;
use crate::json::string::write_string;
use crate::json::value::writers;

/// Levels of nesting that are written.
const NESTING: usize = 64;

/// Turns rows into lines. Columns are members in the order of the schema, under the columns' names as they are.
#[derive(Debug)]
pub(crate) struct JsonLinesWriter {
    /// `"name":` of each column.
    keys: Vec<Vec<u8>>,
}

impl JsonLinesWriter {
    pub(crate) fn new(schema: &Schema) -> Self {
        let key = |name: &str| {
            let mut key = Vec::new();
            write_string(name, &mut key);
            key.push(b':');
            key
        };
        Self { keys: schema.fields().iter().map(|field| key(field.name())).collect() }
    }

    /// Appends the rows of a batch.
    pub(crate) fn write(&self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), TabularError> {
        let values = writers(batch.columns(), NESTING)?;
        for row in 0..batch.num_rows() {
            out.push(b'{');
            for (i, (key, values)) in self.keys.iter().zip(&values).enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                out.extend_from_slice(key);
                values.write(row, out);
            }
            out.extend_from_slice(b"}\n");
        }
        Ok(())
    }
}
