//! `Completeness` and `IsComplete`.

use sluice_dqdl::RuleType;
use sluice_dqdl::ast::Rule;

use super::support::{compliance, share};
use super::{Lowered, Marks, column_name, number_condition};
use crate::condition::Check;
use crate::outcome::Refusal;
use crate::plan::Planner;
use crate::row_test::TestSpec;

pub(super) fn lower(rule: &Rule, planner: &mut Planner<'_>) -> Result<Lowered, Refusal> {
    let name = column_name(rule, 0)?;
    let key = format!("Column.{name}.Completeness");
    let column = planner.presence_column(&name)?;
    let filter = planner.filter(rule.where_clause.as_ref())?;
    let (check, evaluated_rule) = match rule.rule_type {
        RuleType::IsComplete => (Check::equal(1.0), None),
        _ => number_condition(rule, &key, planner)?,
    };
    let test = planner.test(TestSpec::NotNull(column))?;
    let metric = compliance(planner, test, filter);
    let mut lowered = share(key, metric, check, true, |_| Vec::new(), Marks::test(test, filter));
    lowered.evaluated_rule = evaluated_rule;
    Ok(lowered)
}
