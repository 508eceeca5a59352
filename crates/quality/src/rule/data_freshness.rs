//! `DataFreshness`: the age of each row. It has no row results, as in Deequ.

use sluice_dqdl::ast::{Condition, Rule};

use super::support::{compliance, share};
use super::{Lowered, Marks, column_name};
use crate::condition::{Check, hours_check};
use crate::outcome::Refusal;
use crate::plan::Planner;
use crate::row_test::TestSpec;

pub(super) fn lower(rule: &Rule, planner: &mut Planner<'_>) -> Result<Lowered, Refusal> {
    let name = column_name(rule, 0)?;
    let Some(Condition::Duration(condition)) = &rule.condition else {
        return Err(Refusal::error("DataFreshness needs an age, such as <= 24 hours"));
    };
    let column = planner.comparable_column(&name)?;
    let filter = planner.filter(rule.where_clause.as_ref())?;
    let check = hours_check(condition).map_err(|problem| Refusal::error(problem.to_string()))?;
    let test = planner.test(TestSpec::Age { column, check, now_micros: planner.options.now_epoch_micros })?;
    let metric = compliance(planner, test, filter);
    let key = format!("Column.{name}.DataFreshness.Compliance");
    Ok(share(key, metric, Check::equal(1.0), true, |_| Vec::new(), Marks::None))
}
