//! Columns inside lists: one value for each element. They are transformed value by value, whatever row it is in.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::{Array as _, ArrayRef, ListArray, UInt64Array};
use arrow_schema::{DataType, Field};
use arrow_select::take::take;
use sluice_common::policy::Undeclared;
use sluice_tabular::{ColumnPath, Format};

use super::error::PseudonymizeError;
use super::plan::{Plan, PlannedColumn};
use super::risk_gate::RiskPlan;
use crate::transform::{Action, RowKeys, TransformError};

/// Whether a column has lists of values because its path enters lists. A Parquet column that is a whole list does not.
fn is_in_lists(name: &str, data_type: &DataType) -> bool {
    matches!(data_type, DataType::List(_)) && ColumnPath::from(name).list().is_some()
}

/// The type of a column's values.
pub(super) fn value_type<'t>(name: &str, data_type: &'t DataType) -> &'t DataType {
    match data_type {
        DataType::List(values) if is_in_lists(name, data_type) => values.data_type(),
        _ => data_type,
    }
}

/// The type of a column whose values have another type: as many lists.
pub(super) fn with_value_type(name: &str, before: &DataType, values: DataType) -> DataType {
    if is_in_lists(name, before) { DataType::List(Arc::new(Field::new_list_field(values, true))) } else { values }
}

/// A column's values, one after the other: of a column inside lists (`items[*].email`) those of every element.
pub fn values(name: &str, array: &ArrayRef) -> ArrayRef {
    match array.as_list_opt::<i32>() {
        Some(list) if is_in_lists(name, array.data_type()) => Arc::clone(list.values()),
        _ => Arc::clone(array),
    }
}

/// The column with other values, one for each.
pub(super) fn map(
    name: &str,
    array: &ArrayRef,
    apply: impl FnOnce(&ArrayRef) -> Result<ArrayRef, TransformError>,
) -> Result<ArrayRef, TransformError> {
    match array.as_list_opt::<i32>() {
        Some(list) if is_in_lists(name, array.data_type()) => {
            let values = apply(list.values())?;
            let field = Arc::new(Field::new_list_field(values.data_type().clone(), true));
            let mapped = ListArray::try_new(field, list.offsets().clone(), values, list.nulls().cloned());
            // There are as many values as before, so nothing but their size can be wrong.
            Ok(Arc::new(mapped.map_err(|_too_large| TransformError::TooLarge)?))
        }
        _ => apply(array),
    }
}

/// What stands beside each value of a column: of its row, once for each of the row's values.
pub(super) fn spread(name: &str, array: &ArrayRef, beside: &ArrayRef) -> Result<ArrayRef, TransformError> {
    match array.as_list_opt::<i32>() {
        Some(list) if is_in_lists(name, array.data_type()) => {
            let rows =
                (0u64..).zip(list.offsets().lengths()).flat_map(|(row, length)| std::iter::repeat_n(row, length));
            let rows: UInt64Array = rows.collect();
            take(beside.as_ref(), &rows, None).map_err(|_too_large| TransformError::TooLarge)
        }
        _ => Ok(Arc::clone(beside)),
    }
}

/// The keys of the subjects, for each value of a column that of its row.
pub(super) fn spread_keys<'k>(name: &str, array: &ArrayRef, keys: &'k RowKeys) -> Cow<'k, RowKeys> {
    match array.as_list_opt::<i32>() {
        Some(list) if is_in_lists(name, array.data_type()) => {
            let rows = keys.rows.iter().zip(list.offsets().lengths());
            let rows = rows.flat_map(|(row, length)| std::iter::repeat_n(*row, length)).collect();
            Cow::Owned(RowKeys { rows, keys: keys.keys.clone() })
        }
        _ => Cow::Borrowed(keys),
    }
}

/// Whether the lists that a plan enters can be entered, and nothing that it changes is published with what it keeps.
///
/// # Errors
/// [`PseudonymizeError::Nested`].
pub(super) fn check(plan: &Plan, read: &Format, write: &Format) -> Result<(), PseudonymizeError> {
    if matches!(read, Format::Csv(_)) {
        return Ok(());
    }
    let unfit = |column: &str, problem| Err(PseudonymizeError::Nested { column: column.to_owned(), problem });
    // Lines are edited in place only where what is not declared is kept.
    let is_edited = plan.undeclared == Undeclared::Keep && *write == Format::JsonLines;
    if *read == Format::JsonLines
        && !is_edited
        && let Some(column) = published_with_its_object(plan)
    {
        return unfit(
            column,
            "the object that holds it is kept whole, and it with it; declare that object's fields instead",
        );
    }
    let enters = |column: &&str| ColumnPath::from(*column).list().is_some();
    let names: Vec<&str> = plan.columns.iter().map(|column| column.name.as_str()).collect();
    let subjects = plan.columns.iter().filter_map(PlannedColumn::subject);
    let of_rows: Vec<&str> = subjects.chain(plan.risk.iter().flat_map(RiskPlan::columns)).collect();
    if let Some(column) = of_rows.iter().find(|column| enters(column)) {
        return unfit(column, "subjects and quasi-identifiers have one value a row, which a path into lists has not");
    }
    let Some(first) = names.iter().find(|name| enters(name)) else { return Ok(()) };
    if *read != *write {
        return unfit(
            first,
            "what lists hold can be published in the format that it came in only; name the list itself",
        );
    }
    for inner in names.iter().filter(|name| enters(name)) {
        // `a[*].b` is entered as `a`, `a[*]` and `a[*].b`; `a.c` would enter the same `a` as an object.
        let outer = names.iter().chain(&of_rows).find(|outer| *outer != inner && overlaps(outer, inner));
        if outer.is_some() {
            return unfit(inner, "another column of the policy holds it or a part of it; name both by the same lists");
        }
    }
    Ok(())
}

/// A column that is changed, inside an object that is kept with all it holds.
fn published_with_its_object(plan: &Plan) -> Option<&str> {
    let is_kept = |column: &&PlannedColumn| matches!(column.action, Action::Keep);
    let kept: Vec<&PlannedColumn> = plan.columns.iter().filter(is_kept).collect();
    let inside = |inner: &str| {
        let below = |outer: &&PlannedColumn| inner.strip_prefix(&outer.name).is_some_and(|rest| rest.starts_with('.'));
        kept.iter().any(below)
    };
    plan.columns.iter().find(|column| !is_kept(column) && inside(&column.name)).map(|column| column.name.as_str())
}

/// Whether a path that enters lists lies in another one, or takes for a list what that one takes for an object.
fn overlaps(other: &str, inner: &str) -> bool {
    let continues = |rest: &str| rest.is_empty() || rest.starts_with('.') || rest.starts_with("[*]");
    if inner.strip_prefix(other).is_some_and(continues) {
        return true;
    }
    inner.match_indices("[*]").any(|(step, _)| {
        let list = inner.get(..step).unwrap_or_default();
        other.strip_prefix(list).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}
