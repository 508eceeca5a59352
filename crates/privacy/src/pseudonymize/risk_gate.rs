//! k, l and t of what is about to be written, told while it is written.

use std::sync::Arc;

use arrow_array::{Array as _, ArrayRef, BooleanArray, RecordBatch};
use arrow_schema::{Field, Schema};
use arrow_select::filter::filter_record_batch;
use sluice_common::policy::{Number, PrivacySpec, RiskSpec, SmallClasses};
use sluice_risk::{Assessor, Columns, Figures, OffendingClasses, Options, Violation};
use sluice_tabular::{Change, TabularError};

use super::error::PseudonymizeError;
use super::plan::{Plan, PlanKeys};
use super::pseudonymizer::Pseudonymizer;

/// What a policy asks of the classes of a table, and the classes to leave out when it is read a second time.
#[derive(Debug, Clone)]
pub(super) struct RiskPlan {
    columns: Columns,
    options: Options,
    leave_out: Option<OffendingClasses>,
}

/// How easily people are found again in a table that was written.
#[derive(Debug, Clone)]
pub struct Risk {
    /// Of the rows that were written.
    pub figures: Figures,
    /// The bound of the policy that they do not keep. Then nothing may be published.
    pub violation: Option<Violation>,
    /// The classes that do not keep the bounds; `None` when there are more than are remembered.
    pub offending: Option<OffendingClasses>,
    /// Rows left out because [`super::Plan::leaving_out`] said so.
    pub rows_suppressed: u64,
}

/// What is done about classes that are too small, when the table is written a second time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Their rows are left out, as Samarati (2001) suppresses tuples. Rows with emptied quasi-identifiers would be a class of
    /// their own, often a small one, and what else they hold could still single somebody out.
    Suppressed,
    /// Quasi-identifiers are one step coarser in the whole table: where some rows had other buckets than others, nobody
    /// could tell which bucket a value means.
    Generalized,
}

impl Remedy {
    /// A stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Suppressed => "suppressed",
            Self::Generalized => "generalized",
        }
    }
}

impl Risk {
    /// Whether the table may be published. One of which every row was left out may not.
    pub const fn may_be_published(&self) -> bool {
        self.violation.is_none() && (self.figures.rows > 0 || self.rows_suppressed == 0)
    }

    /// What the policy wants done with a table that may not be published: the plan to write it once more, which may not
    /// suffice either. `None`: it is withheld.
    ///
    /// # Errors
    /// As [`Plan::new`].
    pub fn remedy<'k>(
        &self,
        privacy: &PrivacySpec,
        key: impl Into<PlanKeys<'k>>,
    ) -> Result<Option<(Plan, Remedy)>, PseudonymizeError> {
        let key = key.into();
        match privacy.risk.as_ref().map(|risk| risk.small_classes) {
            Some(SmallClasses::Suppress) => match &self.offending {
                Some(classes) => {
                    let plan = Plan::new(privacy, key)?.leaving_out(classes.clone());
                    Ok(Some((plan, Remedy::Suppressed)))
                }
                None => Ok(None),
            },
            Some(SmallClasses::Generalize) => match privacy.coarser() {
                Some(coarser) => Ok(Some((Plan::new(&coarser, key)?, Remedy::Generalized))),
                None => Ok(None),
            },
            Some(SmallClasses::Withhold) | None => Ok(None),
        }
    }
}

/// Looks at each block before it is written.
#[derive(Debug)]
pub(super) struct RiskGate {
    assessor: Assessor,
    options: Options,
    leave_out: Option<OffendingClasses>,
    rows_suppressed: u64,
    /// The columns that matter and where their published values are.
    places: Vec<(String, Place)>,
}

/// Where the published values of a column are.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// In the block, as they were read.
    Read(usize),
    /// Among the replacements.
    Replaced(usize),
}

impl RiskPlan {
    pub(super) fn new(spec: &RiskSpec) -> Self {
        let columns = Columns { quasi_identifiers: spec.quasi_identifiers.clone(), sensitive: spec.sensitive.clone() };
        let least = |bound: Option<u32>| bound.map_or(0, u64::from);
        let options = Options {
            min_k: least(spec.min_k),
            min_l: least(spec.min_l),
            max_t: spec.max_t.map(Number::to_f64),
            ..Options::default()
        };
        Self { columns, options, leave_out: None }
    }

    pub(super) fn leaving_out(&mut self, classes: OffendingClasses) {
        self.leave_out = Some(classes);
    }

    pub(super) fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.quasi_identifiers.iter().chain(&self.columns.sensitive).map(String::as_str)
    }

    /// A gate for the table that a pseudonymizer is bound to. `read`: the columns of its blocks.
    pub(super) fn bind(&self, read: &Schema, pseudonymizer: &Pseudonymizer) -> Result<RiskGate, PseudonymizeError> {
        let changes = pseudonymizer.changes();
        let replaced = changes.iter().filter(|(_, change)| *change != Change::Remove);
        let replaced: Vec<&str> = replaced.map(|(path, _)| path.as_str()).collect();
        let mut places = Vec::new();
        for column in self.columns() {
            let missing = || PseudonymizeError::MissingColumn { column: column.to_owned() };
            pseudonymizer.output_schema().index_of(column).map_err(|_absent| missing())?;
            let place = match replaced.iter().position(|name| *name == column) {
                Some(index) => Place::Replaced(index),
                None => Place::Read(read.index_of(column).map_err(|_absent| missing())?),
            };
            places.push((column.to_owned(), place));
        }
        Ok(RiskGate {
            assessor: Assessor::new(self.columns.clone(), self.options)?,
            options: self.options,
            leave_out: self.leave_out.clone(),
            rows_suppressed: 0,
            places,
        })
    }
}

impl RiskGate {
    /// Counts the rows of a block that are to be written, and says which those are: of `keep`, or of all, the ones in
    /// classes that are not left out.
    pub(super) fn look(
        &mut self,
        read: &RecordBatch,
        replaced: &[ArrayRef],
        keep: Option<BooleanArray>,
    ) -> Result<Option<BooleanArray>, PseudonymizeError> {
        let shape = |problem: String| TabularError::Shape { problem };
        // A column of JSON Lines may change its type from block to block.
        let (mut fields, mut arrays) = (Vec::new(), Vec::new());
        for (column, place) in &self.places {
            let array = match *place {
                Place::Read(index) => read.columns().get(index),
                Place::Replaced(index) => replaced.get(index),
            };
            let array = array.ok_or_else(|| shape("a block lacks a column that risk is told by".to_owned()))?;
            fields.push(Field::new(column, array.data_type().clone(), true));
            arrays.push(Arc::clone(array));
        }
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays);
        let mut batch = batch.map_err(|error| shape(error.to_string()))?;
        if let Some(keep) = &keep {
            batch = filter_record_batch(&batch, keep).map_err(|error| shape(error.to_string()))?;
        }
        let Some(classes) = &self.leave_out else {
            self.assessor.push(&batch)?;
            return Ok(keep);
        };
        let others = classes.others(&batch)?;
        let left_out = others.len().saturating_sub(others.true_count());
        self.rows_suppressed = self.rows_suppressed.saturating_add(left_out as u64);
        let left = filter_record_batch(&batch, &others).map_err(|error| shape(error.to_string()))?;
        self.assessor.push(&left)?;
        Ok(Some(match keep {
            None => others,
            Some(keep) => among(&keep, &others),
        }))
    }

    pub(super) fn finish(self) -> Result<Risk, PseudonymizeError> {
        let (figures, offending) = self.assessor.finish()?;
        let violation = figures.violation(&self.options);
        Ok(Risk { figures, violation, offending, rows_suppressed: self.rows_suppressed })
    }
}

/// The rows of `keep` that are in `chosen`, which has an answer for each of them.
fn among(keep: &BooleanArray, chosen: &BooleanArray) -> BooleanArray {
    let mut chosen = chosen.iter();
    keep.iter().map(|kept| Some(kept == Some(true) && chosen.next().flatten() == Some(true))).collect()
}
