//! `ColumnNamesMatchPattern`: the pattern is searched in each name, not matched with all of it.

use sluice_dqdl::ast::Rule;

use super::{Lowered, Marks, column_name};
use crate::outcome::{Outcome, Refusal, Verdict};
use crate::pattern::find_anywhere;
use crate::plan::Planner;
use crate::value::{count, from_count};

pub(super) fn lower(rule: &Rule, planner: &mut Planner<'_>) -> Result<Lowered, Refusal> {
    let pattern = rule.parameter(0).map_or_else(|| column_name(rule, 0), |raw| Ok(raw.to_owned()))?;
    let regex =
        find_anywhere(&pattern).map_err(|problem| Refusal::error(format!("Invalid regex pattern: {problem}")))?;
    let names: Vec<&str> = planner.schema.fields().iter().map(|field| field.name().as_str()).collect();
    let others: Vec<&str> = names.iter().copied().filter(|name| !regex.is_match(name.as_bytes())).collect();
    let ratio = from_count(count(names.len() - others.len())) / from_count(count(names.len()));
    let message = (!others.is_empty()).then(|| format!("Columns that do not match the pattern: {}", others.join(", ")));
    Ok(Lowered::new(Marks::None, move |_| {
        let outcome = if message.is_none() { Outcome::Passed } else { Outcome::Failed };
        Verdict::new(outcome, message.clone()).with_metric("Dataset.*.ColumnNamesPatternMatchRatio", ratio)
    }))
}
