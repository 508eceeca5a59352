//! `CustomSql`, as far as one pass over the primary dataset answers it: `select count(*) from primary [where …]` against a
//! condition, and `select columns from primary [where …]`, whose returned rows are those that pass. Any other query is
//! an error here: it needs an SQL engine.

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

const MAX_BYTES: usize = 16 << 10;
const MAX_PARSER_DEPTH: usize = 50;

enum Projection {
    CountOfRows,
    Columns(Vec<String>),
}

pub(super) fn lower(rule: &Rule, planner: &mut Planner<'_>) -> Result<Lowered, Refusal> {
    let (projection, selection) = read(&column_name(rule, 0)?)?;
    if let Projection::Columns(names) = &projection
        && let Some(name) = names.iter().find(|name| find_column(planner.schema, name).is_none())
    {
        let message = missing(planner.schema, name, "the dataset");
        return Err(Refusal::failed(format!("Column {name} not found: {message}")));
    }
    let filter = selection.as_ref().map(|selection| planner.filter_tree(selection)).transpose()?;
    match (projection, &rule.condition) {
        (Projection::CountOfRows, Some(_)) => {
            lower_number(rule, planner, "Dataset.*.CustomSQL".to_owned(), Marks::None, move |results| {
                Measured::Value(from_count(results.rows_in(filter)))
            })
        }
        (Projection::Columns(_), None) => returned_rows(rule, planner, filter),
        (Projection::CountOfRows, None) => Err(Refusal::failed("the query returns a number; compare it, as in = 0")),
        (Projection::Columns(_), Some(_)) => {
            Err(Refusal::error("the query returns rows; remove the condition, or select count(*)"))
        }
    }
}

fn returned_rows(rule: &Rule, planner: &mut Planner<'_>, filter: Option<FilterId>) -> Result<Lowered, Refusal> {
    let key = "Dataset.*.CustomSQL.Compliance".to_owned();
    let threshold = threshold(rule, &key, planner)?;
    let test = planner.test(TestSpec::Selected(filter))?;
    let metric = compliance(planner, test, None);
    let inner = share(key, metric, threshold, true, |_| Vec::new(), Marks::test(test, None));
    let judge = inner.judge;
    Ok(Lowered::new(inner.marks, move |results| {
        if results.rows == 0 { Verdict::failed("The primary dataset is empty") } else { judge(results) }
    }))
}

fn read(text: &str) -> Result<(Projection, Option<Sql>), Refusal> {
    let unsupported = || {
        Refusal::error(
            "this query needs an SQL engine; only select count(*) or columns from primary, with where, are judged here",
        )
    };
    if text.len() > MAX_BYTES {
        return Err(unsupported());
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
