//! Struct columns as flat ones with dotted paths, and back; lists too, where somebody wants what they hold: `items[*].email` has a
//! value for each element, as in JSON Lines.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray, LargeListArray, ListArray, RecordBatch, StructArray};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Fields, Schema};
use arrow_select::nullif::nullif;

use crate::block::batch_of;
use crate::error::TabularError;
use crate::path::ELEMENTS;
use crate::rewrite::Change;

/// Which lists are opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Opened {
    /// Those that these paths enter, each by the path that leads to it.
    Paths(Vec<String>),
    /// All.
    All,
}

impl Opened {
    fn opens(&self, path: &str) -> bool {
        match self {
            Self::Paths(paths) => paths.iter().any(|known| known == path),
            Self::All => true,
        }
    }
}

/// From a value to one that it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The column of a table, or the member of a struct, at this position.
    Member(usize),
    /// The elements of a list.
    Elements,
}

/// A column that is no struct, and no list that is opened.
#[derive(Debug, Clone)]
pub(crate) struct Leaf {
    /// Names from the outermost struct, joined by dots; `[*]` behind lists.
    pub(crate) path: String,
    /// From the table to its values.
    pub(crate) steps: Vec<Step>,
    /// Inside lists: a list of the values.
    pub(crate) field: FieldRef,
    /// The Parquet columns below it: one, unless it is a list or map.
    pub(crate) columns: std::ops::Range<usize>,
}

/// All leaves of a schema, in order.
pub(crate) fn leaves(fields: &Fields, opened: &Opened) -> Vec<Leaf> {
    let mut found = Found { opened, column: 0, leaves: Vec::new() };
    for (i, field) in fields.iter().enumerate() {
        found.collect(field, field.name().clone(), vec![Step::Member(i)], false);
    }
    found.leaves
}

struct Found<'a> {
    opened: &'a Opened,
    /// Parquet columns so far.
    column: usize,
    leaves: Vec<Leaf>,
}

impl Found<'_> {
    /// `optional`: something around it may be NULL.
    fn collect(&mut self, field: &Field, path: String, steps: Vec<Step>, optional: bool) {
        let optional = optional || field.is_nullable();
        let then = |step| steps.iter().copied().chain([step]).collect::<Vec<Step>>();
        match (field.data_type(), element_of(field.data_type())) {
            (DataType::Struct(members), _) => {
                for (i, member) in members.iter().enumerate() {
                    self.collect(member, format!("{path}.{}", member.name()), then(Step::Member(i)), optional);
                }
            }
            (_, Some(element)) if self.opened.opens(&path) => {
                self.collect(element, format!("{path}{ELEMENTS}"), then(Step::Elements), optional);
            }
            _ => {
                let first = self.column;
                self.column += width(field.data_type());
                let flat = if steps.contains(&Step::Elements) {
                    Field::new(&path, list_of(field.data_type().clone()), true)
                } else {
                    field.clone().with_name(&path).with_nullable(optional)
                };
                self.leaves.push(Leaf { path, steps, field: Arc::new(flat), columns: first..self.column });
            }
        }
    }
}

/// The type of a column inside lists, from that of its values.
fn list_of(values: DataType) -> DataType {
    DataType::List(Arc::new(Field::new_list_field(values, true)))
}

/// The elements of a list that can be opened.
fn element_of(data_type: &DataType) -> Option<&FieldRef> {
    match data_type {
        DataType::List(element) | DataType::LargeList(element) => Some(element),
        _ => None,
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

fn shape(error: &ArrowError) -> TabularError {
    TabularError::Shape { problem: error.to_string() }
}

fn misplaced() -> TabularError {
    TabularError::Shape { problem: "a column is not where the schema has it".to_owned() }
}

/// A list taken apart: where each of its lists ends in the values, which begin with the first one's.
struct Elements {
    ends: Vec<usize>,
    nulls: Option<NullBuffer>,
    values: ArrayRef,
}

impl Elements {
    fn of(array: &ArrayRef) -> Option<Self> {
        let (offsets, values): (Vec<usize>, _) = if let Some(list) = array.as_list_opt::<i32>() {
            (list.offsets().iter().map(|at| usize::try_from(*at).ok()).collect::<Option<_>>()?, list.values())
        } else {
            let list = array.as_list_opt::<i64>()?;
            (list.offsets().iter().map(|at| usize::try_from(*at).ok()).collect::<Option<_>>()?, list.values())
        };
        let (first, last) = (*offsets.first()?, *offsets.last()?);
        let ends = offsets.iter().skip(1).map(|at| at.saturating_sub(first)).collect();
        let values = values.slice(first, last.saturating_sub(first));
        Some(Self { ends, nulls: array.nulls().cloned(), values })
    }

    /// The list of this type that has other values in the places of these.
    fn with(self, data_type: &DataType, element: FieldRef, values: ArrayRef) -> Result<ArrayRef, TabularError> {
        let mut begin = 0;
        let lengths = self.ends.iter().map(|end| end.saturating_sub(std::mem::replace(&mut begin, *end)));
        let array: ArrayRef = if let DataType::LargeList(_) = data_type {
            let offsets = OffsetBuffer::<i64>::from_lengths(lengths);
            Arc::new(LargeListArray::try_new(element, offsets, values, self.nulls).map_err(|e| shape(&e))?)
        } else {
            // Large lists may hold more than a list can.
            if i32::try_from(values.len()).is_err() {
                let problem =
                    "a row group's lists hold more than 2,147,483,647 elements; write smaller row groups".to_owned();
                return Err(TabularError::Shape { problem });
            }
            let offsets = OffsetBuffer::<i32>::from_lengths(lengths);
            Arc::new(ListArray::try_new(element, offsets, values, self.nulls).map_err(|e| shape(&e))?)
        };
        Ok(array)
    }
}

/// The column at `steps`: NULL where a struct around it is NULL. Inside lists, a list of each row's values, whatever lists they
/// stand in.
pub(crate) fn leaf_array(batch: &RecordBatch, steps: &[Step]) -> Result<ArrayRef, TabularError> {
    let Some((Step::Member(first), inner)) = steps.split_first() else { return Err(misplaced()) };
    let mut array = batch.columns().get(*first).cloned().ok_or_else(misplaced)?;
    // Of the outermost list, which stay a row's whatever lists are in it.
    let mut rows: Option<(Vec<usize>, Option<NullBuffer>)> = None;
    for step in inner {
        array = match step {
            Step::Member(member) => member_of(&array, *member)?,
            Step::Elements => {
                let elements = Elements::of(&array).ok_or_else(misplaced)?;
                rows = Some(match rows {
                    None => (elements.ends, elements.nulls),
                    Some((ends, nulls)) => {
                        let inner =
                            |end: &usize| end.checked_sub(1).map_or(Some(0), |at| elements.ends.get(at).copied());
                        (ends.iter().map(inner).collect::<Option<_>>().ok_or_else(misplaced)?, nulls)
                    }
                });
                elements.values
            }
        };
    }
    let Some((ends, nulls)) = rows else { return Ok(array) };
    let field = Arc::new(Field::new_list_field(array.data_type().clone(), true));
    let data_type = list_of(array.data_type().clone());
    Elements { ends, nulls, values: Arc::clone(&array) }.with(&data_type, field, array)
}

/// The member of a struct at a position, NULL where the struct is.
fn member_of(array: &ArrayRef, position: usize) -> Result<ArrayRef, TabularError> {
    let parent = array.as_struct_opt().ok_or_else(misplaced)?;
    let child = parent.columns().get(position).cloned().ok_or_else(misplaced)?;
    match parent.nulls() {
        Some(nulls) if nulls.null_count() > 0 => {
            let missing = BooleanArray::new(!nulls.inner(), None);
            nullif(&child, &missing).map_err(|error| shape(&error))
        }
        _ => Ok(child),
    }
}

/// The schema with the changes made.
pub(crate) fn changed_schema(schema: &Schema, changes: &[(String, Change)]) -> Schema {
    Schema::new_with_metadata(changed_fields(schema.fields(), "", changes), schema.metadata().clone())
}

fn changed_fields(fields: &Fields, prefix: &str, changes: &[(String, Change)]) -> Fields {
    let changed = fields.iter().filter_map(|field| changed_field(field, &format!("{prefix}{}", field.name()), changes));
    changed.collect()
}

/// Whether something is changed inside the list at a path.
fn enters(path: &str, changes: &[(String, Change)]) -> bool {
    changes.iter().any(|(name, _)| name.strip_prefix(path).is_some_and(|rest| rest.starts_with(ELEMENTS)))
}

/// None when nothing of it is left.
fn changed_field(field: &FieldRef, path: &str, changes: &[(String, Change)]) -> Option<FieldRef> {
    let kept = |data_type| Some(Arc::new(field.as_ref().clone().with_data_type(data_type)));
    match (field.data_type(), element_of(field.data_type())) {
        (DataType::Struct(members), _) => {
            let members = changed_fields(members, &format!("{path}."), changes);
            // A struct without members cannot be written.
            return if members.is_empty() { None } else { kept(DataType::Struct(members)) };
        }
        (data_type, Some(element)) if enters(path, changes) => {
            let element = changed_field(element, &format!("{path}{ELEMENTS}"), changes)?;
            return kept(match data_type {
                DataType::LargeList(_) => DataType::LargeList(element),
                _ => DataType::List(element),
            });
        }
        _ => {}
    }
    match changes.iter().find(|(name, _)| *name == path).map(|(_, change)| change) {
        None => Some(Arc::clone(field)),
        Some(Change::Replace(data_type) | Change::ReplaceChanged(data_type)) => {
            let data_type = match data_type {
                DataType::List(values) if is_in_lists(path) => values.data_type(),
                other => other,
            };
            Some(Arc::new(Field::new(field.name(), data_type.clone(), true)))
        }
        Some(Change::Remove) => None,
    }
}

/// Whether a path enters lists, so that its new values come as lists of them.
fn is_in_lists(path: &str) -> bool {
    crate::path::list_steps(path).next().is_some()
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
        let changed = fields.iter().zip(columns).map(|(field, column)| {
            let path = format!("{prefix}{}", field.name());
            self.column(field, column, &path)
        });
        changed.filter_map(Result::transpose).collect()
    }

    /// None when nothing of it is left.
    fn column(&self, field: &FieldRef, column: &ArrayRef, path: &str) -> Result<Option<ArrayRef>, TabularError> {
        let Some(changed) = changed_field(field, path, self.changes) else { return Ok(None) };
        match (field.data_type(), changed.data_type()) {
            (DataType::Struct(members), DataType::Struct(fields)) => {
                let parent = column.as_struct_opt().ok_or_else(misplaced)?;
                let inner = self.columns(members, parent.columns(), &format!("{path}."))?;
                let array = StructArray::try_new(fields.clone(), inner, parent.nulls().cloned());
                return Ok(Some(Arc::new(array.map_err(|error| shape(&error))?)));
            }
            (before, after) if enters(path, self.changes) => {
                let (Some(element), Some(changed)) = (element_of(before), element_of(after)) else {
                    return Err(misplaced());
                };
                let elements = Elements::of(column).ok_or_else(misplaced)?;
                let values = self.column(element, &elements.values, &format!("{path}{ELEMENTS}"))?;
                let values = values.ok_or_else(misplaced)?;
                return elements.with(after, Arc::clone(changed), values).map(Some);
            }
            _ => {}
        }
        match self.replaced.iter().find(|(name, _)| *name == path) {
            None => Ok(Some(Arc::clone(column))),
            Some((_, values)) if is_in_lists(path) => {
                let values = Elements::of(values).ok_or_else(misplaced)?.values;
                // They go back to where they were taken from.
                if values.len() == column.len() { Ok(Some(values)) } else { Err(misplaced()) }
            }
            Some((_, values)) => Ok(Some(Arc::clone(values))),
        }
    }
}
