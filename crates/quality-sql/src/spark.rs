//! From the SQL that rules are written in, which is Spark's, to DataFusion's, on the parsed query.
//!
//! Names: Spark tells no case of letters apart, DataFusion does. Text: a file of text has text columns, and Spark reads a
//! number from a text wherever it compares or sums it. Time: "now" is when the object arrived, so that a verdict does not
//! depend on the hour it is given.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use datafusion::arrow::datatypes::DataType as Type;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CaseWhen, CastKind, DataType, ExactNumberInfo, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArgumentList, FunctionArguments, Ident, JoinConstraint, JoinOperator, ObjectName, ObjectNamePart, Query,
    Select, SelectItem, SelectItemQualifiedWildcardKind, Statement, TableFactor, TimezoneInfo, UnaryOperator, Value,
    ValueWithSpan, VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::tokenizer::Span;

use crate::bridge::Bridged;
use crate::fault::Refused;

/// Members of an `IN` list that are written out as comparisons.
const MOST_IN_LIST: usize = 500;

/// What is known of the columns of all tables.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// The names that queries use, and the columns' own.
    columns: BTreeMap<String, String>,
    /// Columns that hold text in every table that has them.
    texts: BTreeSet<String>,
    others: BTreeSet<String>,
}

impl Names {
    pub(crate) fn add(&mut self, table: &Bridged) {
        for (field, own) in table.schema.fields().iter().zip(&table.names) {
            let name = field.name().clone();
            self.columns.insert(name.clone(), own.clone());
            let is_text = matches!(field.data_type(), Type::Utf8 | Type::LargeUtf8 | Type::Utf8View);
            if is_text && !self.others.contains(&name) {
                self.texts.insert(name);
            } else if !is_text {
                self.texts.remove(&name);
                self.others.insert(name);
            }
        }
    }

    /// The name that queries use for what is named so: as it is, where some column is named so, else in small letters.
    fn used(&self, name: &str) -> String {
        if self.columns.contains_key(name) { name.to_owned() } else { name.to_lowercase() }
    }

    /// The column whose name is most like this one, if any is.
    pub(crate) fn nearest(&self, name: &str) -> Option<&str> {
        let small = name.to_lowercase();
        let near =
            self.columns.iter().map(|(known, own)| (strsim::damerau_levenshtein(&known.to_lowercase(), &small), own));
        near.filter(|(distance, _)| *distance <= 2.max(small.chars().count() / 3)).min().map(|(_, own)| own.as_str())
    }

    /// Whether the expression is a column of text.
    fn is_text(&self, expr: &Expr) -> bool {
        let name = match expr {
            Expr::Nested(inner) => return self.is_text(inner),
            Expr::Identifier(name) => name,
            Expr::CompoundIdentifier(names) => match names.last() {
                Some(name) => name,
                None => return false,
            },
            _ => return false,
        };
        self.texts.contains(&self.used(&name.value))
    }
}

/// Rewrites a query. `now_epoch_micros` is microseconds since 1970-01-01T00:00Z.
pub(crate) fn rewrite(statement: &mut Statement, names: &Names, now_epoch_micros: i64) -> Result<(), Refused> {
    match statement.visit(&mut Rewriter { names, now_epoch_micros }) {
        ControlFlow::Break(refused) => Err(refused),
        ControlFlow::Continue(()) => Ok(()),
    }
}

struct Rewriter<'a> {
    names: &'a Names,
    now_epoch_micros: i64,
}

impl VisitorMut for Rewriter<'_> {
    type Break = Refused;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Refused> {
        for table in query.with.iter_mut().flat_map(|with| &mut with.cte_tables) {
            small(&mut table.alias.name);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Refused> {
        for item in &mut select.projection {
            match item {
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => small_name(name),
                SelectItem::ExprWithAlias { alias, .. } => alias.value = self.names.used(&alias.value),
                _ => {}
            }
        }
        for join in select.from.iter_mut().flat_map(|from| &mut from.joins) {
            if let Some(JoinConstraint::Using(columns)) = constraint(&mut join.join_operator) {
                columns.iter_mut().for_each(small_name);
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Refused> {
        match factor {
            TableFactor::Table { name, alias, .. } => {
                small_name(name);
                if let Some(alias) = alias {
                    small(&mut alias.name);
                }
            }
            TableFactor::Derived { alias, .. } | TableFactor::NestedJoin { alias, .. } => {
                if let Some(alias) = alias {
                    small(&mut alias.name);
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Refused> {
        match expr {
            Expr::Identifier(name) => name.value = self.names.used(&name.value),
            Expr::CompoundIdentifier(names) => {
                if let Some(whole) = self.dotted_column(names) {
                    *expr = whole;
                }
            }
            // Spark gives NULL for a value that cannot be cast, and cuts the fraction of a number in a text.
            Expr::Cast { kind, expr: of, data_type, .. } => {
                *kind = CastKind::TryCast;
                if is_whole(data_type) && self.names.is_text(of) {
                    let of = take(of);
                    let cut = cast(number(of.clone()), data_type.clone());
                    *expr = call("coalesce", vec![cast(of, data_type.clone()), cut]);
                }
            }
            Expr::Between { expr: of, negated, low, high } if is_column(of) => *expr = between(of, *negated, low, high),
            Expr::InList { expr: of, list, negated }
                if is_column(of) && list.len() <= MOST_IN_LIST && list.iter().any(is_number) =>
            {
                *expr = one_of(of, list, *negated);
            }
            Expr::RLike { negated, expr: of, pattern, .. } => {
                let found = call("regexp_like", vec![take(of), take(pattern)]);
                *expr = if *negated { not(found) } else { found };
            }
            Expr::BinaryOp { left, op: BinaryOperator::Spaceship, right } => {
                *expr = Expr::IsNotDistinctFrom(Box::new(take(left)), Box::new(take(right)));
            }
            Expr::UnaryOp { op: UnaryOperator::Minus, expr: of }
            | Expr::Floor { expr: of, .. }
            | Expr::Ceil { expr: of, .. }
                if self.names.is_text(of) =>
            {
                **of = number(take(of));
            }
            Expr::Function(function) => {
                if let Some(replaced) = self.function(function) {
                    *expr = replaced;
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

impl Rewriter<'_> {
    /// Names the column in `table.column`; what is no table's column but has dots in its name becomes one name.
    fn dotted_column(&self, names: &mut [Ident]) -> Option<Expr> {
        let joined: Vec<&str> = names.iter().map(|name| name.value.as_str()).collect();
        let joined = self.names.used(&joined.join("."));
        if self.names.columns.contains_key(&joined) {
            let span = names.first().map_or_else(Span::empty, |name| name.span);
            return Some(Expr::Identifier(Ident { value: joined, quote_style: Some('"'), span }));
        }
        let (column, tables) = names.split_last_mut()?;
        tables.iter_mut().for_each(small);
        column.value = self.names.used(&column.value);
        None
    }

    fn function(&self, function: &mut Function) -> Option<Expr> {
        let name = match function.name.0.as_slice() {
            [ObjectNamePart::Identifier(name)] => name.value.to_lowercase(),
            _ => return None,
        };
        match name.as_str() {
            "now" | "current_timestamp" | "localtimestamp" => return Some(self.now()),
            "current_date" | "curdate" | "today" => return Some(cast(self.now(), DataType::Date)),
            _ => {}
        }
        if takes_numbers(&name) {
            for argument in arguments(function) {
                if self.names.is_text(argument) {
                    *argument = number(replace(argument));
                }
            }
        }
        let mut given: Vec<&mut Expr> = arguments(function).collect();
        match (name.as_str(), given.as_mut_slice()) {
            ("if" | "iff", [test, yes, no]) => Some(Expr::Case {
                case_token: datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken::empty(),
                end_token: datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken::empty(),
                operand: None,
                conditions: vec![CaseWhen { condition: replace(test), result: replace(yes) }],
                else_result: Some(Box::new(replace(no))),
            }),
            ("isnull", [of]) => Some(Expr::IsNull(Box::new(replace(of)))),
            ("isnotnull", [of]) => Some(Expr::IsNotNull(Box::new(replace(of)))),
            ("year" | "month" | "day" | "hour" | "minute" | "second" | "quarter" | "week", [of]) => {
                let of = cast(replace(of), DataType::Timestamp(None, TimezoneInfo::None));
                Some(call("date_part", vec![text(&name), of]))
            }
            ("rlike" | "regexp", [of, pattern]) => Some(call("regexp_like", vec![replace(of), replace(pattern)])),
            ("to_date", [of]) => Some(cast(replace(of), DataType::Date)),
            ("to_timestamp", [of]) => Some(cast(replace(of), DataType::Timestamp(None, TimezoneInfo::None))),
            ("datediff", [end, start]) => {
                let days = |of: &mut Expr| cast(cast(replace(of), DataType::Date), DataType::Int(None));
                let (end, start) = (days(end), days(start));
                Some(Expr::Nested(Box::new(binary(end, BinaryOperator::Minus, start))))
            }
            _ => None,
        }
    }

    fn now(&self) -> Expr {
        let now = jiff::Timestamp::from_microsecond(self.now_epoch_micros).unwrap_or_default();
        cast(text(&now.to_string()), DataType::Timestamp(None, TimezoneInfo::None))
    }
}

fn takes_numbers(function: &str) -> bool {
    let takes = [
        "sum",
        "avg",
        "mean",
        "stddev",
        "stddev_samp",
        "stddev_pop",
        "std",
        "variance",
        "var",
        "var_samp",
        "var_pop",
        "corr",
        "covar",
        "covar_samp",
        "covar_pop",
        "median",
        "approx_percentile_cont",
        "approx_median",
        "percentile_cont",
        "abs",
        "round",
        "floor",
        "ceil",
        "ceiling",
        "sqrt",
        "power",
        "pow",
        "exp",
        "ln",
        "log",
        "log2",
        "log10",
        "sign",
        "signum",
        "mod",
        "trunc",
        "sin",
        "cos",
        "tan",
    ];
    takes.contains(&function)
}

fn arguments(function: &mut Function) -> impl Iterator<Item = &mut Expr> {
    let list = match &mut function.args {
        FunctionArguments::List(list) => Some(&mut list.args),
        FunctionArguments::None | FunctionArguments::Subquery(_) => None,
    };
    list.into_iter().flatten().filter_map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    })
}

const fn constraint(operator: &mut JoinOperator) -> Option<&mut JoinConstraint> {
    match operator {
        JoinOperator::Join(constraint)
        | JoinOperator::Inner(constraint)
        | JoinOperator::Left(constraint)
        | JoinOperator::LeftOuter(constraint)
        | JoinOperator::Right(constraint)
        | JoinOperator::RightOuter(constraint)
        | JoinOperator::FullOuter(constraint)
        | JoinOperator::LeftSemi(constraint)
        | JoinOperator::LeftAnti(constraint) => Some(constraint),
        _ => None,
    }
}

fn small(name: &mut Ident) {
    name.value = name.value.to_lowercase();
}

fn small_name(name: &mut ObjectName) {
    for part in &mut name.0 {
        if let ObjectNamePart::Identifier(name) = part {
            small(name);
        }
    }
}

const fn is_whole(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::TinyInt(_) | DataType::SmallInt(_) | DataType::Int(_) | DataType::Integer(_) | DataType::BigInt(_)
    )
}

fn is_column(expr: &Expr) -> bool {
    matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_))
}

fn is_number(expr: &Expr) -> bool {
    match expr {
        Expr::Value(value) => matches!(value.value, Value::Number(..)),
        Expr::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus, expr } => is_number(expr),
        Expr::Nested(inner) => is_number(inner),
        _ => false,
    }
}

fn take(of: &mut Box<Expr>) -> Expr {
    std::mem::replace(of.as_mut(), null())
}

fn replace(of: &mut Expr) -> Expr {
    std::mem::replace(of, null())
}

fn null() -> Expr {
    Expr::Value(ValueWithSpan { value: Value::Null, span: Span::empty() })
}

fn text(value: &str) -> Expr {
    Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(value.to_owned()), span: Span::empty() })
}

fn number(of: Expr) -> Expr {
    cast(of, DataType::Double(ExactNumberInfo::None))
}

fn cast(of: Expr, data_type: DataType) -> Expr {
    Expr::Cast { kind: CastKind::TryCast, expr: Box::new(of), data_type, array: false, format: None }
}

fn not(of: Expr) -> Expr {
    Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(Expr::Nested(Box::new(of))) }
}

fn binary(left: Expr, op: BinaryOperator, right: Expr) -> Expr {
    Expr::BinaryOp { left: Box::new(left), op, right: Box::new(right) }
}

fn between(of: &mut Box<Expr>, negated: bool, low: &mut Box<Expr>, high: &mut Box<Expr>) -> Expr {
    let of = take(of);
    let least = binary(of.clone(), BinaryOperator::GtEq, take(low));
    let both = binary(least, BinaryOperator::And, binary(of, BinaryOperator::LtEq, take(high)));
    if negated { not(both) } else { Expr::Nested(Box::new(both)) }
}

fn one_of(of: &mut Box<Expr>, list: &mut Vec<Expr>, negated: bool) -> Expr {
    let of = take(of);
    let equal = std::mem::take(list).into_iter().map(|value| binary(of.clone(), BinaryOperator::Eq, value));
    let any = equal.reduce(|any, one| binary(any, BinaryOperator::Or, one)).unwrap_or_else(null);
    if negated { not(any) } else { Expr::Nested(Box::new(any)) }
}

fn call(name: &str, arguments: Vec<Expr>) -> Expr {
    let args = arguments.into_iter().map(|argument| FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))).collect();
    Expr::Function(Function {
        name: ObjectName(vec![ObjectNamePart::Identifier(Ident::new(name))]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList { duplicate_treatment: None, args, clauses: Vec::new() }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}
