//! Measures a table while it is written.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use arrow_schema::Schema;

use crate::column::Column;
use crate::state::TableState;

/// Measures what is published of one object, block by block, in some kilobytes a column.
#[derive(Debug, Clone)]
pub struct Gauge {
    ranges_are_told: bool,
    rows: u64,
    columns: Vec<(String, Column)>,
}

impl Gauge {
    /// A gauge that keeps the least and the greatest values, or does not.
    pub const fn new(ranges_are_told: bool) -> Self {
        Self { ranges_are_told, rows: 0, columns: Vec::new() }
    }

    /// Takes in rows of the table. All batches have the same columns.
    pub fn add(&mut self, batch: &RecordBatch) {
        self.begin(batch.schema_ref());
        self.rows = self.rows.saturating_add(u64::try_from(batch.num_rows()).unwrap_or(u64::MAX));
        for ((_, column), array) in self.columns.iter_mut().zip(batch.columns()) {
            column.add(array);
        }
    }

    /// What was measured of a table with these columns, which may have no rows.
    pub fn finish(mut self, schema: &Schema) -> TableState {
        self.begin(schema);
        let mut columns = BTreeMap::new();
        for (name, column) in self.columns {
            // A catalog knows names in small letters only: of two that are then the same, nothing can be said.
            columns.entry(name).and_modify(|first: &mut Column| *first = Column::untold(first.nulls)).or_insert(column);
        }
        TableState { rows: self.rows, columns }
    }

    fn begin(&mut self, schema: &Schema) {
        if self.columns.is_empty() {
            let told = self.ranges_are_told;
            let column =
                |field: &arrow_schema::FieldRef| (field.name().to_lowercase(), Column::new(field.data_type(), told));
            self.columns = schema.fields().iter().map(column).collect();
        }
    }
}
