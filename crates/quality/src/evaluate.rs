//! One evaluation: from a ruleset, through batches, to a report.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder};
use arrow_schema::Schema;
use serde::{Deserialize, Serialize};
use sluice_dqdl::ast::{RuleExpr, RuleNode, Ruleset};

use crate::error::QualityError;
use crate::frame::Frame;
use crate::history::MetricHistory;
use crate::metric::{KeyCounter, MetricState};
use crate::options::{CompositeScope, EvaluationOptions, FilteredRows};
use crate::outcome::{AnalyzerOutcome, Outcome, Refusal, RuleOutcome, Verdict};
use crate::plan::{FilterId, Plan, Planner};
use crate::reference::References;
use crate::report::Report;
use crate::results::Results;
use crate::row_result::{RowBits, RowResults};
use crate::rule::{Lowered, Marks, lower, lower_analyzer};
use crate::value::count;

const STATE_VERSION: u32 = 2;

/// A ruleset on its way through a table.
#[derive(Debug)]
pub struct Evaluation {
    rules: Vec<PlannedRule>,
    analyzers: Vec<(String, Result<Lowered, Refusal>)>,
    plan: Plan,
    fingerprint: String,
    references: References,
    states: Vec<MetricState>,
    selected_rows: Vec<u64>,
    rows: u64,
    rows_kept: Option<KeptRows>,
    wants_row_results: bool,
    filtered_rows: FilteredRows,
    composite_scope: CompositeScope,
    merged: bool,
    key_memory_bytes: usize,
    row_key_memory_bytes: usize,
    reference_memory_bytes: usize,
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

/// Results of tests and filters for every row so far.
#[derive(Debug)]
struct KeptRows {
    tests: Vec<BooleanBufferBuilder>,
    filters: Vec<BooleanBufferBuilder>,
}

/// What was measured so far, to be stored or merged with what was measured of other rows under the same ruleset.
#[derive(Debug, Serialize, Deserialize)]
pub struct EvaluationState {
    version: u32,
    plan: String,
    rows: u64,
    selected_rows: Vec<u64>,
    metrics: Vec<MetricState>,
}

impl EvaluationState {
    /// Rows that were taken in.
    pub const fn rows(&self) -> u64 {
        self.rows
    }
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
        let analyzers = ruleset
            .analyzers
            .iter()
            .map(|analyzer| (analyzer.to_string(), lower_analyzer(analyzer, &mut planner)))
            .collect();
        let Planner { plan, references, .. } = planner;
        let has_composite = rules.iter().any(|rule| !matches!(rule.node, Node::Rule(_)));
        let keeps_rows = options.row_results || (has_composite && options.composite_scope == CompositeScope::Row);
        let mut states: Vec<_> = plan.metrics.iter().map(MetricState::new).collect();
        if keeps_rows {
            for state in &mut states {
                if let MetricState::Distinct(counter) = state {
                    counter.keep_row_keys();
                }
            }
        }
        let builders = |length: usize| (0..length).map(|_| BooleanBufferBuilder::new(0)).collect();
        Self {
            rows_kept: keeps_rows
                .then(|| KeptRows { tests: builders(plan.tests.len()), filters: builders(plan.filters.len()) }),
            selected_rows: vec![0; plan.filters.len()],
            fingerprint: plan.fingerprint(),
            rules,
            analyzers,
            plan,
            references,
            states,
            rows: 0,
            wants_row_results: options.row_results,
            filtered_rows: options.filtered_rows,
            composite_scope: options.composite_scope,
            merged: false,
            key_memory_bytes: options.key_memory_bytes,
            row_key_memory_bytes: options.row_key_memory_bytes,
            reference_memory_bytes: options.reference_memory_bytes,
        }
    }

    /// The columns that batches must have, in this order, by their names in the schema.
    pub fn required_columns(&self) -> Vec<&str> {
        self.plan.columns.iter().map(|column| column.name.as_str()).collect()
    }

    /// The aliases of the reference datasets, which must be taken in before the first batch.
    pub fn references(&self) -> Vec<&str> {
        self.references.aliases().collect()
    }

    /// The columns that batches of a reference dataset must have, in this order.
    pub fn reference_columns(&self, alias: &str) -> Vec<String> {
        self.references.columns(alias)
    }

    /// Takes in a batch of a reference dataset. Memory: 16 to 40 bytes for each row of a key that a rule looks up.
    ///
    /// # Errors
    /// The alias is unknown, the batch has not the required columns, or the keys do not fit the memory allowed.
    pub fn update_reference(&mut self, alias: &str, batch: &RecordBatch) -> Result<(), QualityError> {
        self.references.update(alias, batch, self.reference_memory_bytes)
    }

    /// Takes in a batch, whose first row has the number `first_row`, counted from 0.
    ///
    /// # Errors
    /// The batch has not the required columns, temporary files cannot be written, or the keys of rows do not fit.
    pub fn update(&mut self, batch: &RecordBatch, first_row: u64) -> Result<(), QualityError> {
        let frame = Frame::new(&self.plan, batch, &self.references)?;
        let marks: Vec<BooleanBuffer> = self.plan.tests.iter().map(|test| test.mark(&frame)).collect();
        for (spec, state) in self.plan.metrics.iter().zip(&mut self.states) {
            state.update(spec, &frame, &marks, first_row);
        }
        for (index, selected) in self.selected_rows.iter_mut().enumerate() {
            *selected += frame.selected_rows(Some(FilterId(index)));
        }
        self.rows += count(frame.rows);
        if let Some(kept) = &mut self.rows_kept {
            for (builder, marks) in kept.tests.iter_mut().zip(&marks) {
                builder.append_buffer(marks);
            }
            for (index, builder) in kept.filters.iter_mut().enumerate() {
                if let Some(filter) = frame.filter(Some(FilterId(index))) {
                    builder.append_buffer(filter);
                }
            }
        }
        self.keep_within_memory()
    }

    /// One half of the memory for keys holds them, the other is for counting them at the end.
    const fn held_limit_bytes(&self) -> usize {
        self.key_memory_bytes / 2
    }

    /// Spills the largest counters until half of the memory is free again, so that the next spill is some way off.
    fn keep_within_memory(&mut self) -> Result<(), QualityError> {
        let limit = self.held_limit_bytes();
        let mut counters: Vec<&mut KeyCounter> = self.states.iter_mut().filter_map(counter).collect();
        if counters.iter().map(|counter| counter.row_key_bytes()).sum::<usize>() > self.row_key_memory_bytes {
            return Err(QualityError::RowKeys { limit_bytes: self.row_key_memory_bytes });
        }
        let mut held: usize = counters.iter().map(|counter| counter.held_bytes()).sum();
        if held <= limit {
            return Ok(());
        }
        counters.sort_by_key(|counter| std::cmp::Reverse(counter.held_bytes()));
        for counter in counters {
            if held <= limit / 2 {
                break;
            }
            held -= counter.held_bytes();
            counter.spill()?;
        }
        Ok(())
    }

    /// What was measured. Serialising it fails when the keys of counted values went beyond the memory for them.
    pub fn into_state(self) -> EvaluationState {
        EvaluationState {
            version: STATE_VERSION,
            plan: self.fingerprint,
            rows: self.rows,
            selected_rows: self.selected_rows,
            metrics: self.states,
        }
    }

    /// Takes in what was measured of other rows.
    ///
    /// # Errors
    /// The state is of another version or plan, row results are kept, or temporary files cannot be used.
    pub fn merge(&mut self, other: EvaluationState) -> Result<(), QualityError> {
        if other.version != STATE_VERSION {
            return Err(QualityError::Version { expected: STATE_VERSION, found: other.version });
        }
        let same_shape =
            other.metrics.len() == self.states.len() && other.selected_rows.len() == self.selected_rows.len();
        if other.plan != self.fingerprint || !same_shape {
            return Err(QualityError::Plan { expected: self.fingerprint.clone(), found: other.plan });
        }
        if self.rows_kept.is_some() {
            return Err(QualityError::RowsAndMerge);
        }
        let limit = self.held_limit_bytes();
        for (state, other) in self.states.iter_mut().zip(other.metrics) {
            if !state.merge(other, limit)? {
                return Err(QualityError::Plan { expected: self.fingerprint.clone(), found: other_family() });
            }
        }
        for (selected, other) in self.selected_rows.iter_mut().zip(other.selected_rows) {
            *selected = selected.saturating_add(other);
        }
        self.rows = self.rows.saturating_add(other.rows);
        self.merged = true;
        self.keep_within_memory()
    }

    /// Judges every rule.
    ///
    /// # Errors
    /// Temporary files cannot be read.
    pub fn finish(mut self) -> Result<Report, QualityError> {
        let memory_bytes = self.held_limit_bytes();
        let rows = RowReader::new(&mut self)?;
        let mut distinct = Vec::with_capacity(self.states.len());
        for state in &mut self.states {
            distinct.push(match counter(state) {
                // A counter's memory and its file are freed before the next one is counted.
                Some(counter) => Some(std::mem::take(counter).summary(memory_bytes)?),
                None => None,
            });
        }
        let results = Results {
            rows: self.rows,
            selected_rows: &self.selected_rows,
            states: &self.states,
            distinct: &distinct,
            references: &self.references,
        };
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
            rows: rows.rows,
            rules: self.rules.iter().map(|rule| rows.bits(&rule.node)).collect(),
        });
        Ok(Report { rules: outcomes, analyzers, rows: self.rows, row_results })
    }
}

fn counter(state: &mut MetricState) -> Option<&mut KeyCounter> {
    match state {
        MetricState::Distinct(counter) => Some(counter),
        _ => None,
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
    rows: usize,
    tests: Vec<BooleanBuffer>,
    filters: Vec<BooleanBuffer>,
    /// Unique rows by metric.
    unique: Vec<Option<BooleanBuffer>>,
    skips: bool,
}

impl RowReader {
    fn new(evaluation: &mut Evaluation) -> Result<Option<Self>, QualityError> {
        let memory_bytes = evaluation.held_limit_bytes();
        let Some(kept) = evaluation.rows_kept.as_mut() else { return Ok(None) };
        let Ok(rows) = usize::try_from(evaluation.rows) else { return Ok(None) };
        let build = |builders: &mut Vec<BooleanBufferBuilder>| {
            builders.iter_mut().map(arrow_buffer::BooleanBufferBuilder::finish).collect()
        };
        let mut unique = Vec::with_capacity(evaluation.states.len());
        for state in &mut evaluation.states {
            unique.push(match counter(state) {
                Some(counter) => counter.unique_rows(memory_bytes)?,
                None => None,
            });
        }
        Ok(Some(Self {
            rows,
            unique,
            tests: build(&mut kept.tests),
            filters: build(&mut kept.filters),
            skips: evaluation.filtered_rows == FilteredRows::Skip,
        }))
    }

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
        let Marks::Rows { tests, unique, filter } = marks else { return None };
        let mut passed = BooleanBuffer::new_set(self.rows);
        for test in tests {
            passed = &passed & self.tests.get(test.0)?;
        }
        for metric in unique {
            passed = &passed & self.unique.get(metric.0)?.as_ref()?;
        }
        let left_out = filter.and_then(|filter| self.filters.get(filter.0)).map(|filter| !filter);
        if let Some(left_out) = &left_out {
            passed = &passed | left_out;
        }
        Some(RowBits { passed, skipped: left_out.filter(|_| self.skips) })
    }
}
