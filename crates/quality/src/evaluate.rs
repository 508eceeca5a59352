//! One evaluation: from a ruleset, through batches, to a report.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use arrow_buffer::BooleanBuffer;
use arrow_schema::Schema;
use sluice_dqdl::ast::{RuleExpr, RuleNode, Ruleset};

use crate::error::QualityError;
use crate::history::MetricHistory;
use crate::options::{CompositeScope, EvaluationOptions, FilteredRows};
use crate::outcome::{AnalyzerOutcome, Outcome, Refusal, RuleOutcome, Verdict};
use crate::pass::{Pass, RowMarks};
use crate::plan::Planner;
use crate::report::Report;
use crate::results::Results;
use crate::row_result::{RowBits, RowResults};
use crate::rule::{Lowered, Marks, lower, lower_analyzer};
use crate::sql::SqlQuestion;
use crate::state::{EvaluationState, StateError, StateRef, StoredColumn, encode};
use crate::value::count;

/// A ruleset on its way through a table.
#[derive(Debug)]
pub struct Evaluation {
    rules: Vec<PlannedRule>,
    analyzers: Vec<(String, Result<Lowered, Refusal>)>,
    pass: Pass,
    fingerprint: String,
    sql_questions: Vec<SqlQuestion>,
    schema: Vec<StoredColumn>,
    wants_row_results: bool,
    filtered_rows: FilteredRows,
    composite_scope: CompositeScope,
}

#[derive(Debug)]
struct PlannedRule {
    text: String,
    labels: BTreeMap<String, String>,
    node: Node,
}

#[derive(Debug)]
enum Node {
    Rule(Box<Result<Lowered, Refusal>>),
    And(Vec<Self>),
    Or(Vec<Self>),
}

impl Evaluation {
    /// Plans the evaluation of `ruleset` on a table of `schema`. What is wrong with a single rule becomes its outcome.
    pub fn new(ruleset: &Ruleset, schema: &Schema, options: &EvaluationOptions, history: &dyn MetricHistory) -> Self {
        let mut planner = Planner::new(schema, options, history);
        let rules: Vec<_> = ruleset
            .rules
            .iter()
            .map(|rule| PlannedRule {
                text: rule.to_string(),
                labels: ruleset
                    .effective_labels(rule)
                    .into_iter()
                    .map(|label| (label.key.clone(), label.value.clone()))
                    .collect(),
                node: Node::lower(rule, &mut planner),
            })
            .collect();
        let analyzers: Vec<(String, _)> = ruleset
            .analyzers
            .iter()
            .map(|analyzer| (analyzer.to_string(), lower_analyzer(analyzer, &mut planner)))
            .collect();
        let Planner { plan, references, sql_questions, .. } = planner;
        let has_composite = rules.iter().any(|rule| !matches!(rule.node, Node::Rule(_)));
        let keeps_rows = options.row_results || (has_composite && options.composite_scope == CompositeScope::Row);
        let asked: Vec<&str> = rules
            .iter()
            .map(|rule| rule.text.as_str())
            .chain(analyzers.iter().map(|(text, _)| text.as_str()))
            .collect();
        Self {
            fingerprint: plan.fingerprint(&asked.join("\n")),
            sql_questions,
            schema: StoredColumn::of(schema),
            rules,
            analyzers,
            pass: Pass::new(plan, references, options, keeps_rows),
            wants_row_results: options.row_results,
            filtered_rows: options.filtered_rows,
            composite_scope: options.composite_scope,
        }
    }

    /// The columns that batches must have, in this order, by their names in the schema.
    pub fn required_columns(&self) -> Vec<&str> {
        self.pass.required_columns()
    }

    /// Those of [`Self::required_columns`] of which only NULL or not is looked at: batches may have them as columns of any
    /// type.
    pub fn presence_columns(&self) -> Vec<&str> {
        self.pass.presence_columns()
    }

    /// The queries that only an SQL engine can answer. Their rules are errors, unless the evaluation was planned with
    /// the answers in [`EvaluationOptions::sql_answers`].
    pub fn sql_questions(&self) -> &[SqlQuestion] {
        &self.sql_questions
    }

    /// The aliases of the reference datasets, which must be taken in before the first batch.
    pub fn references(&self) -> Vec<&str> {
        self.pass.references.aliases().collect()
    }

    /// The columns that batches of a reference dataset must have, in this order.
    pub fn reference_columns(&self, alias: &str) -> Vec<String> {
        self.pass.references.columns(alias)
    }

    /// Takes in a batch of a reference dataset. Memory: 16 to 40 bytes for each row of a key that a rule looks up.
    ///
    /// # Errors
    /// The alias is unknown, the batch has not the required columns, or the keys do not fit the memory allowed.
    pub fn update_reference(&mut self, alias: &str, batch: &RecordBatch) -> Result<(), QualityError> {
        self.pass.update_reference(alias, batch)
    }

    /// Takes in a batch, whose first row has the number `first_row`, counted from 0.
    ///
    /// # Errors
    /// The batch has not the required columns, temporary files cannot be written, or the keys of rows do not fit.
    pub fn update(&mut self, batch: &RecordBatch, first_row: u64) -> Result<(), QualityError> {
        self.pass.update(batch, first_row)
    }

    /// What was measured.
    pub fn into_state(self) -> EvaluationState {
        EvaluationState {
            plan: self.fingerprint,
            schema: self.schema,
            rows: self.pass.rows,
            selected_rows: self.pass.selected_rows,
            metrics: self.pass.states,
        }
    }

    /// What was measured so far, as bytes that [`EvaluationState::from_bytes`] reads.
    ///
    /// # Errors
    /// The keys of counted values went beyond the memory for them.
    pub fn state_bytes(&self) -> Result<Vec<u8>, StateError> {
        encode(&StateRef {
            plan: &self.fingerprint,
            schema: &self.schema,
            rows: self.pass.rows,
            selected_rows: &self.pass.selected_rows,
            metrics: &self.pass.states,
        })
    }

    /// Takes in what was measured of other rows under the same ruleset.
    ///
    /// # Errors
    /// The state is of another plan or schema, row results are kept, or temporary files cannot be used.
    pub fn merge(&mut self, other: EvaluationState) -> Result<(), QualityError> {
        let pass = &mut self.pass;
        let same_shape =
            other.metrics.len() == pass.states.len() && other.selected_rows.len() == pass.selected_rows.len();
        if other.plan != self.fingerprint || !same_shape {
            return Err(QualityError::Plan { expected: self.fingerprint.clone(), found: other.plan });
        }
        if let Some(column) = StoredColumn::difference(&self.schema, &other.schema) {
            return Err(QualityError::Schema { column: column.to_owned() });
        }
        if pass.keeps_rows() {
            return Err(QualityError::RowsAndMerge);
        }
        let limit = pass.held_limit_bytes();
        for (state, other) in pass.states.iter_mut().zip(other.metrics) {
            if !state.merge(other, limit)? {
                return Err(QualityError::Plan { expected: self.fingerprint.clone(), found: other_family() });
            }
        }
        for (selected, other) in pass.selected_rows.iter_mut().zip(other.selected_rows) {
            *selected = selected.saturating_add(other);
        }
        pass.rows = pass.rows.saturating_add(other.rows);
        pass.keep_within_memory()
    }

    /// Judges every rule.
    ///
    /// # Errors
    /// Temporary files cannot be read.
    pub fn finish(self) -> Result<Report, QualityError> {
        let mut measured = self.pass.measure()?;
        let rows =
            measured.marks.take().map(|marks| RowReader { marks, skips: self.filtered_rows == FilteredRows::Skip });
        let results = measured.results();
        let by_row = self.composite_scope == CompositeScope::Row;
        let outcomes = self
            .rules
            .iter()
            .map(|rule| {
                let bits = rows.as_ref().filter(|_| by_row).and_then(|rows| rows.composite_bits(&rule.node));
                rule.outcome(&results, bits)
            })
            .collect();
        let analyzers = self.analyzers.iter().map(|(text, planned)| analyze(text, planned, &results)).collect();
        let row_results = rows.filter(|_| self.wants_row_results).map(|rows| RowResults {
            rows: rows.marks.rows,
            rules: self.rules.iter().map(|rule| rows.bits(&rule.node)).collect(),
        });
        Ok(Report { rules: outcomes, analyzers, rows: measured.rows, row_results })
    }
}

fn other_family() -> String {
    "metrics of other families".to_owned()
}

fn analyze(text: &str, planned: &Result<Lowered, Refusal>, results: &Results<'_>) -> AnalyzerOutcome {
    let (message, metrics) = match planned {
        Err(refusal) => (Some(refusal.message.clone()), Vec::new()),
        Ok(lowered) => {
            let verdict = (lowered.judge)(results);
            (verdict.message.filter(|_| verdict.metrics.is_empty()), verdict.metrics)
        }
    };
    AnalyzerOutcome { analyzer: text.to_owned(), message, metrics: metrics.into_iter().collect() }
}

impl Node {
    fn lower(rule: &RuleExpr, planner: &mut Planner<'_>) -> Self {
        match &rule.node {
            RuleNode::Rule(rule) => Self::Rule(Box::new(lower(rule, planner))),
            RuleNode::And(parts) => Self::And(parts.iter().map(|part| Self::lower(part, planner)).collect()),
            RuleNode::Or(parts) => Self::Or(parts.iter().map(|part| Self::lower(part, planner)).collect()),
        }
    }

    fn judge(&self, results: &Results<'_>) -> Verdict {
        match self {
            Self::Rule(planned) => match planned.as_ref() {
                Ok(lowered) => (lowered.judge)(results),
                Err(refusal) => Verdict::new(refusal.outcome, Some(refusal.message.clone())),
            },
            Self::And(parts) => join(parts, results, Outcome::Failed, Outcome::Passed),
            Self::Or(parts) => join(parts, results, Outcome::Passed, Outcome::Failed),
        }
    }

    fn evaluated_rule(&self) -> Option<String> {
        match self {
            Self::Rule(planned) => planned.as_ref().as_ref().ok()?.evaluated_rule.clone(),
            Self::And(_) | Self::Or(_) => None,
        }
    }
}

/// One part with the outcome `decisive` decides; else an error does; else the outcome is `otherwise`.
fn join(parts: &[Node], results: &Results<'_>, decisive: Outcome, otherwise: Outcome) -> Verdict {
    let verdicts: Vec<Verdict> = parts.iter().map(|part| part.judge(results)).collect();
    let has = |outcome| verdicts.iter().any(|verdict| verdict.outcome == Some(outcome));
    let outcome = if has(decisive) {
        decisive
    } else if has(Outcome::Error) {
        Outcome::Error
    } else {
        otherwise
    };
    let told = verdicts.iter().filter(|verdict| outcome != Outcome::Passed && verdict.outcome != Some(Outcome::Passed));
    let messages: Vec<&str> = told.filter_map(|verdict| verdict.message.as_deref()).collect();
    let message = (!messages.is_empty()).then(|| messages.join("; "));
    let mut joined = Verdict::new(outcome, message);
    joined.metrics = verdicts.into_iter().flat_map(|verdict| verdict.metrics).collect();
    joined
}

impl PlannedRule {
    /// `by_row` are the rows of a composite that is judged row by row.
    fn outcome(&self, results: &Results<'_>, by_row: Option<RowBits>) -> RuleOutcome {
        let mut verdict = self.node.judge(results);
        if let Some(bits) = by_row {
            let failing = count(bits.passed.len() - bits.passed.count_set_bits());
            let outcome = if failing == 0 { Outcome::Passed } else { Outcome::Failed };
            let message = (failing > 0).then(|| format!("{failing} rows do not meet the composite rule"));
            let first_failing_rows =
                (!&bits.passed).set_indices().take(crate::metric::MAX_LOCATIONS).map(count).collect();
            verdict = Verdict {
                outcome: Some(outcome),
                message,
                metrics: verdict.metrics,
                first_failing_rows,
                failing_rows: Some(failing),
            };
        }
        RuleOutcome {
            rule: self.text.clone(),
            outcome: verdict.outcome.unwrap_or(Outcome::Error),
            message: verdict.message,
            metrics: verdict.metrics.into_iter().collect(),
            evaluated_rule: self.node.evaluated_rule(),
            labels: self.labels.clone(),
            first_failing_rows: verdict.first_failing_rows,
            failing_rows: verdict.failing_rows,
        }
    }
}

/// Row results, worked out when the last row is in.
struct RowReader {
    marks: RowMarks,
    skips: bool,
}

impl RowReader {
    fn composite_bits(&self, node: &Node) -> Option<RowBits> {
        match node {
            Node::Rule(_) => None,
            Node::And(_) | Node::Or(_) => self.bits(node),
        }
    }

    fn bits(&self, node: &Node) -> Option<RowBits> {
        match node {
            Node::Rule(planned) => self.rule_bits(&planned.as_ref().as_ref().ok()?.marks),
            Node::And(parts) => self.joined(parts, |left, right| left & right),
            Node::Or(parts) => self.joined(parts, |left, right| left | right),
        }
    }

    fn joined(
        &self,
        parts: &[Node],
        join: impl Fn(&BooleanBuffer, &BooleanBuffer) -> BooleanBuffer,
    ) -> Option<RowBits> {
        let mut passed: Option<BooleanBuffer> = None;
        for part in parts {
            let bits = self.bits(part)?;
            passed = Some(passed.map_or_else(|| bits.passed.clone(), |passed| join(&passed, &bits.passed)));
        }
        Some(RowBits { passed: passed?, skipped: None })
    }

    fn rule_bits(&self, marks: &Marks) -> Option<RowBits> {
        let (tests, unique, filter) = match marks {
            Marks::None => return None,
            Marks::NoRow => {
                return Some(RowBits { passed: BooleanBuffer::new_unset(self.marks.rows), skipped: None });
            }
            Marks::Kept(passed) => {
                let passed = passed.clone();
                return (passed.len() == self.marks.rows).then_some(RowBits { passed, skipped: None });
            }
            Marks::Rows { tests, unique, filter } => (tests, unique, filter),
        };
        let mut passed = BooleanBuffer::new_set(self.marks.rows);
        for test in tests {
            passed = &passed & self.marks.test(*test)?;
        }
        for metric in unique {
            passed = &passed & self.marks.unique(*metric)?;
        }
        let left_out = filter.and_then(|filter| self.marks.filter(filter)).map(|filter| !filter);
        if let Some(left_out) = &left_out {
            passed = &passed | left_out;
        }
        Some(RowBits { passed, skipped: left_out.filter(|_| self.skips) })
    }
}
