//! `ColumnDataType`: the share of cells that can be cast to a type.

use sluice_dqdl::ast::{Condition, Rule, StringTest, TagValue};

use super::support::{compliance, share, threshold};
use super::{Lowered, Marks, column_name};
use crate::outcome::Refusal;
use crate::plan::Planner;
use crate::row_test::{CastError, CastType, TestSpec};

pub(super) fn lower(rule: &Rule, planner: &mut Planner<'_>) -> Result<Lowered, Refusal> {
    let name = column_name(rule, 0)?;
    let Some(Condition::String(condition)) = &rule.condition else {
        return Err(Refusal::error("ColumnDataType needs a type, such as = \"INTEGER\""));
    };
    let StringTest::Equal { negated, operand } = &condition.test else {
        return Err(Refusal::failed("ColumnDataType only supports = and !="));
    };
    let format = rule.tag("format").map(|tag| match &tag.value {
        TagValue::Text(format) => format.as_str(),
        _ => "",
    });
    let to = CastType::new(operand.raw().unwrap_or_default(), format).map_err(|problem| match problem {
        CastError::Type(_) | CastError::Format => Refusal::failed(problem.to_string()),
    })?;
    let column = planner.comparable_column(&name)?;
    let filter = planner.filter(rule.where_clause.as_ref())?;
    let key = format!("Column.{name}.ColumnDataType.Compliance");
    let threshold = threshold(rule, &key, planner)?;
    let test = planner.test(TestSpec::Cast { column, to, negated: *negated })?;
    let metric = compliance(planner, test, filter);
    Ok(share(key, metric, threshold, true, |_| Vec::new(), Marks::test(test, filter)))
}
