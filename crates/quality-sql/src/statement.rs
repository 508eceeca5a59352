//! The one kind of statement that a rule may hold: a query on the tables of the evaluation.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Query, SetExpr, Statement, TableFactor, Visit, Visitor, visit_expressions,
};
use datafusion::sql::sqlparser::dialect::DatabricksDialect;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::{Location, Tokenizer};

use crate::fault::Refused;

const MAX_BYTES: usize = 16 << 10;
const MAX_PARSER_DEPTH: usize = 50;
/// Words, numbers and signs. A chain such as `1 + 1 + …` is a tree as deep as it is long.
const MAX_TOKENS: usize = 4_096;

/// Parses a query, and makes sure that it is nothing else. `tables` are the names it may read, in small letters.
pub(crate) fn parse(text: &str, tables: &BTreeSet<String>) -> Result<Statement, Refused> {
    if text.len() > MAX_BYTES {
        return Err(Refused::error(format!("the query has more than {MAX_BYTES} bytes; shorten it")));
    }
    let unreadable = |problem: &dyn std::fmt::Display| Refused::failed(format!("the query cannot be read: {problem}"));
    let dialect = DatabricksDialect {};
    let tokens = Tokenizer::new(&dialect, text).tokenize_with_location().map_err(|problem| unreadable(&problem))?;
    if tokens.len() > MAX_TOKENS {
        let message = format!("the query has more than {MAX_TOKENS} words, numbers and signs; shorten it");
        return Err(Refused::error(message));
    }
    let parser = Parser::new(&dialect).with_recursion_limit(MAX_PARSER_DEPTH);
    let parsed = parser.with_tokens_with_locations(tokens).parse_statements();
    let statements = parsed.map_err(|problem| unreadable(&problem))?;
    let one: Result<[Statement; 1], _> = statements.try_into();
    let Ok([statement]) = one else {
        return Err(Refused::error("a rule holds exactly one query; remove the other statements"));
    };
    if !matches!(statement, Statement::Query(_)) {
        return Err(Refused::error("only a query is allowed here; a rule reads and changes nothing"));
    }
    match statement.visit(&mut Guard { tables, defined: BTreeSet::new() }) {
        ControlFlow::Break(refused) => Err(refused),
        ControlFlow::Continue(()) => Ok(statement),
    }
}

/// Where a query names a column for the first time: line and column, counted from 1.
pub(crate) fn place_of(statement: &Statement, column: &str) -> Option<Location> {
    let place = visit_expressions(statement, |expr| {
        let name = match expr {
            Expr::Identifier(name) => Some(name),
            Expr::CompoundIdentifier(names) => names.last(),
            _ => None,
        };
        match name.filter(|name| name.value.eq_ignore_ascii_case(column) && name.span.start.line > 0) {
            Some(name) => ControlFlow::Break(name.span.start),
            None => ControlFlow::Continue(()),
        }
    });
    place.break_value()
}

struct Guard<'a> {
    tables: &'a BTreeSet<String>,
    /// Names that `WITH` gave.
    defined: BTreeSet<String>,
}

impl Visitor for Guard<'_> {
    type Break = Refused;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Refused> {
        for table in query.with.iter().flat_map(|with| &with.cte_tables) {
            self.defined.insert(table.alias.name.value.to_lowercase());
        }
        if query.with.as_ref().is_some_and(|with| with.recursive) {
            return ControlFlow::Break(Refused::error("WITH RECURSIVE is not allowed here: it may never end"));
        }
        if !query.locks.is_empty() || query.for_clause.is_some() || query.settings.is_some() {
            return ControlFlow::Break(Refused::error("locks, FOR and SETTINGS are not allowed in a rule's query"));
        }
        match body_refusal(&query.body) {
            Some(refused) => ControlFlow::Break(refused),
            None => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<Refused> {
        match statement {
            Statement::Query(_) => ControlFlow::Continue(()),
            _ => ControlFlow::Break(Refused::error("only queries are allowed here; a rule reads and changes nothing")),
        }
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Refused> {
        let name = match factor {
            TableFactor::Table { name, args: None, .. } => name,
            TableFactor::Derived { .. } | TableFactor::NestedJoin { .. } => return ControlFlow::Continue(()),
            _ => {
                let message = "only tables and queries can stand after FROM; table functions and files cannot be read";
                return ControlFlow::Break(Refused::error(message));
            }
        };
        let known = match name.0.as_slice() {
            [part] => part.as_ident().map(|name| name.value.to_lowercase()),
            _ => None,
        };
        if known.is_some_and(|known| self.tables.contains(&known) || self.defined.contains(&known)) {
            return ControlFlow::Continue(());
        }
        let tables: Vec<&str> = self.tables.iter().map(String::as_str).collect();
        let message = format!("table {name} not found in additional sources; the query can read {}", tables.join(", "));
        ControlFlow::Break(Refused::failed(message))
    }
}

fn body_refusal(body: &SetExpr) -> Option<Refused> {
    match body {
        SetExpr::Select(select) if select.into.is_some() => {
            Some(Refused::error("SELECT INTO is not allowed here; a rule changes nothing"))
        }
        SetExpr::Select(_) | SetExpr::Query(_) | SetExpr::Values(_) => None,
        SetExpr::SetOperation { left, right, .. } => body_refusal(left).or_else(|| body_refusal(right)),
        _ => Some(Refused::error("only queries are allowed here; a rule reads and changes nothing")),
    }
}
