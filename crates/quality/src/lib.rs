//! Rulesets of DQDL evaluated in one pass over Arrow batches.
//!
//! [`Evaluation::new`] turns a ruleset into metrics that rules share and a plan of kernels over the columns it needs.
//! [`Evaluation::update`] takes in one batch after the other; [`Evaluation::finish`] judges every rule. States are small,
//! merge with each other and can be stored, so that a dataset is judged from its objects' states.
//!
//! The semantics are those of AWS Glue's and Deequ's evaluation of DQDL; see the crate's README for each choice.
//! A rule that cannot be judged is an [`Outcome::Error`] with its reason, never a pass.

pub mod analysis;
mod anomaly;
mod asks;
mod cells;
mod check;
mod condition;
mod error;
mod evaluate;
mod failing_rows;
mod files;
mod filter;
mod frame;
mod history;
mod keys;
mod metric;
mod options;
mod outcome;
mod parted_table;
mod pass;
mod pattern;
mod plan;
mod reference;
mod relay;
mod render;
pub mod report;
mod results;
mod row_result;
mod row_test;
mod row_values;
mod rule;
mod short_number;
mod sql;
mod state;
mod stored_table;
mod value;

pub use anomaly::{AnomalyError, AnomalyStrategy, Bounds, Deviations, Expectation, HISTORY_VALUES};
pub use asks::Asks;
pub use check::{CheckError, check, measure, measure_on};
pub use error::QualityError;
pub use evaluate::Evaluation;
pub use failing_rows::{ROW_NUMBER, RULES_FAILED, failing_rows, failing_rows_schema};
pub use files::{FileEntry, FileSource, HashAlgorithm};
pub use history::{HistoryError, HistoryRecord, MetricHistory, NoHistory, RecordedHistory, RecordedRule};
pub use options::{CompositeScope, EvaluationOptions, FilteredRows};
pub use outcome::{AnalyzerOutcome, Outcome, RowMark, RuleOutcome};
pub use parted_table::{CatalogColumns, ColumnMatching, Part, PartError, PartedTable};
pub use report::Report;
pub use row_result::RowResults;
pub use sql::{RefusedOutcome, SqlAnswer, SqlAnswers, SqlEngine, SqlQuestion, SqlResult, needs_sql_engine};
pub use state::{EvaluationState, StateError};
pub use stored_table::{Batches, StoredTable, Table};
pub use value::{parse_number, parse_timestamp};
