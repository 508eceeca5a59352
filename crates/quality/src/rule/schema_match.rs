//! `SchemaMatch`: the share of columns that have the same name and type in both datasets, in any order.

use sluice_dqdl::ast::Rule;

use super::{Lowered, Marks, column_name, number_condition};
use crate::outcome::{Refusal, Verdict};
use crate::plan::Planner;
use crate::value::{count, from_count};

pub(super) fn lower(rule: &Rule, planner: &mut Planner<'_>) -> Result<Lowered, Refusal> {
    let alias = column_name(rule, 0)?;
    let theirs = planner.references.get_mut(&alias)?.schema.clone();
    let key = format!("Dataset.{alias}.SchemaMatch");
    let (check, evaluated_rule) = number_condition(rule, &key, planner)?;
    let ours = planner.schema.fields();
    let same_count = ours.len() == theirs.fields().len();
    let matched = ours
        .iter()
        .filter(|field| {
            theirs.fields().iter().any(|other| other.name() == field.name() && other.data_type() == field.data_type())
        })
        .count();
    let ratio = if same_count { from_count(count(matched)) / from_count(count(ours.len())) } else { 0.0 };
    let mut lowered = Lowered::new(Marks::None, move |_| {
        let verdict = if same_count {
            Verdict::of_value(check.holds(ratio), ratio)
        } else {
            Verdict::failed("The datasets have different numbers of columns")
        };
        verdict.with_metric(&key, ratio)
    });
    lowered.evaluated_rule = evaluated_rule;
    Ok(lowered)
}
