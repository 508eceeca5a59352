//! Law: the text of a tree reads back to the same tree.

#![cfg(test)]

use proptest::prelude::*;
use proptest::sample::select;
use sluice_dqdl::ast::*;
use sluice_dqdl::registry::{ConditionUse, Feature, RuleSpec, RuleType};
use sluice_dqdl::{Span, parse};
use std::sync::Arc;

const SPAN: Span = Span::new(0, 0);

/// The inside of a quoted text: any characters, quotes and backslashes only as escapes. No date, no time.
fn raw() -> impl Strategy<Value = String> {
    "([a-zA-Z0-9_ .,#/:()\\[\\]{}'éß😀\n-]|\\\\\"|\\\\\\\\|\\\\d){1,12}"
        .prop_filter("a lone backslash or a date", |text| !is_date_or_time(text) && !text.ends_with("\\d\\"))
        .prop_filter("blank", |text| !text.trim().is_empty())
}

fn is_date_or_time(text: &str) -> bool {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    ["0000-00-00", "00:00", "0:00 AM", "0:00 PM", "00:00 AM", "00:00 PM"].contains(&shape.as_str())
}

fn word() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9_.]{0,6}x"
}

fn literal() -> impl Strategy<Value = NumberExpr> {
    (-100_000_i32..100_000, prop::option::of(0_u32..1000)).prop_map(|(whole, fraction)| {
        let text = fraction.map_or(whole.to_string(), |fraction| format!("{whole}.{fraction}"));
        NumberExpr { kind: NumberKind::Literal { value: text.parse().unwrap(), text }, span: SPAN }
    })
}

fn number() -> impl Strategy<Value = NumberExpr> {
    let operator = select(vec![
        ArithmeticOperator::Add,
        ArithmeticOperator::Subtract,
        ArithmeticOperator::Multiply,
        ArithmeticOperator::Divide,
    ]);
    literal().prop_recursive(3, 12, 3, move |inner| {
        let group = inner.clone().prop_map(|inner| NumberKind::Group(Box::new(inner)));
        let call = (select(vec!["last", "avg", "somefunction"]), prop::collection::vec(inner.clone(), 0..3))
            .prop_map(|(name, arguments)| NumberKind::Call { name: name.to_owned(), arguments });
        let atom = prop_oneof![group, call].prop_map(|kind| NumberExpr { kind, span: SPAN });
        let chain =
            (atom.clone(), prop::collection::vec((operator.clone(), atom.clone()), 1..3)).prop_map(|(first, rest)| {
                NumberExpr { kind: NumberKind::Chain { first: Box::new(first), rest }, span: SPAN }
            });
        prop_oneof![atom, chain]
    })
}

fn test<T: std::fmt::Debug + Clone + 'static>(
    operand: impl Strategy<Value = T> + Clone + 'static,
) -> impl Strategy<Value = Test<T>> {
    let operator = select(vec![
        CompareOperator::Equal,
        CompareOperator::NotEqual,
        CompareOperator::Greater,
        CompareOperator::GreaterOrEqual,
        CompareOperator::Less,
        CompareOperator::LessOrEqual,
    ]);
    prop_oneof![
        (operator, operand.clone()).prop_map(|(operator, operand)| Test::Compare { operator, operand }),
        (any::<bool>(), operand.clone(), operand.clone()).prop_map(|(negated, low, high)| Test::Between {
            negated,
            low,
            high
        }),
        (any::<bool>(), prop::collection::vec(operand, 1..4))
            .prop_map(|(negated, operands)| Test::In { negated, operands }),
    ]
}

fn duration() -> impl Strategy<Value = Duration> + Clone {
    (0_u32..10_000, select(DurationUnit::ALL.to_vec())).prop_map(|(amount, unit)| Duration { amount, unit, span: SPAN })
}

fn size() -> impl Strategy<Value = Size> + Clone {
    (0_u64..1 << 50, select(SizeUnit::ALL.to_vec())).prop_map(|(amount, unit)| Size {
        amount,
        unit: Some(unit),
        span: SPAN,
    })
}

fn date() -> impl Strategy<Value = DateExpr> + Clone {
    let sign = select(vec![Sign::Plus, Sign::Minus]);
    let kind = prop_oneof![
        (0_u16..10_000, 1_u8..13, 1_u8..29).prop_map(|(y, m, d)| DateKind::Date(CivilDate::new(y, m, d).unwrap())),
        (0_u8..24, 0_u8..60).prop_map(|(hour, minute)| DateKind::Time {
            time: TimeOfDay::new(hour, minute).unwrap(),
            text: format!("{hour:02}:{minute:02}"),
        }),
        prop::option::of((sign, duration())).prop_map(|offset| DateKind::Now { offset }),
    ];
    kind.prop_map(|kind| DateExpr { kind, span: SPAN })
}

fn string_operand() -> impl Strategy<Value = StringOperand> {
    prop_oneof![
        3 => raw().prop_map(|raw| StringOperand::Text { raw: raw.into(), variable: None }),
        1 => Just(StringOperand::Null),
        1 => Just(StringOperand::Empty),
        1 => Just(StringOperand::WhitespacesOnly),
    ]
}

fn string_test() -> impl Strategy<Value = StringTest> {
    let set = prop::collection::vec(string_operand(), 1..4)
        .prop_map(|operands| StringSet { operands: operands.into(), variable: None });
    let pattern = raw().prop_map(|raw| StringOperand::Text { raw: raw.into(), variable: None });
    prop_oneof![
        (any::<bool>(), string_operand()).prop_map(|(negated, operand)| StringTest::Equal { negated, operand }),
        (any::<bool>(), set).prop_map(|(negated, set)| StringTest::In { negated, set }),
        (any::<bool>(), pattern).prop_map(|(negated, pattern)| StringTest::Matches { negated, pattern }),
    ]
}

fn condition(kind: ConditionKind, is_list_only: bool) -> BoxedStrategy<Condition> {
    match kind {
        ConditionKind::Number => {
            let operand = prop_oneof![literal(), number()].boxed();
            test(operand).prop_map(|test| Condition::Number(NumberCondition { test, span: SPAN })).boxed()
        }
        ConditionKind::String => string_test()
            .prop_filter("hashes have no pattern", move |test| {
                !is_list_only || !matches!(test, StringTest::Matches { .. })
            })
            .prop_map(|test| Condition::String(StringCondition { test, span: SPAN }))
            .boxed(),
        ConditionKind::Date => {
            test(date()).prop_map(|test| Condition::Date(DateCondition { test, span: SPAN })).boxed()
        }
        ConditionKind::Duration => {
            test(duration()).prop_map(|test| Condition::Duration(DurationCondition { test, span: SPAN })).boxed()
        }
        ConditionKind::Size => {
            test(size()).prop_map(|test| Condition::Size(SizeCondition { test, span: SPAN })).boxed()
        }
    }
}

fn some_condition(spec: &'static RuleSpec, parameter_count: usize) -> BoxedStrategy<Option<Condition>> {
    let any_kind = move || {
        let is_list_only = spec.condition == ConditionUse::UnlessTwoParameters;
        select(spec.kinds.to_vec()).prop_flat_map(move |kind| condition(kind, is_list_only))
    };
    match spec.condition {
        ConditionUse::Forbidden => Just(None).boxed(),
        ConditionUse::Optional => prop::option::of(any_kind()).boxed(),
        ConditionUse::UnlessTwoParameters if parameter_count == 2 => Just(None).boxed(),
        ConditionUse::Required | ConditionUse::UnlessTwoParameters => any_kind().prop_map(Some).boxed(),
    }
}

fn parameters(spec: &'static RuleSpec) -> impl Strategy<Value = Vec<Parameter>> {
    let least = spec.parameters.least();
    let most = spec.parameters.most().unwrap_or(least + 2);
    let connector = prop_oneof![4 => Just(None), 1 => Just(Some(Connector::Of)), 1 => Just(Some(Connector::And))];
    let value = prop_oneof![
        raw().prop_map(|text| (text, ParameterForm::Quoted)),
        word().prop_map(|text| (text, ParameterForm::Bare)),
        Just(("the shared text".to_owned(), ParameterForm::Variable("shared".to_owned()))),
    ];
    let parameter = (connector, value).prop_map(|(connector, (value, form))| Parameter {
        connector,
        value: value.into(),
        form,
        span: SPAN,
    });
    prop::collection::vec(parameter, least..=most)
}

fn tags() -> impl Strategy<Value = Vec<Tag>> {
    let value = prop_oneof![
        raw().prop_map(TagValue::Text),
        (0_u32..100).prop_map(|number| TagValue::Number(number.to_string())),
    ];
    prop::collection::vec((word(), value).prop_map(|(name, value)| Tag { name, value, span: SPAN }), 0..3)
}

fn labels(max: usize) -> impl Strategy<Value = Vec<Label>> {
    prop::collection::btree_map(raw(), raw(), 0..=max)
        .prop_map(|map| map.into_iter().map(|(key, value)| Label { key, value, span: SPAN }).collect())
}

fn rule() -> impl Strategy<Value = RuleExpr> {
    let rules: Vec<_> = RuleType::ALL.iter().copied().filter(|rule_type| rule_type.spec().is_rule()).collect();
    select(rules).prop_flat_map(|rule_type| {
        let spec = rule_type.spec();
        (parameters(spec), labels(2), tags()).prop_flat_map(move |(parameters, labels, tags)| {
            let clause = prop::option::of(raw().prop_map(|text| WhereClause { text, span: SPAN }));
            let threshold =
                prop::option::of(test(literal().boxed()).prop_map(|test| NumberCondition { test, span: SPAN }));
            (some_condition(spec, parameters.len()), clause, threshold).prop_map(
                move |(condition, clause, threshold)| {
                    let rule = Rule {
                        rule_type,
                        parameters: parameters.clone(),
                        condition,
                        where_clause: clause.filter(|_| spec.has(Feature::Where)),
                        threshold: threshold.filter(|_| spec.has(Feature::Threshold)),
                        tags: tags.clone(),
                        span: SPAN,
                    };
                    RuleExpr { node: RuleNode::Rule(Box::new(rule)), labels: labels.clone(), span: SPAN }
                },
            )
        })
    })
}

/// Composites as the parser makes them: a part with the same operator has labels, or it would have been flattened.
fn expression() -> impl Strategy<Value = RuleExpr> {
    rule().prop_recursive(3, 8, 3, |inner| {
        (any::<bool>(), prop::collection::vec(inner, 2..4), labels(1)).prop_map(|(is_and, parts, labels)| {
            let mut flat = Vec::new();
            for part in parts {
                match part.node {
                    RuleNode::And(inner) if is_and && part.labels.is_empty() => flat.extend(inner),
                    RuleNode::Or(inner) if !is_and && part.labels.is_empty() => flat.extend(inner),
                    _ => flat.push(part),
                }
            }
            let node = if is_and { RuleNode::And(flat) } else { RuleNode::Or(flat) };
            RuleExpr { node, labels, span: SPAN }
        })
    })
}

fn analyzer() -> impl Strategy<Value = Analyzer> {
    let analyzers: Vec<_> = RuleType::ALL.iter().copied().filter(|rule_type| rule_type.spec().is_analyzer()).collect();
    select(analyzers).prop_flat_map(|rule_type| {
        let parameters = parameters(rule_type.spec());
        (parameters, tags()).prop_map(move |(parameters, tags)| Analyzer { rule_type, parameters, tags, span: SPAN })
    })
}

fn ruleset() -> impl Strategy<Value = Ruleset> {
    let dictionary = |key: &'static str, value: BoxedStrategy<DictionaryValue>| {
        prop::option::of(value.prop_map(move |value| Dictionary {
            entries: vec![DictionaryEntry { key: key.to_owned(), value, span: SPAN }],
            span: SPAN,
        }))
    };
    let text = raw().prop_map(DictionaryValue::Text).boxed();
    let texts = prop::collection::vec(raw(), 1..3).prop_map(DictionaryValue::List).boxed();
    let list = prop::collection::vec(string_operand(), 1..3);
    (
        dictionary("Version", text),
        dictionary("AdditionalDataSources", texts),
        list,
        labels(2),
        prop::collection::vec(expression(), 1..4),
        prop::collection::vec(analyzer(), 0..3),
    )
        .prop_map(|(metadata, data_sources, list, default_labels, rules, analyzers)| Ruleset {
            metadata,
            data_sources,
            variables: vec![
                variable("shared", VariableValue::Text(Arc::from("the shared text"))),
                variable("list", VariableValue::List(list.into())),
            ],
            default_labels,
            rules,
            analyzers,
        })
}

fn variable(name: &str, value: VariableValue) -> Variable {
    Variable { name: name.to_owned(), value, span: SPAN }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_printed_ruleset_reads_back_to_the_same_tree(ruleset in ruleset()) {
        let text = ruleset.to_string();
        match parse(&text) {
            Ok(read) => prop_assert_eq!(read, ruleset, "{}", text),
            Err(problems) => prop_assert!(false, "{}\n{}", text, problems),
        }
    }

    #[test]
    fn line_ends_and_comments_do_not_matter(rules in prop::collection::vec(rule(), 1..4)) {
        let plain = rules.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let spread = rules.iter().map(|rule| format!("\r\n\t{rule} // a comment \"\r\n")).collect::<Vec<_>>().join(", # another ]\n");
        let with = |rules: String| format!("shared = \"the shared text\"\nRules = [{rules}]");
        prop_assert_eq!(parse(&with(plain)), parse(&with(spread)));
    }
}
