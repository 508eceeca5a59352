//! The rule types: the one place that says what each accepts.
//!
//! Source: AWS Glue, "DQDL rule type reference", and the rule configuration of the open-source parser (awslabs/dqdl);
//! where they differ the row accepts what either accepts (see the crate's README). A new rule type is one more row.

use crate::ast::ConditionKind;
use std::fmt;

/// What a rule type accepts and yields.
#[derive(Debug)]
pub struct RuleSpec {
    /// The case-sensitive name.
    pub name: &'static str,
    /// The parameters before the condition.
    pub parameters: ParameterShape,
    /// Whether a condition follows.
    pub condition: ConditionUse,
    /// The kinds of condition that make sense; empty when none is accepted.
    pub kinds: &'static [ConditionKind],
    /// What the type yields.
    pub returns: ReturnType,
    /// Where it may stand.
    pub place: Place,
    /// What else it accepts.
    pub features: &'static [Feature],
}

impl RuleSpec {
    /// Whether the type has `feature`.
    pub fn has(&self, feature: Feature) -> bool {
        self.features.contains(&feature)
    }

    /// Whether the type may stand in `Rules = [ … ]`.
    pub fn is_rule(&self) -> bool {
        self.place != Place::Analyzers
    }

    /// Whether the type may stand in `Analyzers = [ … ]`: it must yield something to record.
    pub fn is_analyzer(&self) -> bool {
        self.returns != ReturnType::Boolean
    }

    /// Whether the condition may call `last()`: past values exist for numbers only.
    pub fn is_dynamic(&self) -> bool {
        self.kinds.contains(&ConditionKind::Number)
    }
}

/// How many parameters a type takes and what AWS calls them.
#[derive(Debug, Clone, Copy)]
pub struct ParameterShape {
    names: &'static [&'static str],
    required: usize,
    repeated: bool,
}

impl ParameterShape {
    const NONE: Self = Self { names: &[], required: 0, repeated: false };

    const fn exactly(names: &'static [&'static str]) -> Self {
        Self { names, required: names.len(), repeated: false }
    }

    const fn at_least(required: usize, names: &'static [&'static str]) -> Self {
        Self { names, required, repeated: false }
    }

    const fn any_number_from(required: usize, name: &'static [&'static str]) -> Self {
        Self { names: name, required, repeated: true }
    }

    /// The least number of parameters.
    pub const fn least(self) -> usize {
        self.required
    }

    /// The greatest number of parameters, when there is one.
    pub const fn most(self) -> Option<usize> {
        if self.repeated { None } else { Some(self.names.len()) }
    }

    /// The names of `count` parameters: a repeated name carries a number from 1 when there are several.
    pub fn names(self, count: usize) -> Vec<String> {
        if !self.repeated {
            return self.names.iter().take(count).map(ToString::to_string).collect();
        }
        let name = self.names.first().copied().unwrap_or_default();
        if count == 1 { vec![name.to_owned()] } else { (1..=count).map(|number| format!("{name}{number}")).collect() }
    }
}

impl fmt::Display for ParameterShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.least(), self.most()) {
            (0, Some(0)) => f.write_str("no parameter"),
            (1, Some(1)) => f.write_str("one parameter"),
            (least, Some(most)) if least == most => write!(f, "{least} parameters"),
            (0, Some(1)) => f.write_str("at most one parameter"),
            (least, Some(most)) => write!(f, "{least} to {most} parameters"),
            (0, None) => f.write_str("any number of parameters"),
            (1, None) => f.write_str("one or more parameters"),
            (least, None) => write!(f, "{least} or more parameters"),
        }
    }
}

/// Whether a condition follows the parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConditionUse {
    /// Always.
    Required,
    /// Sometimes.
    Optional,
    /// Never.
    Forbidden,
    /// A list of hashes to look for, or else a second path to compare with.
    UnlessTwoParameters,
}

/// What a rule type yields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnType {
    /// It holds or not.
    Boolean,
    /// One number.
    Number,
    /// One number, or a truth for each row.
    NumberOrBoolean,
    /// A text.
    Text,
    /// A value for each row or file.
    Values,
}

/// Where a rule type may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In `Rules`, and in `Analyzers` when it yields more than a truth.
    Anywhere,
    /// Only in `Analyzers`.
    Analyzers,
}

/// What a rule type accepts beyond parameters and a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feature {
    /// `where "…"`.
    Where,
    /// `with threshold …`.
    Threshold,
    /// Left out when a composite is judged row by row.
    NotRowLevelInComposite,
    /// Options written `with bins = 20, rebin = false`, bare words included.
    OptionList,
}

use ConditionKind::{Date, Duration, Number, Size, String as Text};
use ConditionUse::{Forbidden, Optional, Required, UnlessTwoParameters};
use Feature::{NotRowLevelInComposite, OptionList, Threshold, Where};
use ParameterShape as P;

const COLUMN: ParameterShape = P::exactly(&["TargetColumn"]);
const COLUMNS: ParameterShape = P::any_number_from(1, &["TargetColumn"]);
const REFERENCE: ParameterShape = P::exactly(&["ReferenceDatasetAlias"]);
const PATH: ParameterShape = P::at_least(0, &["Path"]);

macro_rules! rule_types {
    ($($(#[$doc:meta])* $name:ident: $parameters:expr, $condition:expr, $kinds:expr, $returns:ident, $place:ident, $features:expr;)*) => {
        /// A DQDL rule type.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "the names are AWS's own; the table below says what each accepts")]
        pub enum RuleType {
            $($(#[$doc])* $name,)*
        }

        impl RuleType {
            /// Every rule type, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// What the type accepts and yields.
            pub fn spec(self) -> &'static RuleSpec {
                match self {
                    $(Self::$name => const { &RuleSpec {
                        name: stringify!($name),
                        parameters: $parameters,
                        condition: $condition,
                        kinds: $kinds,
                        returns: ReturnType::$returns,
                        place: Place::$place,
                        features: $features,
                    } },)*
                }
            }
        }
    };
}

rule_types! {
    // name: parameters, condition, kinds of condition, yields, place, features
    RowCount: P::at_least(0, &["TargetColumn"]), Required, &[Number], Number, Anywhere, &[Where, Threshold];
    RowCountMatch: REFERENCE, Required, &[Number], Number, Anywhere, &[];
    ColumnCount: P::NONE, Required, &[Number], Number, Anywhere, &[];
    Completeness: COLUMN, Required, &[Number], Number, Anywhere, &[Where, NotRowLevelInComposite];
    IsComplete: COLUMN, Forbidden, &[], Boolean, Anywhere, &[Where];
    ColumnDataType: COLUMN, Required, &[Text], Text, Anywhere, &[Where, Threshold];
    ColumnNamesMatchPattern: P::exactly(&["PatternToMatch"]), Forbidden, &[], Boolean, Anywhere, &[];
    ColumnExists: COLUMN, Forbidden, &[], Boolean, Anywhere, &[];
    ColumnCorrelation: P::exactly(&["TargetColumn1", "TargetColumn2"]), Required, &[Number], Number, Anywhere, &[Where];
    Uniqueness: COLUMNS, Required, &[Number], Number, Anywhere, &[Where, NotRowLevelInComposite];
    IsUnique: COLUMNS, Forbidden, &[], Boolean, Anywhere, &[Where];
    IsPrimaryKey: COLUMNS, Forbidden, &[], Boolean, Anywhere, &[Where];
    Mean: COLUMN, Required, &[Number], Number, Anywhere, &[Where];
    Sum: COLUMN, Required, &[Number], Number, Anywhere, &[Where];
    StandardDeviation: COLUMN, Required, &[Number], Number, Anywhere, &[Where];
    Variance: COLUMN, Required, &[Number], Number, Anywhere, &[Where];
    Entropy: COLUMN, Required, &[Number], Number, Anywhere, &[Where];
    DistinctValuesCount: COLUMN, Required, &[Number], Number, Anywhere, &[Where];
    UniqueValueRatio: COLUMN, Required, &[Number], Number, Anywhere, &[Where];
    ColumnLength: COLUMN, Required, &[Number], Number, Anywhere, &[Where];
    ColumnValues: COLUMN, Required, &[Number, Text, Date], Values, Anywhere, &[Where, Threshold];
    DataFreshness: COLUMN, Required, &[Duration], Values, Anywhere, &[Where];
    CustomSql: P::exactly(&["CustomSqlStatement"]), Optional, &[Number], NumberOrBoolean, Anywhere, &[Threshold];
    ReferentialIntegrity: P::exactly(&["PrimaryDatasetColumns", "ReferenceDatasetColumns"]), Required, &[Number], Number, Anywhere, &[NotRowLevelInComposite];
    DatasetMatch: P::at_least(2, &["ReferenceDatasetAlias", "KeyColumnMappings", "MatchColumnMappings"]), Required, &[Number], Number, Anywhere, &[NotRowLevelInComposite];
    SchemaMatch: REFERENCE, Required, &[Number], Number, Anywhere, &[];
    AggregateMatch: P::exactly(&["AggregateExpression1", "AggregateExpression2"]), Required, &[Number], Number, Anywhere, &[];
    DetectAnomalies: P::any_number_from(1, &["MetricParameter"]), Forbidden, &[], Boolean, Anywhere, &[];
    AllStatistics: COLUMN, Forbidden, &[], Number, Analyzers, &[];
    Distribution: COLUMN, Forbidden, &[], Number, Anywhere, &[OptionList];
    FileFreshness: PATH, Required, &[Date], Values, Anywhere, &[Threshold];
    FileSize: PATH, Required, &[Size], Values, Anywhere, &[Threshold];
    FileUniqueness: PATH, Required, &[Number], Number, Anywhere, &[];
    FileMatch: P::at_least(0, &["Path", "ComparedPath"]), UnlessTwoParameters, &[Text], Values, Anywhere, &[];
    ZerosCount: COLUMN, Required, &[Number], Number, Anywhere, &[Where];
    DuplicateRowCount: P::any_number_from(0, &["TargetColumn"]), Required, &[Number], Number, Anywhere, &[Where];
    Range: COLUMN, Required, &[Number], Number, Anywhere, &[Where];
    InterquartileRange: COLUMN, Required, &[Number], Number, Anywhere, &[Where];
    Skewness: COLUMN, Required, &[Number], Number, Anywhere, &[Where];
    Kurtosis: COLUMN, Required, &[Number], Number, Anywhere, &[Where];
}

impl RuleType {
    /// The type of that exact name. AWS's documentation also writes `isComplete`.
    pub fn from_name(name: &str) -> Option<Self> {
        let name = if name == "isComplete" { "IsComplete" } else { name };
        Self::ALL.iter().copied().find(|rule_type| rule_type.name() == name)
    }

    /// The case-sensitive name.
    pub fn name(self) -> &'static str {
        self.spec().name
    }
}

impl fmt::Display for RuleType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_types() {
        for rule_type in RuleType::ALL {
            assert_eq!(RuleType::from_name(rule_type.name()), Some(*rule_type));
        }
        assert_eq!(RuleType::from_name("iscomplete"), None);
    }

    #[test]
    fn a_condition_has_kinds_exactly_when_it_is_accepted() {
        for rule_type in RuleType::ALL {
            let spec = rule_type.spec();
            assert_eq!(spec.kinds.is_empty(), spec.condition == ConditionUse::Forbidden, "{rule_type}");
        }
    }

    #[test]
    fn several_columns_are_numbered_from_one() {
        let shape = RuleType::IsUnique.spec().parameters;
        assert_eq!(shape.names(1), ["TargetColumn"]);
        assert_eq!(shape.names(2), ["TargetColumn1", "TargetColumn2"]);
    }
}
