//! What a ruleset asks for beside the table, told before anything is read.

use sluice_dqdl::RuleType;
use sluice_dqdl::ast::{Condition, NumberCondition, NumberExpr, NumberKind, Rule, Ruleset};

use crate::anomaly::HISTORY_VALUES;

/// What a ruleset asks for beside the table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asks {
    /// Past values of a metric that some rule looks at, at most [`HISTORY_VALUES`].
    pub past_values: usize,
    /// The paths of `File*` rules in their order, each once; `None` for rules without one.
    pub file_paths: Vec<Option<String>>,
}

impl Asks {
    /// What a ruleset asks for.
    pub fn of(ruleset: &Ruleset) -> Self {
        let mut asks = Self::default();
        for rule in ruleset.rules.iter().flat_map(|rule| rule.leaves()) {
            asks.past_values = asks.past_values.max(past_values(rule));
            for path in file_paths(rule) {
                if !asks.file_paths.contains(&path) {
                    asks.file_paths.push(path);
                }
            }
        }
        asks.past_values = asks.past_values.min(HISTORY_VALUES);
        asks
    }

    /// Whether the table alone is enough.
    pub const fn is_nothing(&self) -> bool {
        self.past_values == 0 && self.file_paths.is_empty()
    }
}

fn past_values(rule: &Rule) -> usize {
    if rule.rule_type == RuleType::DetectAnomalies {
        return HISTORY_VALUES;
    }
    let condition = match &rule.condition {
        Some(Condition::Number(condition)) => Some(condition),
        _ => None,
    };
    condition.into_iter().chain(&rule.threshold).map(of_condition).max().unwrap_or_default()
}

fn of_condition(condition: &NumberCondition) -> usize {
    condition.test.operands().into_iter().map(of_number).max().unwrap_or_default()
}

/// The depth of an expression is capped by the parser.
fn of_number(number: &NumberExpr) -> usize {
    match &number.kind {
        NumberKind::Literal { .. } | NumberKind::Null => 0,
        NumberKind::Call { name, arguments } if name.eq_ignore_ascii_case("last") => match arguments.as_slice() {
            [] => 1,
            [one] => literal(one).unwrap_or(HISTORY_VALUES),
            _ => HISTORY_VALUES,
        },
        NumberKind::Call { arguments, .. } => arguments.iter().map(of_number).max().unwrap_or_default(),
        NumberKind::Chain { first, rest } => {
            rest.iter().map(|(_, next)| of_number(next)).fold(of_number(first), usize::max)
        }
        NumberKind::Group(inner) => of_number(inner),
    }
}

fn literal(number: &NumberExpr) -> Option<usize> {
    match &number.kind {
        NumberKind::Literal { text, .. } => text.trim_matches('"').parse().ok(),
        _ => None,
    }
}

fn file_paths(rule: &Rule) -> Vec<Option<String>> {
    use RuleType as T;
    if !matches!(rule.rule_type, T::FileFreshness | T::FileSize | T::FileUniqueness | T::FileMatch) {
        return Vec::new();
    }
    if rule.parameters.is_empty() {
        return vec![None];
    }
    rule.parameters.iter().map(|parameter| Some(parameter.unescaped())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(rules: &str) -> Asks {
        Asks::of(&sluice_dqdl::parse(&format!("Rules = [ {rules} ]")).unwrap())
    }

    #[test]
    fn a_plain_ruleset_asks_for_nothing() {
        assert!(asks(r#"RowCount > 10, IsComplete "last(5)""#).is_nothing());
    }

    #[test]
    fn the_longest_look_back_counts() {
        assert_eq!(asks("RowCount > last()").past_values, 1);
        assert_eq!(asks("RowCount between avg(last(7)) * 0.5 and (max(last(12)) + 3)").past_values, 12);
        assert_eq!(asks("RowCount > 1, (ColumnCount > 1) or (RowCount > last(3))").past_values, 3);
        assert_eq!(asks("RowCount > avg(last(5000))").past_values, HISTORY_VALUES);
        assert_eq!(asks(r#"DetectAnomalies "RowCount""#).past_values, HISTORY_VALUES);
    }

    #[test]
    fn paths_of_files_are_named_once() {
        let found =
            asks(r#"FileFreshness > (now() - 3 days), FileSize "s3://b/x/" > 5 MB, FileMatch "s3://b/x/" "s3://b/y/""#);
        let expected = [None, Some("s3://b/x/".to_owned()), Some("s3://b/y/".to_owned())];
        assert_eq!(found.file_paths, expected);
    }
}
