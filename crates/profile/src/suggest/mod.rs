//! Rules that a table suggests, each with its reason.

mod dqdl;
mod heuristic;
mod interval;
mod notes;

pub use heuristic::{Category, Facts, Heuristic};
pub use interval::{Interval, IntervalStrategy};
pub use notes::{nearly_one_type, notes};

use sluice_dqdl::ast::{RuleExpr, Ruleset};
use sluice_quality::{CheckError, EvaluationOptions, NoHistory, Outcome, check};
use sluice_tabular::Reader;

use crate::cell::CellType;
use crate::number::{count, share};
use crate::profile::{ColumnProfile, Profile};
use crate::shape::regex_of;
use dqdl::{on_one_line, quoted, where_present};

use crate::number::grouped;

/// Rows below which the form of texts says nothing.
const ENOUGH_ROWS: u64 = 20;
/// Different values up to which they are taken for a category, as in Deequ.
const MOST_CATEGORIES: u64 = 120;
/// Bytes of a rule; what is longer nobody reads.
const LONGEST_RULE_BYTES: usize = 4_000;

/// A rule and why it is suggested.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    /// The rule in DQDL.
    pub rule: String,
    /// Why, with the figure, on one line.
    pub reason: String,
    /// The column that it is about.
    pub column: Option<String>,
}

/// Rules as they hold for a table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Suggestions {
    /// Rules that the whole table passes.
    pub rules: Vec<Suggestion>,
    /// Rules that seemed fit and that the table does not pass.
    pub rejected: Vec<Suggestion>,
    /// What a person should look at before believing the rules.
    pub notes: Vec<String>,
}

/// The rules that a profile suggests. They may not all hold: a profile knows some figures only about, and what a rule
/// does with NULL, empty texts or odd names is the engine's to say. [`judged`] keeps those that hold.
pub fn candidates(profile: &Profile) -> Vec<Suggestion> {
    let mut rules = Vec::new();
    let mut push = |column: Option<&ColumnProfile>, rule: String, reason: String| {
        if rule.len() <= LONGEST_RULE_BYTES {
            rules.push(Suggestion {
                rule,
                reason: on_one_line(&reason),
                column: column.map(|column| column.name.clone()),
            });
        }
    };
    if profile.rows > 0 {
        push(None, "RowCount > 0".into(), format!("the table has {} rows", grouped(profile.rows)));
    }
    push(None, format!("ColumnCount = {}", profile.columns.len()), "as many columns as there are".into());
    for column in &profile.columns {
        for (rule, reason) in of_column(column, profile.rows) {
            push(Some(column), rule, reason);
        }
    }
    rules
}

fn of_column(column: &ColumnProfile, rows: u64) -> Vec<(String, String)> {
    let facts = facts(column, rows);
    let present = rows - column.nulls.count.min(rows);
    let mut rules = Vec::new();
    if rows == 0 || column.cell_type == CellType::Unknown {
        return rules;
    }
    let mut ask = |heuristic: Heuristic, reason: String| {
        let rule = heuristic.suggest(&facts, rows);
        let is_suggested = rule.is_some();
        rules.extend(rule.map(|rule| (rule, reason)));
        is_suggested
    };
    ask(Heuristic::CompleteIfComplete, format!("all {} rows have a value", grouped(rows)));
    ask(
        Heuristic::RETAIN_COMPLETENESS,
        format!(
            "{} of {} rows have a value, {:.1} %; the bound leaves room for chance (95 %)",
            grouped(present),
            grouped(rows),
            100.0 * column.completeness
        ),
    );
    if column.cell_type == CellType::Opaque {
        return rules;
    }
    let values = grouped(column.distinct.values);
    let is_unique = !column.distinct.is_exact || column.distinct.once == rows;
    if is_unique && rows > 1 {
        let about = if column.distinct.is_exact { "" } else { "about " };
        ask(
            Heuristic::UniqueIfApproximatelyUnique,
            format!("{about}{values} different values in {} rows", grouped(rows)),
        );
    }
    let is_category = ask(
        Heuristic::CategoricalRange,
        if column.distinct.values == 1 {
            "all rows have one value".into()
        } else {
            format!("{values} values that recur")
        },
    );
    if !is_category {
        ask(Heuristic::FRACTIONAL_CATEGORICAL_RANGE, format!("these of {values} values cover nine rows in ten"));
    }
    ask(Heuristic::RetainType, format!("all {} texts read as {}", grouped(present), column.cell_type.name()));
    if column.cell_type.is_numeric() {
        let least = facts.minimum.unwrap_or_default();
        ask(Heuristic::NonNegativeNumbers, format!("the least number is {least}"));
    }
    rules.extend(of_form(column, present, is_category));
    let has_nulls = column.nulls.count > 0;
    for (rule, _) in rules.iter_mut().filter(|(rule, _)| has_nulls && fails_null(rule)) {
        rule.push_str(&where_present(&column.name));
    }
    rules
}

/// `in [NULL, …]` and completeness say themselves what becomes of NULL.
fn fails_null(rule: &str) -> bool {
    rule.starts_with("ColumnDataType ") || rule.starts_with("ColumnValues ") && !rule.contains(" in [")
}

/// Dates, texts of one shape, texts of one length. Deequ has no such heuristics.
fn of_form(column: &ColumnProfile, present: u64, is_category: bool) -> Option<(String, String)> {
    let name = quoted(&column.name);
    let all = grouped(present);
    match column.cell_type {
        CellType::Date | CellType::Timestamp if column.is_type_inferred => {
            let word = if column.cell_type == CellType::Date { "DATE" } else { "TIMESTAMP" };
            Some((format!("ColumnDataType {name} = \"{word}\""), format!("all {all} texts read as {word}")))
        }
        CellType::String if present >= ENOUGH_ROWS && !is_category => {
            let lengths = column.lengths.as_ref()?;
            let shapes = column.shapes.as_ref()?;
            let only = shapes.values.first().filter(|shape| shape.count == present && shapes.error == 0);
            if let Some(regex) = only.and_then(|shape| regex_of(&shape.value)) {
                return Some((
                    format!("ColumnValues {name} matches {}", quoted(&regex)),
                    format!("all {all} texts have one shape"),
                ));
            }
            (lengths.min == lengths.max).then(|| {
                (format!("ColumnLength {name} = {}", lengths.min), format!("all {all} texts have as many characters"))
            })
        }
        _ => None,
    }
}

/// What Deequ's heuristics look at.
pub fn facts(column: &ColumnProfile, rows: u64) -> Facts {
    let values = column.numbers.as_ref().and_then(|numbers| numbers.values.as_ref());
    let is_numeric = column.cell_type.is_numeric();
    let top = column.top_values.as_ref().filter(|top| {
        let is_whole = top.is_complete && top.values.iter().all(|value| !value.is_cut);
        is_whole && count(top.values.len()) <= MOST_CATEGORIES && top.error == 0
    });
    let histogram = top.map(|top| {
        let some = top.values.iter().map(|value| (Some(value.value.clone()), value.count));
        let null = (column.nulls.count > 0).then_some((None, column.nulls.count));
        let categories =
            some.chain(null).map(|(value, times)| Category { value, count: times, ratio: share(times, rows) });
        categories.collect()
    });
    Facts {
        column: column.name.clone(),
        completeness: column.completeness,
        distinct: column.distinct.values,
        cell_type: column.cell_type,
        is_type_inferred: column.is_type_inferred,
        histogram,
        minimum: values.filter(|_| is_numeric).map(|values| values.min),
        is_wide: values.is_some_and(|values| values.min < f64::from(i32::MIN) || values.max > f64::from(i32::MAX)),
    }
}

/// Reads the table that `candidates` came from once more, and keeps what holds for every row of it.
///
/// # Errors
/// When the table cannot be read to its end.
pub fn judged(
    candidates: Vec<Suggestion>,
    reader: Reader,
    options: &EvaluationOptions,
) -> Result<Suggestions, CheckError> {
    let mut suggestions = Suggestions::default();
    let mut tried = Vec::new();
    let mut ruleset: Option<Ruleset> = None;
    for candidate in candidates {
        match parsed(&candidate.rule) {
            Some((mut whole, rule)) => {
                ruleset
                    .get_or_insert_with(|| {
                        whole.rules.clear();
                        whole
                    })
                    .rules
                    .push(rule);
                tried.push(candidate);
            }
            None => suggestions.rejected.push(candidate),
        }
    }
    let Some(ruleset) = ruleset else { return Ok(suggestions) };
    let report = check(reader, &ruleset, options, &NoHistory)?;
    for (candidate, outcome) in tried.into_iter().zip(report.rules) {
        if outcome.outcome == Outcome::Passed {
            suggestions.rules.push(candidate);
        } else {
            suggestions.rejected.push(candidate);
        }
    }
    Ok(suggestions)
}

/// A rule that DQDL can say. Some names it cannot: a column called `2024-01-01` would be a date.
fn parsed(rule: &str) -> Option<(Ruleset, RuleExpr)> {
    let ruleset = sluice_dqdl::parse(&format!("Rules = [\n{rule}\n]")).ok()?;
    let [one] = ruleset.rules.as_slice() else { return None };
    let one = one.clone();
    Some((ruleset, one))
}

impl Suggestions {
    /// A ruleset with the reason for each rule as a comment before it, and before all of it what to look at first.
    pub fn to_dqdl(&self, subject: &str) -> String {
        let mut text =
            format!("// Suggested for {}. Each rule was checked: the whole table passes it.\n", on_one_line(subject));
        text.push_str("// What holds today need not be what is meant: read the rules before you trust them.\n");
        for note in &self.notes {
            text.push_str("// Look at ");
            text.push_str(note);
            text.push('\n');
        }
        text.push_str("Rules = [\n");
        let mut column = None;
        for (index, suggestion) in self.rules.iter().enumerate() {
            if index > 0 && column != suggestion.column.as_ref() {
                text.push('\n');
            }
            column = suggestion.column.as_ref();
            let comma = if index + 1 < self.rules.len() { "," } else { "" };
            for part in ["    // ", &suggestion.reason, "\n    ", &suggestion.rule, comma, "\n"] {
                text.push_str(part);
            }
        }
        text.push_str("]\n");
        text
    }
}
