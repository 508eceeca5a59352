//! `DatasetMatch`: the share of rows that a row of the reference dataset with the same key equals.

use sluice_dqdl::ast::Rule;

use super::distinctness::counts;
use super::support::{compliance, share};
use super::{Lowered, Marks, column_name, number_condition};
use crate::keys::KeyForm;
use crate::outcome::{Refusal, Verdict};
use crate::plan::{ColumnId, Planner, find_column};
use crate::row_test::{ReferenceTest, TestSpec};

pub(super) fn lower(rule: &Rule, planner: &mut Planner<'_>) -> Result<Lowered, Refusal> {
    let alias = column_name(rule, 0)?;
    planner.references.get_mut(&alias)?;
    let key_pairs = mappings(&column_name(rule, 1)?);
    refuse_missing(planner, &alias, &key_pairs, "key columns")?;
    let value_pairs = match rule.parameters.get(2) {
        Some(parameter) => {
            let pairs = mappings(&parameter.unescaped());
            refuse_missing(planner, &alias, &pairs, "columns")?;
            pairs
        }
        None => remaining(planner, &alias, &key_pairs)?,
    };
    let (our_keys, their_keys) = columns(planner, &alias, &key_pairs)?;
    let (our_values, their_values) = columns(planner, &alias, &value_pairs)?;
    let names: Vec<String> = key_pairs.into_iter().map(|(ours, _)| ours).collect();
    let unique = counts(&names, None, planner)?;
    let map = planner.references.get_mut(&alias)?.keep_map(their_keys, their_values);
    let key = format!("Dataset.{alias}.DatasetMatch");
    let (check, evaluated_rule) = number_condition(rule, &key, planner)?;
    let spec = ReferenceTest::Equal { alias: alias.clone(), map, keys: our_keys, values: our_values };
    let test = planner.test(TestSpec::Reference(spec))?;
    let metric = compliance(planner, test, None);
    let inner = share(key, metric, check, true, |_| Vec::new(), Marks::test(test, None));
    let judge = inner.judge;
    let mut lowered = Lowered::new(inner.marks, move |results| {
        if results.rows == 0 {
            return Verdict::failed("Cannot evaluate: the primary dataset is empty");
        }
        let found = results.distinct(unique);
        let ours_repeat = found.once < found.rows || found.null_rows > 1;
        let theirs_repeat = results.references.get(&alias).is_some_and(|reference| reference.has_duplicates(map));
        if ours_repeat || theirs_repeat {
            return Verdict::failed("The selected columns are not comparable due to duplicates present in the dataset");
        }
        judge(results)
    });
    lowered.evaluated_rule = evaluated_rule;
    Ok(lowered)
}

/// `a->b, c` is a with b, and c with c.
fn mappings(text: &str) -> Vec<(String, String)> {
    text.split(',')
        .map(str::trim)
        .filter(|pair| !pair.is_empty())
        .map(|pair| match pair.split_once("->") {
            Some((ours, theirs)) => (ours.trim().to_owned(), theirs.trim().to_owned()),
            None => (pair.to_owned(), pair.to_owned()),
        })
        .collect()
}

fn refuse_missing(
    planner: &mut Planner<'_>,
    alias: &str,
    pairs: &[(String, String)],
    what: &str,
) -> Result<(), Refusal> {
    let ours = pairs.iter().map(|(ours, _)| ours).filter(|name| find_column(planner.schema, name).is_none());
    let ours: Vec<&str> = ours.map(String::as_str).collect();
    if !ours.is_empty() {
        return Err(Refusal::failed(format!(
            "The following {what} were not found in the first dataset: {}",
            ours.join(", ")
        )));
    }
    let dataset = planner.references.get_mut(alias)?;
    let theirs = pairs.iter().map(|(_, theirs)| theirs).filter(|name| dataset.find(name).is_none());
    let theirs: Vec<&str> = theirs.map(String::as_str).collect();
    if !theirs.is_empty() {
        return Err(Refusal::failed(format!(
            "The following {what} were not found in the second dataset: {}",
            theirs.join(", ")
        )));
    }
    Ok(())
}

/// The columns that are no keys; both datasets must have the same ones.
fn remaining(
    planner: &mut Planner<'_>,
    alias: &str,
    key_pairs: &[(String, String)],
) -> Result<Vec<(String, String)>, Refusal> {
    let others = |schema: &arrow_schema::Schema, keys: Vec<&String>| -> Vec<String> {
        let keys: Vec<usize> = keys.into_iter().filter_map(|name| find_column(schema, name)).collect();
        let fields = schema.fields().iter().enumerate().filter(|(index, _)| !keys.contains(index));
        fields.map(|(_, field)| field.name().clone()).collect()
    };
    let ours = others(planner.schema, key_pairs.iter().map(|(ours, _)| ours).collect());
    let dataset = planner.references.get_mut(alias)?;
    let theirs = others(&dataset.schema, key_pairs.iter().map(|(_, theirs)| theirs).collect());
    let sorted = |names: &[String]| {
        let mut names: Vec<String> = names.iter().map(|name| name.to_lowercase()).collect();
        names.sort();
        names
    };
    if sorted(&ours) != sorted(&theirs) {
        let unmatched: Vec<&str> =
            ours.iter().filter(|name| dataset.find(name).is_none()).map(String::as_str).collect();
        return Err(Refusal::failed(format!(
            "Non key columns in the given data frames do not match; not found in the second dataset: {}",
            unmatched.join(", ")
        )));
    }
    Ok(ours.into_iter().map(|name| (name.clone(), name)).collect())
}

type KeyColumns = Vec<(ColumnId, KeyForm)>;

fn columns(
    planner: &mut Planner<'_>,
    alias: &str,
    pairs: &[(String, String)],
) -> Result<(KeyColumns, KeyColumns), Refusal> {
    let mut ours = Vec::new();
    let mut theirs = Vec::new();
    for (our_name, their_name) in pairs {
        let column = planner.comparable_column(our_name)?;
        let kind = planner.kind(column);
        let dataset = planner.references.get_mut(alias)?;
        let index = dataset.find(their_name).unwrap_or_default();
        let form = KeyForm::common(kind, dataset.kind(index));
        ours.push((column, form));
        theirs.push((dataset.add_column(index), form));
    }
    Ok((ours, theirs))
}
