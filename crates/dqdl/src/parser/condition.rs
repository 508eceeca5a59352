//! Conditions: an operator, then operands that must be of one kind.

use super::operand::{Operand, OperandKind};
use super::{Parse, Parser, Reported};
use crate::ast::{
    CompareOperator, Condition, DateCondition, DurationCondition, NumberCondition, SizeCondition, StringCondition,
    StringOperand, StringSet, StringTest, Test, VariableValue,
};
use crate::diagnostic::Problem;
use crate::span::Span;
use crate::token::TokenKind;

impl Parser<'_> {
    /// The condition that starts here, if one does.
    pub(super) fn condition(&mut self) -> Parse<Option<Condition>> {
        let start = self.token(0).span;
        let condition = match self.peek() {
            TokenKind::Not => {
                self.advance();
                self.negatable(true, start)?
            }
            TokenKind::Between | TokenKind::In => self.negatable(false, start)?,
            TokenKind::Word if self.word() == Some("matches") => self.negatable(false, start)?,
            _ => {
                let Some(operator) = self.compare_operator()? else { return Ok(None) };
                let operand = self.operand()?;
                self.comparison(operator, operand, start)?
            }
        };
        Ok(Some(condition))
    }

    fn compare_operator(&mut self) -> Parse<Option<CompareOperator>> {
        let operator = match self.peek() {
            TokenKind::Symbol('=') => CompareOperator::Equal,
            TokenKind::Symbol('!') => {
                self.advance();
                self.expect_symbol('=')?;
                return Ok(Some(CompareOperator::NotEqual));
            }
            TokenKind::Symbol('>') => CompareOperator::Greater,
            TokenKind::Symbol('<') => CompareOperator::Less,
            TokenKind::GreaterOrEqual => CompareOperator::GreaterOrEqual,
            TokenKind::LessOrEqual => CompareOperator::LessOrEqual,
            _ => return Ok(None),
        };
        self.advance();
        Ok(Some(operator))
    }

    fn negatable(&mut self, negated: bool, start: Span) -> Parse<Condition> {
        match self.peek() {
            TokenKind::Between => self.between(negated, start),
            TokenKind::In => self.membership(negated, start),
            TokenKind::Word if self.word() == Some("matches") => self.pattern(negated, start),
            _ => Err(self.unexpected(&["`between`", "`in`", "`matches`"])),
        }
    }

    fn between(&mut self, negated: bool, start: Span) -> Parse<Condition> {
        self.advance();
        let low = self.operand()?;
        if !self.eat(TokenKind::And) {
            return Err(self.unexpected(&["`and`"]));
        }
        let high = self.operand()?;
        let span = self.span_from(start);
        match self.common_family(&[&low, &high])? {
            "text" => Err(self.texts_have_no_order(span)),
            family => self.build(family, span, Test::Between { negated, low, high }),
        }
    }

    fn membership(&mut self, negated: bool, start: Span) -> Parse<Condition> {
        self.advance();
        if self.peek() == TokenKind::Symbol('$') {
            let (name, value, span) = self.variable_use()?;
            let operands = match value {
                Some(VariableValue::List(operands)) => operands,
                Some(VariableValue::Text(raw)) => [StringOperand::Text { raw, variable: None }].into(),
                None => return Err(Reported),
            };
            let set = StringSet { operands, variable: Some(name) };
            let span = start.to(span);
            return Ok(Condition::String(StringCondition { test: StringTest::In { negated, set }, span }));
        }
        self.expect_symbol('[')?;
        let mut operands = Vec::new();
        loop {
            operands.push(self.operand()?);
            if !self.eat_symbol(',') {
                break;
            }
        }
        self.expect_symbol(']')?;
        let span = self.span_from(start);
        let family = self.common_family(&operands.iter().collect::<Vec<_>>())?;
        if matches!(family, "text" | "NULL") {
            let operands: Parse<Vec<_>> = operands.into_iter().map(|operand| self.string_operand(operand)).collect();
            let set = StringSet { operands: operands?.into(), variable: None };
            return Ok(Condition::String(StringCondition { test: StringTest::In { negated, set }, span }));
        }
        self.build(family, span, Test::In { negated, operands })
    }

    fn pattern(&mut self, negated: bool, start: Span) -> Parse<Condition> {
        self.advance();
        let operand = if self.peek() == TokenKind::Symbol('$') {
            self.operand()?
        } else {
            let (text, span) = self.expect_text("a quoted regular expression")?;
            Operand { kind: OperandKind::Text(text.to_owned()), span }
        };
        let pattern = self.string_operand(operand)?;
        let test = StringTest::Matches { negated, pattern };
        Ok(Condition::String(StringCondition { test, span: self.span_from(start) }))
    }

    fn comparison(&mut self, operator: CompareOperator, operand: Operand, start: Span) -> Parse<Condition> {
        let span = self.span_from(start);
        let is_equality = matches!(operator, CompareOperator::Equal | CompareOperator::NotEqual);
        match operand.kind.family() {
            "text" if !is_equality => Err(self.texts_have_no_order(span)),
            "text" | "NULL" if is_equality => {
                let operand = self.string_operand(operand)?;
                let test = StringTest::Equal { negated: operator == CompareOperator::NotEqual, operand };
                Ok(Condition::String(StringCondition { test, span }))
            }
            family => self.build(family, span, Test::Compare { operator, operand }),
        }
    }

    fn texts_have_no_order(&mut self, span: Span) -> Reported {
        let problem = Problem::new(span, "texts have no order in DQDL");
        self.fail(problem.help("compare texts with `=`, `!=`, `in` or `matches`; write numbers without quotes"))
    }

    /// The family that every operand belongs to.
    fn common_family(&mut self, operands: &[&Operand]) -> Parse<&'static str> {
        let mut common = "NULL";
        for operand in operands {
            let family = operand.kind.family();
            if common == "NULL" {
                common = family;
            } else if family != common && family != "NULL" {
                let message = format!("a {family} stands where a {common} is expected");
                let problem = Problem::new(operand.span, message);
                return Err(self.fail(problem.help("write all operands of one condition in the same way")));
            }
        }
        Ok(common)
    }

    /// Makes the condition of a family other than text.
    fn build(&mut self, family: &str, span: Span, test: Test<Operand>) -> Parse<Condition> {
        let condition = match family {
            "date" => test.try_map(Operand::into_date).map(|test| Condition::Date(DateCondition { test, span })),
            "duration" => {
                test.try_map(Operand::into_duration).map(|test| Condition::Duration(DurationCondition { test, span }))
            }
            "size" => test.try_map(Operand::into_size).map(|test| Condition::Size(SizeCondition { test, span })),
            _ => test.try_map(Operand::into_number).map(|test| Condition::Number(NumberCondition { test, span })),
        };
        condition.ok_or_else(|| self.fail(Problem::new(span, "NULL cannot stand among durations or sizes")))
    }

    fn string_operand(&mut self, operand: Operand) -> Parse<StringOperand> {
        Ok(match operand.kind {
            OperandKind::Text(text) => StringOperand::Text { raw: text.into(), variable: None },
            OperandKind::Empty => StringOperand::Empty,
            OperandKind::WhitespacesOnly => StringOperand::WhitespacesOnly,
            OperandKind::Variable(name, Some(VariableValue::Text(raw))) => {
                StringOperand::Text { raw, variable: Some(name) }
            }
            OperandKind::Variable(name, Some(VariableValue::List(_))) => {
                let problem = Problem::new(operand.span, format!("variable {name} holds a list"));
                return Err(self.fail(problem.help(format!("write `in ${name}`"))));
            }
            OperandKind::Variable(_, None) => return Err(Reported),
            _ => StringOperand::Null,
        })
    }
}
