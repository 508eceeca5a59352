//! Deequ's heuristics (`com.amazon.deequ.suggestions.rules`), on the figures they look at.

use super::dqdl::{operand, quoted};
use super::interval::IntervalStrategy;
use crate::cell::CellType;
use crate::number::{count, from_count};

/// What the heuristics know of a column.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// Its name.
    pub column: String,
    /// Cells that are not NULL, as a share of the rows.
    pub completeness: f64,
    /// About how many different values it has.
    pub distinct: u64,
    /// What its cells are.
    pub cell_type: CellType,
    /// Whether the type was told from text.
    pub is_type_inferred: bool,
    /// Its values, if they are few.
    pub histogram: Option<Vec<Category>>,
    /// The least number.
    pub minimum: Option<f64>,
    /// Whether a number is outside of what 32 bits hold.
    pub is_wide: bool,
}

/// A value and how often it occurs.
#[derive(Debug, Clone, PartialEq)]
pub struct Category {
    /// The value; `None`: NULL.
    pub value: Option<String>,
    /// How often.
    pub count: u64,
    /// As a share of the rows.
    pub ratio: f64,
}

/// A heuristic and its limits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Heuristic {
    /// A column without NULL should stay so.
    CompleteIfComplete,
    /// A column with some NULLs should not have many more, by the lower bound of an interval of 95 % confidence.
    RetainCompleteness {
        /// Completeness must be above this.
        minimum: f64,
        /// And below this.
        maximum: f64,
        /// How the bound is computed.
        strategy: IntervalStrategy,
    },
    /// Texts that are all numbers or booleans should stay so.
    RetainType,
    /// A column of few values that recur should keep to them.
    CategoricalRange,
    /// A column whose few frequent values cover most rows should keep to them mostly.
    FractionalCategoricalRange {
        /// The share of rows to be covered.
        coverage: f64,
        /// How the bound is computed.
        strategy: IntervalStrategy,
    },
    /// Numbers without a negative one should stay so.
    NonNegativeNumbers,
    /// A column of about as many values as rows should be unique.
    UniqueIfApproximatelyUnique,
}

impl Heuristic {
    /// [`Self::RetainCompleteness`] with Deequ's limits.
    pub const RETAIN_COMPLETENESS: Self =
        Self::RetainCompleteness { minimum: 0.2, maximum: 1.0, strategy: IntervalStrategy::Wald };
    /// [`Self::FractionalCategoricalRange`] with Deequ's limits.
    pub const FRACTIONAL_CATEGORICAL_RANGE: Self =
        Self::FractionalCategoricalRange { coverage: 0.9, strategy: IntervalStrategy::Wald };

    /// The rule in DQDL, when the heuristic applies to a column of a table of `rows` rows.
    pub fn suggest(self, facts: &Facts, rows: u64) -> Option<String> {
        if !self.applies(facts, rows) {
            return None;
        }
        let column = quoted(&facts.column);
        match self {
            Self::CompleteIfComplete => Some(format!("IsComplete {column}")),
            Self::RetainCompleteness { strategy, .. } => {
                let lower = strategy.interval(facts.completeness, rows, 0.95)?.lower.max(0.0);
                Some(format!("Completeness {column} >= {lower:?}"))
            }
            Self::RetainType => {
                let data_type = match facts.cell_type {
                    CellType::Boolean => "BOOLEAN",
                    CellType::Integral if facts.is_wide => "LONG",
                    CellType::Integral => "INTEGER",
                    _ => "DOUBLE",
                };
                Some(format!("ColumnDataType {column} = \"{data_type}\""))
            }
            Self::CategoricalRange => {
                let values = facts.histogram.as_deref().unwrap_or_default();
                Some(format!("ColumnValues {column} in [{}]", list(values.iter().collect())?))
            }
            Self::FractionalCategoricalRange { coverage, strategy } => {
                let values = frequent(facts.histogram.as_deref().unwrap_or_default(), coverage);
                let covered: f64 = values.iter().map(|category| category.ratio).sum();
                let lower = strategy.interval(covered, rows, 0.95)?.lower.max(0.0);
                Some(format!("ColumnValues {column} in [{}] with threshold >= {lower:?}", list(values)?))
            }
            Self::NonNegativeNumbers => Some(format!("ColumnValues {column} >= 0")),
            Self::UniqueIfApproximatelyUnique => Some(format!("IsUnique {column}")),
        }
    }

    /// Whether the heuristic applies to a column of a table of `rows` rows.
    pub fn applies(self, facts: &Facts, rows: u64) -> bool {
        let is_complete = facts.completeness >= 1.0;
        match self {
            Self::CompleteIfComplete => is_complete,
            Self::RetainCompleteness { minimum, maximum, .. } => {
                facts.completeness > minimum && facts.completeness < maximum
            }
            Self::RetainType => {
                let is_told = matches!(facts.cell_type, CellType::Integral | CellType::Fractional | CellType::Boolean);
                facts.is_type_inferred && is_told
            }
            Self::CategoricalRange => categories(facts).is_some_and(|values| share_of_single(values) <= 0.1),
            Self::FractionalCategoricalRange { coverage, .. } => categories(facts).is_some_and(|values| {
                let covered: f64 = frequent(values, coverage).iter().map(|category| category.ratio).sum();
                share_of_single(values) <= 0.4 && covered < 1.0
            }),
            Self::NonNegativeNumbers => facts.minimum.is_some_and(|minimum| minimum >= 0.0),
            Self::UniqueIfApproximatelyUnique => {
                is_complete && (1.0 - from_count(facts.distinct) / from_count(rows)).abs() <= 0.08
            }
        }
    }
}

fn categories(facts: &Facts) -> Option<&[Category]> {
    let is_category = matches!(facts.cell_type, CellType::String | CellType::Integral);
    facts.histogram.as_deref().filter(|values| is_category && !values.is_empty())
}

/// Values that occur once, as a share of the values.
fn share_of_single(values: &[Category]) -> f64 {
    let single = values.iter().filter(|category| category.count == 1).count();
    from_count(count(single)) / from_count(count(values.len()))
}

/// The most frequent values, until they cover so large a share of the rows.
fn frequent(values: &[Category], coverage: f64) -> Vec<&Category> {
    let mut sorted: Vec<&Category> = values.iter().collect();
    sorted.sort_by(|a, b| b.ratio.total_cmp(&a.ratio));
    let mut covered = 0.0;
    sorted.retain(|category| {
        let is_wanted = covered < coverage;
        covered += if is_wanted { category.ratio } else { 0.0 };
        is_wanted
    });
    sorted
}

/// Operands by count, the greatest first; NULL, which the rule would fail, comes first of all.
fn list(mut values: Vec<&Category>) -> Option<String> {
    values.sort_by(|a, b| {
        b.value.is_none().cmp(&a.value.is_none()).then(b.count.cmp(&a.count)).then_with(|| a.value.cmp(&b.value))
    });
    let operands: Vec<String> = values.iter().map(|category| operand(category.value.as_deref())).collect();
    values.iter().any(|category| category.value.is_some()).then(|| operands.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(values: &[(Option<&str>, u64)]) -> Facts {
        let rows: u64 = values.iter().map(|(_, count)| count).sum();
        let histogram = values.iter().map(|(value, count)| Category {
            value: value.map(str::to_owned),
            count: *count,
            ratio: from_count(*count) / from_count(rows),
        });
        Facts {
            column: "c".into(),
            completeness: 1.0,
            distinct: count(values.len()),
            cell_type: CellType::String,
            is_type_inferred: false,
            histogram: Some(histogram.collect()),
            minimum: None,
            is_wide: false,
        }
    }

    #[test]
    fn few_values_are_a_range_and_null_stays_allowed() {
        let suggested = Heuristic::CategoricalRange.suggest(&facts(&[(Some("b\""), 8), (None, 2), (Some("a"), 8)]), 18);
        assert_eq!(suggested.as_deref(), Some(r#"ColumnValues "c" in [NULL, "a", "b\""]"#));
        assert_eq!(Heuristic::CategoricalRange.suggest(&facts(&[(Some("a"), 1), (Some("b"), 8)]), 9), None);
        assert_eq!(Heuristic::CategoricalRange.suggest(&facts(&[(None, 8)]), 8), None);
        assert_eq!(Heuristic::CategoricalRange.suggest(&facts(&[]), 0), None);
    }

    #[test]
    fn most_rows_in_few_values_are_a_fraction() {
        let skewed = facts(&[(Some("a"), 90), (Some("b"), 5), (Some("c"), 5)]);
        assert_eq!(
            Heuristic::FRACTIONAL_CATEGORICAL_RANGE.suggest(&skewed, 100).as_deref(),
            Some(r#"ColumnValues "c" in ["a"] with threshold >= 0.84"#)
        );
    }

    #[test]
    fn shares_and_types_are_kept() {
        let mut some = facts(&[(Some("1"), 60)]);
        some.completeness = 0.6;
        assert_eq!(Heuristic::RETAIN_COMPLETENESS.suggest(&some, 100).as_deref(), Some(r#"Completeness "c" >= 0.5"#));
        assert!(!Heuristic::CompleteIfComplete.applies(&some, 100));
        some.cell_type = CellType::Integral;
        assert_eq!(Heuristic::RetainType.suggest(&some, 100), None);
        some.is_type_inferred = true;
        some.is_wide = true;
        assert_eq!(Heuristic::RetainType.suggest(&some, 100).as_deref(), Some(r#"ColumnDataType "c" = "LONG""#));
    }
}
