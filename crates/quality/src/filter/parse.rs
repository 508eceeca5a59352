//! From Spark SQL to the tree of a predicate.

use sqlparser::ast::{
    BinaryOperator, DataType, Expr as Sql, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, UnaryOperator, Value,
};
use sqlparser::dialect::DatabricksDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::FilterError;
use super::expr::{Comparison, Expr, Operation, Scalar, Target};
use super::function::Function;
use crate::pattern::find_anywhere;
use crate::plan::{Planner, find_column};
use crate::value::DAY_MICROS;

const MAX_BYTES: usize = 4 << 10;
const MAX_DEPTH: usize = 150;
const MAX_PARSER_DEPTH: usize = 50;

pub(super) fn compile(text: &str, planner: &mut Planner<'_>) -> Result<Expr, FilterError> {
    if text.len() > MAX_BYTES {
        return Err(FilterError::Long(MAX_BYTES));
    }
    let syntax = |error: sqlparser::parser::ParserError| FilterError::Syntax(error.to_string());
    let mut parser =
        Parser::new(&DatabricksDialect {}).with_recursion_limit(MAX_PARSER_DEPTH).try_with_sql(text).map_err(syntax)?;
    let tree = parser.parse_expr().map_err(syntax)?;
    let next = parser.peek_token();
    if next.token != Token::EOF {
        return Err(FilterError::Syntax(format!("`{}` does not belong there", next.token)));
    }
    build(&tree, planner)
}

pub(super) fn build(tree: &Sql, planner: &mut Planner<'_>) -> Result<Expr, FilterError> {
    Builder { planner }.expr(tree, 0)
}

struct Builder<'a, 'p> {
    planner: &'a mut Planner<'p>,
}

impl Builder<'_, '_> {
    fn boxed(&mut self, sql: &Sql, depth: usize) -> Result<Box<Expr>, FilterError> {
        self.expr(sql, depth).map(Box::new)
    }

    fn list(&mut self, list: &[Sql], depth: usize) -> Result<Vec<Expr>, FilterError> {
        list.iter().map(|item| self.expr(item, depth)).collect()
    }

    fn expr(&mut self, sql: &Sql, depth: usize) -> Result<Expr, FilterError> {
        if depth > MAX_DEPTH {
            return Err(FilterError::Deep(MAX_DEPTH));
        }
        let depth = depth + 1;
        let is_truth = |of, truth, negated| Ok(Expr::IsTruth { of, truth, negated });
        match sql {
            Sql::Nested(inner) => self.expr(inner, depth),
            Sql::Value(value) => literal(&value.value).map(Expr::Literal),
            Sql::TypedString(typed) => {
                let text = Scalar::Text(literal(&typed.value.value)?.text().unwrap_or_default());
                let to = target(&typed.data_type)?;
                Ok(Expr::Cast { of: Box::new(Expr::Literal(text)), to })
            }
            Sql::Identifier(name) => self.column(std::slice::from_ref(name)),
            Sql::CompoundIdentifier(names) => self.column(names),
            Sql::IsTrue(of) => is_truth(self.boxed(of, depth)?, true, false),
            Sql::IsNotTrue(of) => is_truth(self.boxed(of, depth)?, true, true),
            Sql::IsFalse(of) => is_truth(self.boxed(of, depth)?, false, false),
            Sql::IsNotFalse(of) => is_truth(self.boxed(of, depth)?, false, true),
            Sql::IsNull(of) | Sql::IsUnknown(of) => Ok(Expr::IsNull { of: self.boxed(of, depth)?, negated: false }),
            Sql::IsNotNull(of) | Sql::IsNotUnknown(of) => {
                Ok(Expr::IsNull { of: self.boxed(of, depth)?, negated: true })
            }
            Sql::IsNotDistinctFrom(left, right) => {
                Ok(Expr::Compare(Comparison::EqualOrBothNull, self.boxed(left, depth)?, self.boxed(right, depth)?))
            }
            Sql::IsDistinctFrom(left, right) => Ok(Expr::Not(Box::new(Expr::Compare(
                Comparison::EqualOrBothNull,
                self.boxed(left, depth)?,
                self.boxed(right, depth)?,
            )))),
            Sql::InList { expr, list, negated } => {
                Ok(Expr::In { of: self.boxed(expr, depth)?, list: self.list(list, depth)?, negated: *negated })
            }
            Sql::Between { expr, negated, low, high } => Ok(Expr::Between {
                of: self.boxed(expr, depth)?,
                low: self.boxed(low, depth)?,
                high: self.boxed(high, depth)?,
                negated: *negated,
            }),
            Sql::BinaryOp { left, op, right } => self.binary(left, op, right, depth),
            Sql::UnaryOp { op, expr } => match op {
                UnaryOperator::Not => Ok(Expr::Not(self.boxed(expr, depth)?)),
                UnaryOperator::Minus => Ok(Expr::Negative(self.boxed(expr, depth)?)),
                UnaryOperator::Plus => self.expr(expr, depth),
                other => Err(FilterError::Unsupported(other.to_string())),
            },
            Sql::Like { negated, any: false, expr, pattern, escape_char: None } => {
                self.pattern(expr, &like(pattern)?, *negated, depth)
            }
            Sql::ILike { negated, any: false, expr, pattern, escape_char: None } => {
                self.pattern(expr, &format!("(?i){}", like(pattern)?), *negated, depth)
            }
            Sql::RLike { negated, expr, pattern, .. } => {
                let text = text_literal(pattern)?;
                Ok(Expr::Matches { of: self.boxed(expr, depth)?, pattern: find_anywhere(&text)?, negated: *negated })
            }
            Sql::Case { operand, conditions, else_result, .. } => {
                let mut branches = Vec::with_capacity(conditions.len());
                for branch in conditions {
                    let condition = match operand {
                        None => self.expr(&branch.condition, depth)?,
                        Some(operand) => Expr::Compare(
                            Comparison::Equal,
                            self.boxed(operand, depth)?,
                            self.boxed(&branch.condition, depth)?,
                        ),
                    };
                    branches.push((condition, self.expr(&branch.result, depth)?));
                }
                let otherwise = else_result.as_ref().map(|result| self.boxed(result, depth)).transpose()?;
                Ok(Expr::Case { branches, otherwise })
            }
            Sql::Cast { expr, data_type, format: None, .. } => {
                Ok(Expr::Cast { of: self.boxed(expr, depth)?, to: target(data_type)? })
            }
            Sql::Trim { trim_where: None, trim_what: None, expr, trim_characters: None } => {
                Ok(Expr::Call { function: Function::Trim, arguments: vec![self.expr(expr, depth)?] })
            }
            Sql::Substring { expr, substring_from: Some(from), substring_for, .. } => {
                let mut arguments = vec![self.expr(expr, depth)?, self.expr(from, depth)?];
                if let Some(length) = substring_for {
                    arguments.push(self.expr(length, depth)?);
                }
                Ok(Expr::Call { function: Function::Substring, arguments })
            }
            Sql::Floor { expr, .. } => {
                Ok(Expr::Call { function: Function::Floor, arguments: vec![self.expr(expr, depth)?] })
            }
            Sql::Ceil { expr, .. } => {
                Ok(Expr::Call { function: Function::Ceiling, arguments: vec![self.expr(expr, depth)?] })
            }
            Sql::Function(function) => self.function(function, depth),
            other => Err(FilterError::Unsupported(short(&other.to_string()))),
        }
    }

    fn binary(&mut self, left: &Sql, op: &BinaryOperator, right: &Sql, depth: usize) -> Result<Expr, FilterError> {
        let (left, right) = (self.boxed(left, depth)?, self.boxed(right, depth)?);
        let comparison = match op {
            BinaryOperator::And => return Ok(Expr::And(left, right)),
            BinaryOperator::Or => return Ok(Expr::Or(left, right)),
            BinaryOperator::Eq => Some(Comparison::Equal),
            BinaryOperator::NotEq => Some(Comparison::NotEqual),
            BinaryOperator::Spaceship => Some(Comparison::EqualOrBothNull),
            BinaryOperator::Lt => Some(Comparison::Less),
            BinaryOperator::LtEq => Some(Comparison::LessOrEqual),
            BinaryOperator::Gt => Some(Comparison::Greater),
            BinaryOperator::GtEq => Some(Comparison::GreaterOrEqual),
            _ => None,
        };
        if let Some(comparison) = comparison {
            return Ok(Expr::Compare(comparison, left, right));
        }
        let operation = match op {
            BinaryOperator::Plus => Operation::Add,
            BinaryOperator::Minus => Operation::Subtract,
            BinaryOperator::Multiply => Operation::Multiply,
            BinaryOperator::Divide => Operation::Divide,
            BinaryOperator::Modulo => Operation::Remainder,
            BinaryOperator::StringConcat => {
                return Ok(Expr::Call { function: Function::Concat, arguments: vec![*left, *right] });
            }
            other => return Err(FilterError::Unsupported(other.to_string())),
        };
        Ok(Expr::Arithmetic(operation, left, right))
    }

    fn pattern(&mut self, of: &Sql, pattern: &str, negated: bool, depth: usize) -> Result<Expr, FilterError> {
        let pattern = find_anywhere(&format!(r"(?s)\A{pattern}\z"))?;
        Ok(Expr::Matches { of: self.boxed(of, depth)?, pattern, negated })
    }

    /// A column by its whole name, or below the name `primary` that `CustomSql` knows.
    fn column(&mut self, names: &[Ident]) -> Result<Expr, FilterError> {
        let joined = |names: &[Ident]| names.iter().map(|name| name.value.as_str()).collect::<Vec<_>>().join(".");
        let mut name = joined(names);
        if let (None, [alias, rest @ ..]) = (find_column(self.planner.schema, &name), names)
            && alias.value.eq_ignore_ascii_case("primary")
            && !rest.is_empty()
        {
            name = joined(rest);
        }
        if find_column(self.planner.schema, &name).is_none() && names.len() == 1 {
            let now = self.planner.options.now_epoch_micros;
            match name.to_ascii_lowercase().as_str() {
                "current_date" => return Ok(Expr::Literal(Scalar::Day(now.div_euclid(DAY_MICROS)))),
                "current_timestamp" => return Ok(Expr::Literal(Scalar::Instant(now))),
                _ => {}
            }
        }
        self.planner.column(&name).map(Expr::Column).map_err(|refusal| FilterError::Column(refusal.message))
    }

    fn function(&mut self, call: &sqlparser::ast::Function, depth: usize) -> Result<Expr, FilterError> {
        let name = call.name.to_string();
        let unsupported = || FilterError::Unsupported(short(&call.to_string()));
        let arguments: Vec<&Sql> = match &call.args {
            FunctionArguments::None => Vec::new(),
            FunctionArguments::List(list) if list.clauses.is_empty() && list.duplicate_treatment.is_none() => list
                .args
                .iter()
                .map(|argument| match argument {
                    FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Ok(expr),
                    _ => Err(unsupported()),
                })
                .collect::<Result<_, _>>()?,
            _ => return Err(unsupported()),
        };
        let now = self.planner.options.now_epoch_micros;
        match name.to_ascii_lowercase().as_str() {
            "current_date" | "curdate" => return Ok(Expr::Literal(Scalar::Day(now.div_euclid(DAY_MICROS)))),
            "now" | "current_timestamp" => return Ok(Expr::Literal(Scalar::Instant(now))),
            "date_sub" | "date_add" => {
                let [date, days] = arguments.as_slice() else { return Err(unsupported()) };
                let date = Expr::Cast { of: self.boxed(date, depth)?, to: Target::Day };
                let operation =
                    if name.eq_ignore_ascii_case("date_sub") { Operation::Subtract } else { Operation::Add };
                return Ok(Expr::Arithmetic(operation, Box::new(date), self.boxed(days, depth)?));
            }
            "rlike" | "regexp" | "regexp_like" => {
                let [of, pattern] = arguments.as_slice() else { return Err(unsupported()) };
                let pattern = find_anywhere(&text_literal(pattern)?)?;
                return Ok(Expr::Matches { of: self.boxed(of, depth)?, pattern, negated: false });
            }
            _ => {}
        }
        let (function, count) = Function::from_name(&name).ok_or_else(unsupported)?;
        if !count.contains(&arguments.len()) {
            return Err(unsupported());
        }
        let arguments = arguments.into_iter().map(|argument| self.expr(argument, depth)).collect::<Result<_, _>>()?;
        Ok(Expr::Call { function, arguments })
    }
}

/// What a message quotes of a clause: it is the ruleset's text, never a cell.
fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

fn literal(value: &Value) -> Result<Scalar<'static>, FilterError> {
    Ok(match value {
        Value::Number(text, _) => match crate::value::parse_number(text.as_bytes()) {
            Some(number) => Scalar::Number(number),
            None => return Err(FilterError::Unsupported(short(text))),
        },
        Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) => Scalar::Text(text.clone().into()),
        Value::Boolean(truth) => Scalar::Truth(*truth),
        Value::Null => Scalar::Null,
        other => return Err(FilterError::Unsupported(short(&other.to_string()))),
    })
}

fn text_literal(sql: &Sql) -> Result<String, FilterError> {
    match sql {
        Sql::Value(value) => match literal(&value.value)? {
            Scalar::Text(text) => Ok(text.into_owned()),
            _ => Err(FilterError::Unsupported(short(&sql.to_string()))),
        },
        other => Err(FilterError::Unsupported(short(&other.to_string()))),
    }
}

/// The regular expression of a LIKE pattern: `%` any text, `_` one character, a backslash takes the next as it is.
fn like(pattern: &Sql) -> Result<String, FilterError> {
    let text = text_literal(pattern)?;
    let mut regex = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '%' => regex.push_str(".*"),
            '_' => regex.push('.'),
            '\\' => {
                let next = characters.next().unwrap_or('\\');
                regex.push_str(&regex::escape(next.encode_utf8(&mut [0; 4])));
            }
            other => regex.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
        }
    }
    Ok(regex)
}

fn target(data_type: &DataType) -> Result<Target, FilterError> {
    let name = data_type.to_string().to_ascii_uppercase();
    let plain = name.split(['(', ' ']).next().unwrap_or_default();
    Ok(match plain {
        "INT" | "INTEGER" | "BIGINT" | "LONG" | "SMALLINT" | "TINYINT" => Target::Whole,
        "DOUBLE" | "FLOAT" | "REAL" | "DECIMAL" | "NUMERIC" | "DEC" => Target::Number,
        "STRING" | "VARCHAR" | "CHAR" | "TEXT" => Target::Text,
        "BOOLEAN" | "BOOL" => Target::Truth,
        "DATE" => Target::Day,
        "TIMESTAMP" => Target::Instant,
        _ => return Err(FilterError::Unsupported(name)),
    })
}
