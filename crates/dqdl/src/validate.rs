//! Checks rules and analyzers against the registry.

use crate::ast::{
    Analyzer, CompareOperator, Condition, ConditionKind, DateCondition, DateExpr, DateKind, NumberCondition,
    NumberExpr, NumberKind, Parameter, Rule, Size, SizeCondition, StringOperand, StringTest, Test,
};
use crate::diagnostic::{Problem, Sink, quoted};
use crate::evaluate::{AGGREGATES, FUNCTIONS};
use crate::registry::{ConditionUse, Feature, Place, RuleSpec};
use crate::span::Span;

/// Checks `rule`, whose type stands at `name`, and gives its condition the kind that the type needs.
pub(crate) fn rule(rule: &mut Rule, name: Span, sink: &mut Sink) {
    let spec = rule.rule_type.spec();
    if spec.place == Place::Analyzers {
        let problem = Problem::new(name, format!("{} is an analyzer, not a rule", spec.name));
        sink.report(problem.help("move it to `Analyzers = [ … ]`"));
    }
    parameters(spec, &rule.parameters, name, sink);
    if let Some(condition) = rule.condition.take() {
        rule.condition = Some(coerce(condition, spec.kinds));
    }
    condition(spec, rule, name, sink);
    if let Some(Condition::Number(number)) = &rule.condition {
        functions(number, sink);
    }
    if let Some(clause) = &rule.where_clause
        && !spec.has(Feature::Where)
    {
        sink.report(Problem::new(clause.span, format!("{} takes no where clause", spec.name)));
    }
    if let Some(threshold) = &rule.threshold
        && !spec.has(Feature::Threshold)
    {
        let problem = Problem::new(threshold.span, format!("{} takes no threshold", spec.name));
        sink.report(problem.help("put the number into the condition"));
    }
}

/// Checks `analyzer`, whose type stands at `name`.
pub(crate) fn analyzer(analyzer: &Analyzer, name: Span, sink: &mut Sink) {
    let spec = analyzer.rule_type.spec();
    if !spec.is_analyzer() {
        let problem = Problem::new(name, format!("{} yields no number, so it is no analyzer", spec.name));
        sink.report(problem.help("move it to `Rules = [ … ]`"));
    }
    parameters(spec, &analyzer.parameters, name, sink);
}

fn parameters(spec: &RuleSpec, parameters: &[Parameter], name: Span, sink: &mut Sink) {
    let count = parameters.len();
    let shape = spec.parameters;
    if count >= shape.least() && shape.most().is_none_or(|most| count <= most) {
        return;
    }
    let surplus = shape.most().and_then(|most| parameters.get(most));
    let span = surplus.map_or(name, |parameter| parameter.span);
    sink.report(Problem::new(span, format!("{} takes {shape}, not {count}", spec.name)));
}

fn condition(spec: &RuleSpec, rule: &Rule, name: Span, sink: &mut Sink) {
    let wanted = match spec.condition {
        ConditionUse::UnlessTwoParameters if rule.parameters.len() < 2 => ConditionUse::Required,
        ConditionUse::UnlessTwoParameters => ConditionUse::Forbidden,
        other => other,
    };
    match (&rule.condition, wanted) {
        (None, ConditionUse::Required) => {
            let problem = Problem::new(name, format!("{} needs a condition", spec.name));
            sink.report(problem.expected(spec.kinds.iter().map(|kind| example(*kind))));
        }
        (Some(condition), ConditionUse::Forbidden) => {
            sink.report(Problem::new(condition.span(), format!("{} takes no condition here", spec.name)));
        }
        (Some(condition), _) if !spec.kinds.contains(&condition.kind()) || is_pattern_of_hashes(spec, condition) => {
            let problem = Problem::new(condition.span(), format!("{} cannot be compared with that", spec.name));
            sink.report(problem.expected(spec.kinds.iter().map(|kind| example(*kind))));
        }
        _ => {}
    }
}

/// File hashes are compared as a whole.
fn is_pattern_of_hashes(spec: &RuleSpec, condition: &Condition) -> bool {
    let is_pattern = matches!(condition, Condition::String(text) if matches!(text.test, StringTest::Matches { .. }));
    spec.condition == ConditionUse::UnlessTwoParameters && is_pattern
}

const fn example(kind: ConditionKind) -> &'static str {
    match kind {
        ConditionKind::Number => "a condition on a number, such as `> 0.9`",
        ConditionKind::String => "a condition on a text, such as `in [\"a\", \"b\"]`",
        ConditionKind::Date => "a condition on a date, such as `> (now() - 3 days)`",
        ConditionKind::Duration => "a condition on an age, such as `<= 3 days`",
        ConditionKind::Size => "a condition on a size, such as `> 5 MB`",
    }
}

/// Reads the condition as the kind that is needed, where its spelling allows both.
fn coerce(condition: Condition, kinds: &[ConditionKind]) -> Condition {
    if kinds.contains(&condition.kind()) {
        return condition;
    }
    let coerced = match &condition {
        Condition::Number(number) if kinds.contains(&ConditionKind::Size) => bytes(number).map(Condition::Size),
        Condition::String(text) if kinds.contains(&ConditionKind::Number) => {
            quoted_number(&text.test, text.span).map(Condition::Number)
        }
        Condition::String(text) if kinds.contains(&ConditionKind::Date) => {
            null_date(&text.test, text.span).map(Condition::Date)
        }
        _ => None,
    };
    coerced.unwrap_or(condition)
}

/// Plain whole numbers are numbers of bytes.
fn bytes(number: &NumberCondition) -> Option<SizeCondition> {
    let test = number.test.clone().try_map(|operand| match operand.kind {
        NumberKind::Literal { text, .. } => Some(Size { amount: text.parse().ok()?, unit: None, span: operand.span }),
        _ => None,
    })?;
    Some(SizeCondition { test, span: number.span })
}

/// `= "1.0"`, as AWS's documentation writes a number once, and conditions on NULL alone.
fn quoted_number(test: &StringTest, span: Span) -> Option<NumberCondition> {
    let number = |operand: &StringOperand| {
        let kind = match operand {
            StringOperand::Null => NumberKind::Null,
            StringOperand::Text { raw, variable: None } => {
                let plain = raw.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'-');
                let value: f64 = raw.parse().ok().filter(|value: &f64| plain && value.is_finite())?;
                NumberKind::Literal { value, text: format!("\"{raw}\"") }
            }
            _ => return None,
        };
        Some(NumberExpr { kind, span })
    };
    Some(NumberCondition { test: equality(test, number)?, span })
}

fn null_date(test: &StringTest, span: Span) -> Option<DateCondition> {
    let date =
        |operand: &StringOperand| (*operand == StringOperand::Null).then_some(DateExpr { kind: DateKind::Null, span });
    Some(DateCondition { test: equality(test, date)?, span })
}

/// The same test over operands of another kind, when each can be converted.
fn equality<T>(test: &StringTest, convert: impl Fn(&StringOperand) -> Option<T>) -> Option<Test<T>> {
    match test {
        StringTest::Equal { negated, operand } => {
            let operator = if *negated { CompareOperator::NotEqual } else { CompareOperator::Equal };
            Some(Test::Compare { operator, operand: convert(operand)? })
        }
        StringTest::In { negated, set }
            if set.variable.is_none() && set.operands.iter().all(|operand| *operand == StringOperand::Null) =>
        {
            let operands = set.operands.iter().map(convert).collect::<Option<_>>()?;
            Some(Test::In { negated: *negated, operands })
        }
        _ => None,
    }
}

/// Warns of functions that the evaluator will refuse: AWS's parser accepts any name.
fn functions(condition: &NumberCondition, sink: &mut Sink) {
    for operand in condition.test.operands() {
        function_calls(operand, false, sink);
    }
}

fn function_calls(expression: &NumberExpr, aggregated: bool, sink: &mut Sink) {
    match &expression.kind {
        NumberKind::Literal { .. } | NumberKind::Null => {}
        NumberKind::Group(inner) => function_calls(inner, aggregated, sink),
        NumberKind::Chain { first, rest } => {
            for operand in std::iter::once(&**first).chain(rest.iter().map(|(_, operand)| operand)) {
                function_calls(operand, false, sink);
            }
        }
        NumberKind::Call { name, arguments } => {
            let known = FUNCTIONS.contains(&name.as_str());
            if !known {
                let problem = Problem::warning(expression.span, format!("unknown function {}", quoted(name)));
                sink.report(problem.expected(FUNCTIONS).did_you_mean(name, FUNCTIONS));
            }
            if name == "last" && !aggregated && arguments.first().is_some_and(is_more_than_one) {
                let problem = Problem::warning(expression.span, "several past values cannot be compared with one");
                sink.report(problem.help("aggregate them: avg(last(10))"));
            }
            for argument in arguments {
                function_calls(argument, !known || AGGREGATES.contains(&name.as_str()), sink);
            }
        }
    }
}

fn is_more_than_one(argument: &NumberExpr) -> bool {
    matches!(argument.kind, NumberKind::Literal { value, .. } if value > 1.0)
}
