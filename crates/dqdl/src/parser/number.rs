//! Numeric expressions: four operators of one precedence, parentheses, function calls.

use super::{Parse, Parser};
use crate::ast::{ArithmeticOperator, NumberExpr, NumberKind};
use crate::diagnostic::Problem;
use crate::token::TokenKind;

impl Parser<'_> {
    /// `depth` counts the parentheses and calls around the expression.
    pub(super) fn number(&mut self, depth: usize) -> Parse<NumberExpr> {
        let start = self.token(0).span;
        let first = self.number_atom(depth)?;
        let mut rest = Vec::new();
        while let Some(operator) = self.arithmetic_operator() {
            self.advance();
            rest.push((operator, self.number_atom(depth)?));
        }
        if rest.is_empty() {
            return Ok(first);
        }
        Ok(NumberExpr { kind: NumberKind::Chain { first: Box::new(first), rest }, span: self.span_from(start) })
    }

    fn arithmetic_operator(&self) -> Option<ArithmeticOperator> {
        Some(match self.peek() {
            TokenKind::Symbol('+') => ArithmeticOperator::Add,
            TokenKind::Symbol('-') => ArithmeticOperator::Subtract,
            TokenKind::Symbol('*') => ArithmeticOperator::Multiply,
            TokenKind::Symbol('/') => ArithmeticOperator::Divide,
            _ => return None,
        })
    }

    fn number_atom(&mut self, depth: usize) -> Parse<NumberExpr> {
        let start = self.token(0).span;
        let kind = match self.peek() {
            TokenKind::Integer | TokenKind::Decimal => self.number_literal("")?,
            TokenKind::Symbol('-') if matches!(self.peek_at(1), TokenKind::Integer | TokenKind::Decimal) => {
                self.advance();
                self.number_literal("-")?
            }
            TokenKind::Symbol('(') => {
                self.check_depth(depth)?;
                self.advance();
                let inner = self.number(depth + 1)?;
                self.expect_symbol(')')?;
                NumberKind::Group(Box::new(inner))
            }
            TokenKind::Word if self.peek_at(1) == TokenKind::Symbol('(') => self.call(depth)?,
            _ => {
                let problem = self.unexpected_problem(&["a number", "a function such as `avg(last(10))`"]);
                return Err(self.fail(match self.peek() {
                    TokenKind::Symbol('$') => {
                        problem.help("a variable holds a text or a list of texts, never a number")
                    }
                    _ => problem,
                }));
            }
        };
        Ok(NumberExpr { kind, span: self.span_from(start) })
    }

    fn number_literal(&mut self, sign: &str) -> Parse<NumberKind> {
        let span = self.advance().span;
        let text = format!("{sign}{}", self.slice(span));
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(NumberKind::Literal { value, text }),
            _ => Err(self.fail(Problem::new(span, "this number is too large"))),
        }
    }

    fn call(&mut self, depth: usize) -> Parse<NumberKind> {
        self.check_depth(depth)?;
        let name_span = self.advance().span;
        let name = self.slice(name_span).to_owned();
        self.advance();
        let mut arguments = Vec::new();
        if self.peek() != TokenKind::Symbol(')') {
            loop {
                arguments.push(self.number(depth + 1)?);
                if !self.eat_symbol(',') {
                    break;
                }
            }
        }
        self.expect_symbol(')')?;
        Ok(NumberKind::Call { name, arguments })
    }
}
