//! The rows that fail, each with the rules it fails.

use std::sync::Arc;

use arrow_array::builder::StringViewBuilder;
use arrow_array::{ArrayRef, RecordBatch, UInt64Array};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use arrow_select::take::take_record_batch;

use crate::outcome::RowMark;
use crate::report::Report;
use crate::value::count;

/// The column that numbers rows from 0, a header not counted.
pub const ROW_NUMBER: &str = "DataQualityRowNumber";
/// The column that lists the rules a row fails, as AWS Glue names it; here they are one text, parted by `; `.
pub const RULES_FAILED: &str = "DataQualityRulesFail";

/// The columns of failing rows of a table of `schema`: the row's number and its rules come first.
pub fn failing_rows_schema(schema: &Schema) -> SchemaRef {
    let added = [Field::new(ROW_NUMBER, DataType::UInt64, false), Field::new(RULES_FAILED, DataType::Utf8View, false)];
    let own = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true));
    Arc::new(Schema::new(added.into_iter().chain(own).collect::<Vec<_>>()))
}

/// The rows of `batch` that fail some rule of `report`, which was made with row results; `None` when all of them pass.
/// `first_row` is the number of the batch's first row.
///
/// # Errors
/// The batch is not of the schema that `schema` was made of.
pub fn failing_rows(
    report: &Report,
    batch: &RecordBatch,
    first_row: u64,
    schema: &SchemaRef,
) -> Result<Option<RecordBatch>, ArrowError> {
    let Some(results) = &report.row_results else { return Ok(None) };
    let passing = results.passing_rows();
    let first = usize::try_from(first_row).unwrap_or(usize::MAX);
    let fails = |row: &usize| first.checked_add(*row).is_some_and(|row| row < passing.len() && !passing.value(row));
    let failing: Vec<usize> = (0..batch.num_rows()).filter(fails).collect();
    if failing.is_empty() {
        return Ok(None);
    }
    let mut rules = StringViewBuilder::with_capacity(failing.len());
    for row in &failing {
        let failed = |rule: &usize| results.mark(*rule, first + row) == RowMark::Failed;
        let texts: Vec<&str> =
            (0..report.rules.len()).filter(failed).filter_map(|rule| Some(&*report.rules.get(rule)?.rule)).collect();
        rules.append_value(texts.join("; "));
    }
    let indices = UInt64Array::from_iter_values(failing.iter().map(|row| count(*row)));
    let numbers: ArrayRef = Arc::new(UInt64Array::from_iter_values(failing.iter().map(|row| first_row + count(*row))));
    let mut columns: Vec<ArrayRef> = vec![numbers, Arc::new(rules.finish())];
    columns.extend(take_record_batch(batch, &indices)?.columns().iter().map(Arc::clone));
    RecordBatch::try_new(Arc::clone(schema), columns).map(Some)
}
