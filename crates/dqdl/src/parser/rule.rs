//! Rules and analyzers, and the composites that `and` and `or` make of rules.

use super::{Parse, Parser, Reported};
use crate::ast::{
    Analyzer, Condition, Connector, Label, NumberCondition, Parameter, ParameterForm, Rule, RuleExpr, RuleNode, Tag,
    VariableValue, WhereClause,
};
use crate::diagnostic::{Problem, quoted};
use crate::registry::RuleType;
use crate::span::Span;
use crate::token::TokenKind;
use crate::validate;

/// Whether `word` starts a part of a rule after its parameters, so that it is neither a parameter nor a unit.
pub(super) fn ends_a_condition(word: &str) -> bool {
    matches!(word, "matches" | "with" | "where" | "labels")
}

/// What a rule is made of after its type and parameters.
#[derive(Default)]
struct Tail {
    where_clause: Option<WhereClause>,
    threshold: Option<NumberCondition>,
    tags: Vec<Tag>,
    labels: Vec<Label>,
    end: Span,
}

impl Parser<'_> {
    /// `[ rule, rule ]`; `inherited` are the keys of the default labels.
    pub(super) fn rules(&mut self, inherited: &[String]) -> Parse<Vec<RuleExpr>> {
        let rules = self.list(|parser| parser.disjunction(0))?;
        for rule in &rules {
            if !inherited.is_empty() {
                let further = inherited.iter().filter(|key| rule.labels.iter().all(|label| label.key != **key));
                self.check_label_count(rule.labels.len() + further.count(), rule.span);
            }
        }
        Ok(rules)
    }

    /// `[ analyzer, analyzer ]`.
    pub(super) fn analyzers(&mut self) -> Parse<Vec<Analyzer>> {
        self.list(Self::analyzer)
    }

    /// A list in brackets that may be empty. After an element that cannot be read, goes on with the next one.
    fn list<T>(&mut self, element: impl Fn(&mut Self) -> Parse<T>) -> Parse<Vec<T>> {
        self.expect_symbol('[')?;
        let mut elements = Vec::new();
        if self.eat_symbol(']') {
            return Ok(elements);
        }
        loop {
            let first = self.position;
            let outcome = element(self).and_then(|element| {
                if matches!(self.peek(), TokenKind::Symbol(',' | ']')) {
                    return Ok(element);
                }
                Err(self.unexpected_after_rule())
            });
            match outcome {
                Ok(element) => elements.push(element),
                Err(Reported) => self.skip_element(first),
            }
            self.give_up_when_full();
            if self.eat_symbol(']') || self.peek() == TokenKind::End {
                return Ok(elements);
            }
            self.advance();
        }
    }

    fn unexpected_after_rule(&mut self) -> Reported {
        let problem = self.unexpected_problem(&["`,`", "`]`"]);
        let help = match self.peek() {
            TokenKind::Symbol('-' | '/' | ':' | '*' | '$') => {
                Some("names with characters other than letters, digits, `_` and `.` need double quotes around them")
            }
            TokenKind::Word if self.word().and_then(RuleType::from_name).is_some() => Some("separate rules with `,`"),
            TokenKind::Word if self.word() == Some("where") => Some("`where` stands right after the condition"),
            TokenKind::Word if self.word() == Some("threshold") => Some("write `with threshold`"),
            _ => None,
        };
        self.fail(match help {
            Some(help) => problem.help(help),
            None => problem,
        })
    }

    /// Goes to the `,` or `]` that ends the element which started at token `first`, but never back.
    fn skip_element(&mut self, first: usize) {
        let reached = self.position;
        self.position = first;
        let (mut brackets, mut parentheses) = (0_usize, 0_usize);
        loop {
            match self.peek() {
                TokenKind::End => return,
                TokenKind::Symbol('[') => brackets += 1,
                TokenKind::Symbol(']') if brackets == 0 && self.position >= reached => return,
                TokenKind::Symbol(']') => brackets = brackets.saturating_sub(1),
                TokenKind::Symbol('(') => parentheses += 1,
                TokenKind::Symbol(')') => parentheses = parentheses.saturating_sub(1),
                TokenKind::Symbol(',') if brackets == 0 && self.position >= reached => {
                    let rule_follows = self.word_at(1).and_then(RuleType::from_name).is_some();
                    if parentheses == 0 || rule_follows {
                        return;
                    }
                }
                _ => {}
            }
            self.position += 1;
        }
    }

    fn disjunction(&mut self, depth: usize) -> Parse<RuleExpr> {
        self.joined(TokenKind::Or, RuleNode::Or, |parser| parser.conjunction(depth))
    }

    fn conjunction(&mut self, depth: usize) -> Parse<RuleExpr> {
        self.joined(TokenKind::And, RuleNode::And, |parser| parser.rule_atom(depth))
    }

    fn joined(
        &mut self,
        operator: TokenKind,
        node: impl Fn(Vec<RuleExpr>) -> RuleNode,
        part: impl Fn(&mut Self) -> Parse<RuleExpr>,
    ) -> Parse<RuleExpr> {
        let start = self.token(0).span;
        let first = part(self)?;
        if self.peek() != operator {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.eat(operator) {
            parts.push(part(self)?);
        }
        Ok(RuleExpr { node: node(flatten(parts, operator)), labels: Vec::new(), span: self.span_from(start) })
    }

    fn rule_atom(&mut self, depth: usize) -> Parse<RuleExpr> {
        if self.peek() != TokenKind::Symbol('(') {
            return self.rule();
        }
        self.check_depth(depth)?;
        self.advance();
        let mut inner = self.disjunction(depth + 1)?;
        self.expect_symbol(')')?;
        if self.at_labels() {
            let start = self.token(0).span;
            let labels = self.labels()?;
            if inner.labels.is_empty() {
                inner.labels = labels;
            } else {
                self.refuse_second_labels(start);
            }
        }
        Ok(inner)
    }

    fn refuse_second_labels(&mut self, span: Span) {
        self.sink.report(Problem::new(span, "a rule has at most one list of labels").help("join the two lists"));
    }

    fn rule(&mut self) -> Parse<RuleExpr> {
        let errors_before = self.sink.error_count();
        let start = self.token(0).span;
        let rule_type = self.rule_type("a rule such as `IsComplete \"column\"`")?;
        let parameters = self.parameters(rule_type)?;
        let condition = self.condition()?;
        let tail = self.tail(rule_type)?;
        let Some(rule_type) = rule_type else { return Err(Reported) };
        let span = start.to(tail.end);
        let Tail { where_clause, threshold, tags, labels, .. } = tail;
        let mut rule = Rule { rule_type, parameters, condition, where_clause, threshold, tags, span };
        if self.sink.error_count() == errors_before {
            validate::rule(&mut rule, start, &mut self.sink);
        }
        Ok(RuleExpr { node: RuleNode::Rule(Box::new(rule)), labels, span })
    }

    fn analyzer(&mut self) -> Parse<Analyzer> {
        let start = self.token(0).span;
        let rule_type = self.rule_type("an analyzer such as `Completeness \"column\"`")?;
        let parameters = self.parameters(rule_type)?;
        let mut tags = Vec::new();
        while self.word() == Some("with") {
            self.advance();
            self.tags(rule_type, &mut tags)?;
        }
        if self.compare_operator_follows() {
            let problem = self.unexpected_problem(&["`,`", "`]`"]);
            return Err(self.fail(problem.help("an analyzer has no condition; a rule in `Rules` has")));
        }
        let Some(rule_type) = rule_type else { return Err(Reported) };
        let analyzer = Analyzer { rule_type, parameters, tags, span: self.span_from(start) };
        validate::analyzer(&analyzer, start, &mut self.sink);
        Ok(analyzer)
    }

    fn compare_operator_follows(&self) -> bool {
        use TokenKind::{Between, GreaterOrEqual, In, LessOrEqual, Not, Symbol};
        matches!(self.peek(), Symbol('=' | '>' | '<' | '!') | GreaterOrEqual | LessOrEqual | Between | In | Not)
    }

    /// The type, or `None` after reporting an unknown one, so that the rest of the rule is still read.
    fn rule_type(&mut self, expected: &str) -> Parse<Option<RuleType>> {
        let Some(name) = self.word() else { return Err(self.unexpected(&[expected])) };
        let span = self.advance().span;
        let rule_type = RuleType::from_name(name);
        if rule_type.is_none() {
            let problem = Problem::new(span, format!("unknown rule type {}", quoted(name)));
            self.sink.report(problem.did_you_mean(name, RuleType::ALL.iter().map(|known| known.name())));
        }
        Ok(rule_type)
    }

    fn parameters(&mut self, rule_type: Option<RuleType>) -> Parse<Vec<Parameter>> {
        let mut parameters = Vec::new();
        loop {
            let connector = match self.peek() {
                TokenKind::Of => Some(Connector::Of),
                TokenKind::And if self.and_joins_parameters(rule_type) => Some(Connector::And),
                _ => None,
            };
            if connector.is_some() {
                self.advance();
            }
            match self.parameter(connector)? {
                Some(parameter) => parameters.push(parameter),
                None if connector.is_some() => return Err(self.unexpected(&["a parameter"])),
                None => return Ok(parameters),
            }
        }
    }

    /// `and` before a rule type joins rules, except among the parameters of `DetectAnomalies`, which name rule types.
    fn and_joins_parameters(&self, rule_type: Option<RuleType>) -> bool {
        match self.peek_at(1) {
            TokenKind::Text | TokenKind::Symbol('$') => true,
            TokenKind::Word => {
                let names_a_rule_type = self.word_at(1).and_then(RuleType::from_name).is_some();
                !names_a_rule_type || rule_type == Some(RuleType::DetectAnomalies)
            }
            _ => false,
        }
    }

    fn parameter(&mut self, connector: Option<Connector>) -> Parse<Option<Parameter>> {
        let span = self.token(0).span;
        let parameter = match self.peek() {
            TokenKind::Text => {
                self.advance();
                Parameter { connector, value: self.inner_text(span).into(), form: ParameterForm::Quoted, span }
            }
            TokenKind::Word if !self.word().is_some_and(ends_a_condition) => {
                self.advance();
                Parameter { connector, value: self.slice(span).into(), form: ParameterForm::Bare, span }
            }
            TokenKind::Symbol('$') => match self.variable_use()? {
                (name, Some(VariableValue::Text(value)), span) => {
                    Parameter { connector, value, form: ParameterForm::Variable(name), span }
                }
                (name, Some(VariableValue::List(_)), span) => {
                    let message = format!("variable {name} holds a list, and a parameter is one text");
                    return Err(self.fail(Problem::new(span, message)));
                }
                (_, None, _) => return Err(Reported),
            },
            TokenKind::Date | TokenKind::Time => return Err(self.date_is_no_text(span, "a quoted parameter")),
            _ => return Ok(None),
        };
        Ok(Some(parameter))
    }

    /// `where`, then tags, threshold and labels in any order: AWS's documentation and parser disagree about it.
    fn tail(&mut self, rule_type: Option<RuleType>) -> Parse<Tail> {
        let mut tail = Tail::default();
        let mut has_labels = false;
        if self.word() == Some("where") {
            self.advance();
            tail.where_clause = Some(self.where_clause()?);
        }
        tail.end = self.previous_span();
        loop {
            if self.at_labels() {
                let start = self.token(0).span;
                tail.labels = self.labels()?;
                if std::mem::replace(&mut has_labels, true) {
                    self.refuse_second_labels(start);
                }
            } else if self.word() == Some("with") {
                let start = self.advance().span;
                if self.word() == Some("threshold") {
                    self.advance();
                    let threshold = self.threshold()?;
                    if tail.threshold.replace(threshold).is_some() {
                        self.refuse_second_threshold(self.span_from(start));
                    }
                } else {
                    self.tags(rule_type, &mut tail.tags)?;
                }
                tail.end = self.previous_span();
            } else {
                return Ok(tail);
            }
        }
    }

    fn where_clause(&mut self) -> Parse<WhereClause> {
        let (text, span) = self.expect_text("a quoted SQL predicate")?;
        if text.trim().is_empty() {
            self.sink.report(Problem::new(span, "empty where condition provided").help("remove `where`"));
        }
        Ok(WhereClause { text: text.to_owned(), span })
    }

    fn threshold(&mut self) -> Parse<NumberCondition> {
        let start = self.token(0).span;
        match self.condition()? {
            Some(Condition::Number(condition)) => Ok(condition),
            Some(other) => Err(self.fail(Problem::new(other.span(), "a threshold is a condition on a number"))),
            None => Err(self.fail(
                Problem::new(start, "`with threshold` needs a condition").help("for example: with threshold > 0.9"),
            )),
        }
    }
}

/// Takes parts with the same operator and no labels of their own into the list: `(a and b) and c` is `a and b and c`.
fn flatten(parts: Vec<RuleExpr>, operator: TokenKind) -> Vec<RuleExpr> {
    let mut flat = Vec::with_capacity(parts.len());
    for part in parts {
        match part.node {
            RuleNode::And(inner) if operator == TokenKind::And && part.labels.is_empty() => flat.extend(inner),
            RuleNode::Or(inner) if operator == TokenKind::Or && part.labels.is_empty() => flat.extend(inner),
            _ => flat.push(part),
        }
    }
    flat
}
