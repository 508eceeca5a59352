//! `ReferentialIntegrity`: the share of rows whose key stands in the reference dataset.

use sluice_dqdl::ast::Rule;

use super::support::{compliance, share};
use super::{Lowered, Marks, column_name, number_condition};
use crate::keys::KeyForm;
use crate::outcome::{Refusal, Verdict};
use crate::plan::{Planner, find_column, plain_name};
use crate::row_test::{ReferenceTest, TestSpec};

pub(super) fn lower(rule: &Rule, planner: &mut Planner<'_>) -> Result<Lowered, Refusal> {
    let primary: Vec<String> = split(&column_name(rule, 0)?);
    let target = column_name(rule, 1)?;
    let Some((alias, columns)) = target.split_once('.') else {
        return Err(Refusal::error("the second parameter must be alias.column or alias.{column, column}"));
    };
    let (alias, columns) = (alias.trim().to_owned(), columns.trim());
    let reference = split(columns.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')).unwrap_or(columns));
    planner.references.get_mut(&alias)?;
    if primary.len() != reference.len() {
        return Err(Refusal::failed(format!(
            "The number of columns in the primary data frame ({}) must equal the number in the reference data frame ({})",
            primary.len(),
            reference.len()
        )));
    }
    refuse_missing(&primary, "primary", |name| find_column(planner.schema, name).is_some())?;
    {
        let dataset = planner.references.get_mut(&alias)?;
        refuse_missing(&reference, "reference", |name| dataset.find(name).is_some())?;
    }
    let mut ours = Vec::new();
    let mut theirs = Vec::new();
    for (our_name, their_name) in primary.iter().zip(&reference) {
        let column = planner.comparable_column(our_name)?;
        let kind = planner.kind(column);
        let dataset = planner.references.get_mut(&alias)?;
        let index = dataset.find(their_name).unwrap_or_default();
        let form = KeyForm::common(kind, dataset.kind(index));
        ours.push((column, form));
        theirs.push((dataset.add_column(index), form));
    }
    let set = planner.references.get_mut(&alias)?.keep_set(theirs);
    let key = format!("Column.{alias}.ReferentialIntegrity");
    let (check, evaluated_rule) = number_condition(rule, &key, planner)?;
    let test = planner.test(TestSpec::Reference(ReferenceTest::Contained { alias, set, columns: ours }))?;
    let metric = compliance(planner, test, None);
    let inner = share(key, metric, check, true, |_| Vec::new(), Marks::test(test, None));
    let judge = inner.judge;
    let mut lowered = Lowered::new(inner.marks, move |results| {
        if results.rows == 0 {
            Verdict::failed("Cannot evaluate: the primary dataset is empty")
        } else {
            judge(results)
        }
    });
    lowered.evaluated_rule = evaluated_rule;
    Ok(lowered)
}

fn refuse_missing(names: &[String], side: &str, exists: impl Fn(&str) -> bool) -> Result<(), Refusal> {
    let missing: Vec<String> = names.iter().filter(|name| !exists(name)).map(|name| plain_name(name)).collect();
    match missing.as_slice() {
        [] => Ok(()),
        [one] => Err(Refusal::failed(format!("Column {one} does not exist in {side} data frame"))),
        many => Err(Refusal::failed(format!("Columns {} do not exist in {side} data frame", many.join(", ")))),
    }
}

fn split(columns: &str) -> Vec<String> {
    columns.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}
