//! `CustomSql` by the answer of an SQL engine.

use arrow_buffer::BooleanBuffer;
use sluice_dqdl::ast::Rule;

use super::{NUMBER_KEY, ROWS_KEY};
use crate::metric::Compliance;
use crate::outcome::{Refusal, Verdict};
use crate::plan::Planner;
use crate::rule::support::{judge_share, threshold};
use crate::rule::{Lowered, Marks, Measured, lower_number};
use crate::sql::{RefusedOutcome, SqlAnswer, SqlQuestion, SqlResult};

/// Plans a rule whose query only an SQL engine can run. Without its answer the rule is an error that says how to get it.
pub(super) fn lower(rule: &Rule, statement: String, planner: &mut Planner<'_>) -> Result<Lowered, Refusal> {
    let result = if rule.condition.is_some() { SqlResult::Number } else { SqlResult::Rows };
    let question = SqlQuestion { statement, result };
    let answer = planner.options.sql_answers.get(&question).cloned();
    planner.sql_questions.push(question);
    match answer {
        None => Err(Refusal::error(
            "this query needs the SQL engine: deploy the stack with SqlRules=enabled, or build the command with \
             `--features sql`; without it only select count(*) or columns from primary, with where, are judged",
        )),
        // A query that is to return rows of this table, and cannot, returns none of them.
        Some(SqlAnswer::Refused { outcome: RefusedOutcome::Failed, message }) if result == SqlResult::Rows => {
            Ok(Lowered::new(Marks::NoRow, move |_results| Verdict::failed(message.clone())))
        }
        Some(SqlAnswer::Refused { outcome, message }) => Err(Refusal { outcome: outcome.into(), message }),
        Some(SqlAnswer::Number(value)) => {
            lower_number(rule, planner, NUMBER_KEY.to_owned(), Marks::None, move |_results| match value {
                Some(value) => Measured::Value(value),
                None => Measured::Nothing(Verdict::failed("the query returned NULL, which no condition holds for")),
            })
        }
        Some(SqlAnswer::Rows(passing)) => returned_rows(rule, passing, planner),
    }
}

fn returned_rows(rule: &Rule, passing: BooleanBuffer, planner: &Planner<'_>) -> Result<Lowered, Refusal> {
    let threshold = threshold(rule, ROWS_KEY, planner)?;
    let found = Compliance::of(&passing);
    Ok(Lowered::new(Marks::Kept(passing), move |results| {
        if results.rows == 0 {
            return Verdict::failed("The primary dataset is empty");
        }
        if results.rows != found.rows {
            let message = format!("the query was answered for {} rows, but {} were read", found.rows, results.rows);
            return Verdict::new(crate::outcome::Outcome::Error, Some(message));
        }
        judge_share(&found, &threshold).with_metric(ROWS_KEY, found.ratio())
    }))
}
