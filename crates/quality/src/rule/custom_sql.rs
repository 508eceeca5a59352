//! `CustomSql`, as far as one pass over the primary dataset answers it: `select count(*) from primary [where …]` against a
//! condition, and `select columns from primary [where …]`, whose returned rows are those that pass. Any other query
//! needs an SQL engine.

mod answered;

use sluice_dqdl::ast::Rule;
use sqlparser::ast::{Expr as Sql, SelectItem, SetExpr, Statement, TableFactor};
use sqlparser::dialect::DatabricksDialect;
use sqlparser::parser::Parser;

use super::support::{compliance, share, threshold};
use super::{Lowered, Marks, Measured, column_name, lower_number};
use crate::outcome::{Refusal, Verdict};
use crate::plan::{FilterId, Planner, find_column, missing};
use crate::row_test::TestSpec;
use crate::value::from_count;

/// The metric of a query that returns a number.
const NUMBER_KEY: &str = "Dataset.*.CustomSQL";
/// The metric of a query that returns rows.
const ROWS_KEY: &str = "Dataset.*.CustomSQL.Compliance";

const MAX_BYTES: usize = 16 << 10;
const MAX_PARSER_DEPTH: usize = 50;

enum Projection {
    CountOfRows,
    Columns(Vec<String>),
}

/// Whether the one pass will leave some query of a ruleset to an SQL engine: told before a table is read, so a call of a
/// function in a `where` counts as one that the pass may not know.
pub(crate) fn is_beyond_one_pass(statement: &str) -> bool {
    match read(statement) {
        Err(Unanswered::NeedsEngine) => true,
        Err(Unanswered::Refused(_)) | Ok((_, None)) => false,
        Ok((_, Some(selection))) => selection.to_string().contains('('),
    }
}

/// Why a rule is not answered here.
enum Unanswered {
    /// It takes an SQL engine.
    NeedsEngine,
    Refused(Refusal),
}

impl From<Refusal> for Unanswered {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

pub(super) fn lower(rule: &Rule, planner: &mut Planner<'_>) -> Result<Lowered, Refusal> {
    let statement = column_name(rule, 0)?;
    match lower_here(rule, &statement, planner) {
        Ok(lowered) => Ok(lowered),
        Err(Unanswered::Refused(refusal)) => Err(refusal),
        Err(Unanswered::NeedsEngine) => answered::lower(rule, statement, planner),
    }
}

fn lower_here(rule: &Rule, statement: &str, planner: &mut Planner<'_>) -> Result<Lowered, Unanswered> {
    let (projection, selection) = read(statement)?;
    if let Projection::Columns(names) = &projection
        && let Some(name) = names.iter().find(|name| find_column(planner.schema, name).is_none())
    {
        let message = missing(planner.schema, name, "the dataset");
        return Err(Refusal::failed(format!("Column {name} not found: {message}")).into());
    }
    match (&projection, &rule.condition) {
        (Projection::CountOfRows, None) => {
            return Err(Refusal::failed("the query returns a number; compare it, as in = 0").into());
        }
        (Projection::Columns(_), Some(_)) => {
            return Err(Refusal::error("the query returns rows; remove the condition, or select count(*)").into());
        }
        (Projection::CountOfRows, Some(_)) | (Projection::Columns(_), None) => {}
    }
    let filter = match &selection {
        None => None,
        Some(selection) => Some(planner.filter_tree(selection)?.ok_or(Unanswered::NeedsEngine)?),
    };
    let lowered = match projection {
        Projection::CountOfRows => lower_number(rule, planner, NUMBER_KEY.to_owned(), Marks::None, move |results| {
            Measured::Value(from_count(results.rows_in(filter)))
        }),
        Projection::Columns(_) => returned_rows(rule, planner, filter),
    };
    Ok(lowered?)
}

fn returned_rows(rule: &Rule, planner: &mut Planner<'_>, filter: Option<FilterId>) -> Result<Lowered, Refusal> {
    let threshold = threshold(rule, ROWS_KEY, planner)?;
    let test = planner.test(TestSpec::Selected(filter))?;
    let metric = compliance(planner, test, None);
    let inner = share(ROWS_KEY.to_owned(), metric, threshold, true, |_| Vec::new(), Marks::test(test, None));
    let judge = inner.judge;
    Ok(Lowered::new(inner.marks, move |results| {
        if results.rows == 0 { Verdict::failed("The primary dataset is empty") } else { judge(results) }
    }))
}

fn read(text: &str) -> Result<(Projection, Option<Sql>), Unanswered> {
    let unsupported = || Unanswered::NeedsEngine;
    if text.len() > MAX_BYTES {
        let message = format!("the query has more than {MAX_BYTES} bytes; shorten it");
        return Err(Refusal::error(message).into());
    }
    let parsed = Parser::new(&DatabricksDialect {})
        .with_recursion_limit(MAX_PARSER_DEPTH)
        .try_with_sql(text)
        .and_then(|mut parser| parser.parse_statements());
    let statements = parsed.map_err(|problem| Refusal::failed(format!("the query cannot be read: {problem}")))?;
    let [Statement::Query(query)] = statements.as_slice() else { return Err(unsupported()) };
    let SetExpr::Select(select) = query.body.as_ref() else { return Err(unsupported()) };
    let [table] = select.from.as_slice() else { return Err(unsupported()) };
    let TableFactor::Table { name, .. } = &table.relation else { return Err(unsupported()) };
    if !name.to_string().eq_ignore_ascii_case("primary") {
        return Err(unsupported());
    }
    // Whatever else a query may hold would show in its text.
    let items: Vec<String> = select.projection.iter().map(ToString::to_string).collect();
    let mut plain = format!("SELECT {} FROM {name}", items.join(", "));
    if let Some(selection) = &select.selection {
        plain = format!("{plain} WHERE {selection}");
    }
    if plain != query.to_string() {
        return Err(unsupported());
    }
    let is_count = |item: &str| item.eq_ignore_ascii_case("count(*)") || item.eq_ignore_ascii_case("count(1)");
    let projection = match items.as_slice() {
        [item] if is_count(item) => Projection::CountOfRows,
        _ => {
            let columns = select.projection.iter().map(|item| match item {
                SelectItem::Wildcard(_) if items.len() == 1 && items.iter().all(|item| item == "*") => Ok(None),
                SelectItem::UnnamedExpr(Sql::Identifier(column)) => Ok(Some(column.value.clone())),
                _ => Err(unsupported()),
            });
            Projection::Columns(columns.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
        }
    };
    Ok((projection, select.selection.clone()))
}
