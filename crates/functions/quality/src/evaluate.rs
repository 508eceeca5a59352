//! One evaluation, on a thread of its own: the engine reads synchronously.

use std::sync::Arc;

use sluice_dqdl::ast::Ruleset;
use sluice_quality::{EvaluationOptions, FileSource, RecordedHistory, Report, StateError, measure};
use sluice_stage::input::HashedReader;
use sluice_stage::table;
use sluice_tabular::{ReadOptions, Reader};

use crate::error::JudgeError;
use crate::references::References;
use crate::sql::SqlWork;

/// What an evaluation is told.
pub(crate) struct Question {
    pub(crate) ruleset: Arc<Ruleset>,
    pub(crate) read: ReadOptions,
    /// "Now" is when the version arrived: a verdict must not depend on the hour of judging.
    pub(crate) arrived_micros: i64,
    pub(crate) history: RecordedHistory,
    pub(crate) files: Option<Arc<dyn FileSource>>,
    /// The tables that rules look up, by alias.
    pub(crate) references: References,
    /// What answers queries that the one pass cannot.
    pub(crate) sql: Option<SqlWork>,
    /// Whether the rows that fail are to be told.
    pub(crate) wants_rows: bool,
    /// Whether what was measured is to be kept.
    pub(crate) wants_state: bool,
}

/// What it answers.
pub(crate) struct Answer {
    pub(crate) report: Report,
    pub(crate) state: Option<Vec<u8>>,
}

impl Question {
    /// Evaluates.
    pub(crate) fn answer(self, input: HashedReader) -> Result<Answer, JudgeError> {
        let mut options = EvaluationOptions::at(self.arrived_micros);
        let reader = match &self.sql {
            None => table::open(input, &self.read)?,
            Some(sql) => {
                let (source, engine) = sql.open(input, &self.read, &self.references, self.arrived_micros)?;
                options.sql_engine = Some(engine);
                Reader::open(source, &self.read)?
            }
        };
        options.row_results = self.wants_rows;
        options.files = self.files;
        options.reference_tables = self.references;
        let measured = measure(reader, &self.ruleset, &options, &self.history)?;
        let state = if self.wants_state { stored(measured.state_bytes())? } else { None };
        let report = measured.finish().map_err(sluice_quality::CheckError::from)?;
        Ok(Answer { report, state })
    }
}

/// A state that outgrew memory is not kept, and the statement says so by naming none.
fn stored(state: Result<Vec<u8>, StateError>) -> Result<Option<Vec<u8>>, JudgeError> {
    match state {
        Ok(bytes) => Ok(Some(bytes)),
        Err(StateError::Spilled) => Ok(None),
        Err(error) => Err(JudgeError::State(error)),
    }
}
