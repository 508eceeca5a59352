//! Struct columns as flat ones with dotted paths, and back.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch, StructArray};
use arrow_schema::{DataType, Field, FieldRef, Fields, Schema};
use arrow_select::nullif::nullif;

use crate::block::batch_of;
use crate::error::TabularError;
use crate::rewrite::Change;

/// A column that is no struct.
#[derive(Debug, Clone)]
pub(crate) struct Leaf {
    /// Names from the outermost struct, joined by dots.
    pub(crate) path: String,
    /// Position in the table, then in each struct.
    pub(crate) steps: Vec<usize>,
    pub(crate) field: FieldRef,
    /// The Parquet columns below it: one, unless it is a list or map.
    pub(crate) columns: std::ops::Range<usize>,
}

/// All leaves of a schema, in order.
pub(crate) fn leaves(fields: &Fields) -> Vec<Leaf> {
    let mut found = Vec::new();
    collect(fields, "", &[], false, &mut 0, &mut found);
    found
}

fn collect(fields: &Fields, prefix: &str, steps: &[usize], optional: bool, column: &mut usize, found: &mut Vec<Leaf>) {
    for (i, field) in fields.iter().enumerate() {
        let path = format!("{prefix}{}", field.name());
        let steps: Vec<usize> = steps.iter().copied().chain([i]).collect();
        let optional = optional || field.is_nullable();
        if let DataType::Struct(members) = field.data_type() {
            collect(members, &format!("{path}."), &steps, optional, column, found);
            continue;
        }
        let first = *column;
        *column += width(field.data_type());
        let flat = field.as_ref().clone().with_name(path.clone()).with_nullable(optional);
        found.push(Leaf { path, steps, field: Arc::new(flat), columns: first..*column });
    }
}

/// Parquet columns below a type.
fn width(data_type: &DataType) -> usize {
    match data_type {
        DataType::Struct(fields) => fields.iter().map(|field| width(field.data_type())).sum(),
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::ListView(field)
        | DataType::LargeListView(field)
        | DataType::FixedSizeList(field, _)
        | DataType::Map(field, _) => width(field.data_type()),
        _ => 1,
    }
}

/// The column at `steps`: NULL where a struct around it is NULL.
pub(crate) fn leaf_array(batch: &RecordBatch, steps: &[usize]) -> Result<ArrayRef, TabularError> {
    let mismatch = || TabularError::Shape { problem: "a column is not where the schema has it".to_owned() };
    let (first, inner) = steps.split_first().ok_or_else(mismatch)?;
    let mut array = batch.columns().get(*first).cloned().ok_or_else(mismatch)?;
    for step in inner {
        let parent = array.as_struct_opt().ok_or_else(mismatch)?;
        let child = parent.columns().get(*step).cloned().ok_or_else(mismatch)?;
        array = match parent.nulls() {
            Some(nulls) if nulls.null_count() > 0 => {
                let missing = BooleanArray::new(!nulls.inner(), None);
                nullif(&child, &missing).map_err(|error| TabularError::Shape { problem: error.to_string() })?
            }
            _ => child,
        };
    }
    Ok(array)
}

/// The schema with the changes made.
pub(crate) fn changed_schema(schema: &Schema, changes: &[(String, Change)]) -> Schema {
    Schema::new_with_metadata(changed_fields(schema.fields(), "", changes), schema.metadata().clone())
}

fn changed_fields(fields: &Fields, prefix: &str, changes: &[(String, Change)]) -> Fields {
    let changed = fields.iter().filter_map(|field| {
        let path = format!("{prefix}{}", field.name());
        if let DataType::Struct(members) = field.data_type() {
            let members = changed_fields(members, &format!("{path}."), changes);
            // A struct without members cannot be written.
            let kept = field.as_ref().clone().with_data_type(DataType::Struct(members.clone()));
            return (!members.is_empty()).then(|| Arc::new(kept));
        }
        match changes.iter().find(|(name, _)| *name == path).map(|(_, change)| change) {
            None => Some(Arc::clone(field)),
            Some(Change::Replace(data_type) | Change::ReplaceChanged(data_type)) => {
                Some(Arc::new(Field::new(field.name(), data_type.clone(), true)))
            }
            Some(Change::Remove) => None,
        }
    });
    changed.collect()
}

/// The batch with the changes made. `values`: one array for each replaced path.
pub(crate) fn changed(
    batch: &RecordBatch,
    changes: &[(String, Change)],
    values: &[ArrayRef],
) -> Result<RecordBatch, TabularError> {
    let replaced = changes.iter().filter(|(_, change)| *change != Change::Remove).map(|(path, _)| path.as_str());
    let replaced: Vec<(&str, &ArrayRef)> = replaced.zip(values).collect();
    let edit = Edit { changes, replaced };
    let schema = Arc::new(changed_schema(batch.schema_ref(), changes));
    let columns = edit.columns(batch.schema_ref().fields(), batch.columns(), "")?;
    batch_of(&schema, columns, batch.num_rows())
}

struct Edit<'a> {
    changes: &'a [(String, Change)],
    replaced: Vec<(&'a str, &'a ArrayRef)>,
}

impl Edit<'_> {
    fn columns(&self, fields: &Fields, columns: &[ArrayRef], prefix: &str) -> Result<Vec<ArrayRef>, TabularError> {
        let mut kept: Vec<ArrayRef> = Vec::with_capacity(columns.len());
        for (field, column) in fields.iter().zip(columns) {
            let path = format!("{prefix}{}", field.name());
            if let DataType::Struct(members) = field.data_type() {
                let prefix = format!("{path}.");
                let fields = changed_fields(members, &prefix, self.changes);
                if fields.is_empty() {
                    continue;
                }
                let parent = column.as_struct();
                let inner = self.columns(members, parent.columns(), &prefix)?;
                let array = StructArray::try_new(fields, inner, parent.nulls().cloned());
                kept.push(Arc::new(array.map_err(|error| TabularError::Shape { problem: error.to_string() })?));
                continue;
            }
            let replaced = self.replaced.iter().find(|(name, _)| *name == path).map(|(_, values)| Arc::clone(values));
            match replaced {
                Some(values) => kept.push(values),
                None if self.changes.iter().any(|(name, _)| *name == path) => {}
                None => kept.push(Arc::clone(column)),
            }
        }
        Ok(kept)
    }
}
