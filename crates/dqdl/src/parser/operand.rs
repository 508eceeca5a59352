//! The right side of an operator, of whichever kind it turns out to be.

use super::rule::ends_a_condition;
use super::{Parse, Parser};
use crate::ast::{DateExpr, DateKind, Duration, DurationUnit, NumberExpr, NumberKind, Size, SizeUnit, VariableValue};
use crate::diagnostic::{Problem, quoted};
use crate::registry::RuleType;
use crate::span::Span;
use crate::token::TokenKind;

/// One operand, with its place.
#[derive(Debug)]
pub(super) struct Operand {
    pub(super) kind: OperandKind,
    pub(super) span: Span,
}

/// What an [`Operand`] is.
#[derive(Debug)]
pub(super) enum OperandKind {
    Number(NumberExpr),
    Date(DateExpr),
    Duration(Duration),
    Size(Size),
    Text(String),
    /// `None` when the variable's declaration was refused.
    Variable(String, Option<VariableValue>),
    Null,
    Empty,
    WhitespacesOnly,
}

impl OperandKind {
    /// The family of operands that may stand together in one condition; NULL is of every family but two.
    pub(super) const fn family(&self) -> &'static str {
        match self {
            Self::Number(_) => "number",
            Self::Date(_) => "date",
            Self::Duration(_) => "duration",
            Self::Size(_) => "size",
            Self::Null => "NULL",
            Self::Text(_) | Self::Variable(..) | Self::Empty | Self::WhitespacesOnly => "text",
        }
    }
}

impl Operand {
    pub(super) fn into_number(self) -> Option<NumberExpr> {
        match self.kind {
            OperandKind::Number(number) => Some(number),
            OperandKind::Null => Some(NumberExpr { kind: NumberKind::Null, span: self.span }),
            _ => None,
        }
    }

    pub(super) fn into_date(self) -> Option<DateExpr> {
        match self.kind {
            OperandKind::Date(date) => Some(date),
            OperandKind::Null => Some(DateExpr { kind: DateKind::Null, span: self.span }),
            _ => None,
        }
    }

    pub(super) fn into_duration(self) -> Option<Duration> {
        match self.kind {
            OperandKind::Duration(duration) => Some(duration),
            _ => None,
        }
    }

    pub(super) fn into_size(self) -> Option<Size> {
        match self.kind {
            OperandKind::Size(size) => Some(size),
            _ => None,
        }
    }
}

/// Whether `word` after a number is meant as its unit, rather than as the next part or the next rule.
fn may_be_a_unit(word: &str) -> bool {
    !ends_a_condition(word) && RuleType::from_name(word).is_none()
}

impl Parser<'_> {
    pub(super) fn operand(&mut self) -> Parse<Operand> {
        let span = self.token(0).span;
        let kind = match self.peek() {
            TokenKind::Text => {
                self.advance();
                OperandKind::Text(self.inner_text(span).to_owned())
            }
            TokenKind::Null => self.word_operand(OperandKind::Null),
            TokenKind::Empty => self.word_operand(OperandKind::Empty),
            TokenKind::WhitespacesOnly => self.word_operand(OperandKind::WhitespacesOnly),
            TokenKind::Symbol('$') => {
                let (name, value, _) = self.variable_use()?;
                OperandKind::Variable(name, value)
            }
            TokenKind::Integer | TokenKind::Decimal => self.quantity_or_number()?,
            _ if self.at_date() => OperandKind::Date(self.date()?),
            _ => OperandKind::Number(self.number(0)?),
        };
        Ok(Operand { kind, span: self.span_from(span) })
    }

    fn word_operand(&mut self, kind: OperandKind) -> OperandKind {
        self.advance();
        kind
    }

    /// `3 days`, `5 MB`, or a number.
    fn quantity_or_number(&mut self) -> Parse<OperandKind> {
        let number = self.token(0);
        let Some(unit) = self.word_at(1).filter(|word| may_be_a_unit(word)) else {
            return Ok(OperandKind::Number(self.number(0)?));
        };
        let unit_span = self.token(1).span;
        if number.kind == TokenKind::Decimal {
            let message = format!("{} is no whole number", self.slice(number.span));
            return Err(self.fail(Problem::new(number.span, message).help("use a smaller unit")));
        }
        if let Some(duration) = self.duration_at(unit)? {
            return Ok(OperandKind::Duration(duration));
        }
        if let Some(size) = self.size_at(unit)? {
            return Ok(OperandKind::Size(size));
        }
        let units =
            || DurationUnit::ALL.iter().map(|unit| unit.as_str()).chain(SizeUnit::ALL.iter().map(|unit| unit.as_str()));
        let problem = Problem::new(unit_span, format!("unknown unit {}", quoted(unit))).expected(units());
        Err(self.fail(problem.did_you_mean(unit, units())))
    }

    /// The current integer as a duration, when `unit` is one of its units.
    pub(super) fn duration_at(&mut self, unit: &str) -> Parse<Option<Duration>> {
        let Some(unit) = DurationUnit::ALL.into_iter().find(|known| known.as_str() == unit) else { return Ok(None) };
        let number = self.advance().span;
        self.advance();
        let Ok(amount) = self.slice(number).parse() else {
            return Err(self.fail(Problem::new(number, format!("more {} than can be counted", unit.as_str()))));
        };
        Ok(Some(Duration { amount, unit, span: self.span_from(number) }))
    }

    fn size_at(&mut self, unit: &str) -> Parse<Option<Size>> {
        let Some(unit) = SizeUnit::ALL.into_iter().find(|known| known.as_str() == unit) else { return Ok(None) };
        let number = self.advance().span;
        self.advance();
        let Ok(amount) = self.slice(number).parse() else {
            return Err(self.fail(Problem::new(number, format!("more {} than can be counted", unit.as_str()))));
        };
        Ok(Some(Size { amount, unit: Some(unit), span: self.span_from(number) }))
    }
}
