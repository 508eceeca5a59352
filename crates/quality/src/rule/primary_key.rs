//! `IsPrimaryKey`: the columns are unique together and each is complete.

use sluice_dqdl::ast::Rule;

use super::distinctness::{Statistic, counts, measure};
use super::support::compliance;
use super::{Lowered, Marks, Measured, column_key, parameter_names};
use crate::outcome::{Outcome, Refusal, Verdict};
use crate::plan::Planner;
use crate::row_test::TestSpec;
use crate::value::same;

pub(super) fn lower(rule: &Rule, planner: &mut Planner<'_>) -> Result<Lowered, Refusal> {
    let names = parameter_names(rule);
    let filter = planner.filter(rule.where_clause.as_ref())?;
    let unique = counts(&names, filter, planner)?;
    let mut tests = Vec::new();
    let mut complete = Vec::new();
    for name in &names {
        let column = planner.column(name)?;
        let test = planner.test(TestSpec::NotNull(column))?;
        tests.push(test);
        complete.push((format!("Column.{name}.Completeness"), compliance(planner, test, filter)));
    }
    let key = column_key(&names, "Uniqueness");
    let marks = Marks::Rows { tests, unique: vec![unique], filter };
    Ok(Lowered::new(marks, move |results| {
        if results.rows_in(filter) == 0 {
            return Verdict::no_rows();
        }
        let uniqueness = match measure(results, unique, filter, Statistic::Uniqueness) {
            Measured::Value(value) => value,
            Measured::NoRows => return Verdict::no_rows(),
            Measured::Nothing(_) => 0.0,
        };
        let mut verdict = Verdict::of_value(same(uniqueness, 1.0), uniqueness).with_metric(&key, uniqueness);
        if !same(uniqueness, 1.0) {
            verdict.first_failing_rows.clone_from(&results.distinct(unique).first_repeated);
        }
        for (key, metric) in &complete {
            let found = results.compliance(*metric);
            if verdict.outcome == Some(Outcome::Passed) && found.passed < found.rows {
                verdict = Verdict { metrics: verdict.metrics, ..Verdict::of_value(false, found.ratio()) };
                verdict.first_failing_rows.clone_from(&found.first_failing);
            }
            verdict = verdict.with_metric(key, found.ratio());
        }
        verdict
    }))
}
