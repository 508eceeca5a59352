//! One pass over a table: blocks in, states out. What states mean is for rules and analyzers to say.

use arrow_array::RecordBatch;
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder};

use crate::error::QualityError;
use crate::frame::Frame;
use crate::metric::{DistinctSummary, KeyCounter, MetricSpec, MetricState, NumberSummary};
use crate::options::EvaluationOptions;
use crate::plan::{FilterId, MetricId, Plan, TestId};
use crate::reference::References;
use crate::results::Results;
use crate::value::count;

/// A plan at work.
#[derive(Debug)]
pub(crate) struct Pass {
    pub(crate) plan: Plan,
    pub(crate) references: References,
    pub(crate) states: Vec<MetricState>,
    pub(crate) selected_rows: Vec<u64>,
    pub(crate) rows: u64,
    kept: Option<KeptRows>,
    memory: Memory,
}

/// What may be held, in bytes.
#[derive(Debug, Clone, Copy)]
struct Memory {
    key: usize,
    row_key: usize,
    reference: usize,
}

/// Results of tests and filters for every row so far.
#[derive(Debug)]
struct KeptRows {
    tests: Vec<BooleanBufferBuilder>,
    filters: Vec<BooleanBufferBuilder>,
}

/// Everything that a pass measured.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) rows: u64,
    selected_rows: Vec<u64>,
    states: Vec<MetricState>,
    distinct: Vec<Option<DistinctSummary>>,
    numbers: Vec<Option<NumberSummary>>,
    references: References,
    /// Kept when the pass was asked to keep rows.
    pub(crate) marks: Option<RowMarks>,
}

impl Measured {
    pub(crate) fn results(&self) -> Results<'_> {
        Results {
            rows: self.rows,
            selected_rows: &self.selected_rows,
            states: &self.states,
            distinct: &self.distinct,
            numbers: &self.numbers,
            references: &self.references,
        }
    }
}

/// What tests, filters and uniqueness say of each row.
#[derive(Debug)]
pub(crate) struct RowMarks {
    pub(crate) rows: usize,
    tests: Vec<BooleanBuffer>,
    filters: Vec<BooleanBuffer>,
    /// Unique rows by metric.
    unique: Vec<Option<BooleanBuffer>>,
}

impl RowMarks {
    pub(crate) fn test(&self, test: TestId) -> Option<&BooleanBuffer> {
        self.tests.get(test.0)
    }

    pub(crate) fn filter(&self, filter: FilterId) -> Option<&BooleanBuffer> {
        self.filters.get(filter.0)
    }

    pub(crate) fn unique(&self, metric: MetricId) -> Option<&BooleanBuffer> {
        self.unique.get(metric.0)?.as_ref()
    }
}

impl Pass {
    pub(crate) fn new(plan: Plan, references: References, options: &EvaluationOptions, keeps_rows: bool) -> Self {
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
            kept: keeps_rows
                .then(|| KeptRows { tests: builders(plan.tests.len()), filters: builders(plan.filters.len()) }),
            selected_rows: vec![0; plan.filters.len()],
            plan,
            references,
            states,
            rows: 0,
            memory: Memory {
                key: options.key_memory_bytes,
                row_key: options.row_key_memory_bytes,
                reference: options.reference_memory_bytes,
            },
        }
    }

    pub(crate) fn required_columns(&self) -> Vec<&str> {
        self.plan.columns.iter().map(|column| column.name.as_str()).collect()
    }

    /// Those of [`Self::required_columns`] of which only NULL or not is looked at.
    pub(crate) fn presence_columns(&self) -> Vec<&str> {
        self.plan.columns.iter().filter(|column| !column.values).map(|column| column.name.as_str()).collect()
    }

    pub(crate) const fn keeps_rows(&self) -> bool {
        self.kept.is_some()
    }

    pub(crate) fn update_reference(&mut self, alias: &str, batch: &RecordBatch) -> Result<(), QualityError> {
        self.references.update(alias, batch, self.memory.reference)
    }

    pub(crate) fn update(&mut self, batch: &RecordBatch, first_row: u64) -> Result<(), QualityError> {
        let frame = Frame::new(&self.plan, batch, &self.references)?;
        let marks: Vec<BooleanBuffer> = self.plan.tests.iter().map(|test| test.mark(&frame)).collect();
        for (spec, state) in self.plan.metrics.iter().zip(&mut self.states) {
            state.update(spec, &frame, &marks, first_row);
        }
        for (index, selected) in self.selected_rows.iter_mut().enumerate() {
            *selected += frame.selected_rows(Some(FilterId(index)));
        }
        self.rows += count(frame.rows);
        if let Some(kept) = &mut self.kept {
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
    pub(crate) const fn held_limit_bytes(&self) -> usize {
        self.memory.key / 2
    }

    /// Spills the largest counters until half of the memory is free again, so that the next spill is some way off.
    pub(crate) fn keep_within_memory(&mut self) -> Result<(), QualityError> {
        let limit = self.held_limit_bytes();
        let mut counters: Vec<&mut KeyCounter> = self.states.iter_mut().filter_map(MetricState::counter).collect();
        if counters.iter().map(|counter| counter.row_key_bytes()).sum::<usize>() > self.memory.row_key {
            return Err(QualityError::RowKeys { limit_bytes: self.memory.row_key });
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

    /// Works out what the states amount to.
    pub(crate) fn measure(mut self) -> Result<Measured, QualityError> {
        let memory_bytes = self.held_limit_bytes();
        let marks = self.marks(memory_bytes)?;
        let mut distinct = Vec::with_capacity(self.states.len());
        let mut numbers = Vec::with_capacity(self.states.len());
        for (spec, state) in self.plan.metrics.iter().zip(&mut self.states) {
            // A counter's memory and its file are freed before the next one is counted.
            let (keys, found) = match (spec, state) {
                (_, MetricState::Distinct(counter)) => (Some(std::mem::take(counter).summary(memory_bytes)?), None),
                (MetricSpec::Numbers { query, .. }, MetricState::Numbers(counts)) => {
                    (None, Some(std::mem::take(counts).summary(query, memory_bytes)?))
                }
                _ => (None, None),
            };
            distinct.push(keys);
            numbers.push(found);
        }
        Ok(Measured {
            rows: self.rows,
            selected_rows: self.selected_rows,
            states: self.states,
            distinct,
            numbers,
            references: self.references,
            marks,
        })
    }

    fn marks(&mut self, memory_bytes: usize) -> Result<Option<RowMarks>, QualityError> {
        let Some(kept) = &mut self.kept else { return Ok(None) };
        let Ok(rows) = usize::try_from(self.rows) else { return Ok(None) };
        let build =
            |builders: &mut Vec<BooleanBufferBuilder>| builders.iter_mut().map(BooleanBufferBuilder::finish).collect();
        let mut unique = Vec::with_capacity(self.states.len());
        for state in &self.states {
            unique.push(match state {
                MetricState::Distinct(counter) => counter.unique_rows(memory_bytes)?,
                _ => None,
            });
        }
        Ok(Some(RowMarks { rows, unique, tests: build(&mut kept.tests), filters: build(&mut kept.filters) }))
    }
}
