//! What a pass measured, as rules read it.

use crate::metric::{
    Comoments, Completeness, Compliance, DataTypes, DistinctSummary, Lengths, MetricState, Moments, NumberSummary,
    Shape,
};
use crate::plan::{FilterId, MetricId};
use crate::reference::References;

/// Measurements by their identifiers.
#[derive(Debug)]
pub(crate) struct Results<'a> {
    pub(crate) rows: u64,
    pub(crate) selected_rows: &'a [u64],
    pub(crate) states: &'a [MetricState],
    pub(crate) distinct: &'a [Option<DistinctSummary>],
    pub(crate) numbers: &'a [Option<NumberSummary>],
    pub(crate) references: &'a References,
}

macro_rules! reader {
    ($name:ident, $family:ident) => {
        pub(crate) fn $name(&self, id: MetricId) -> $family {
            match self.states.get(id.0) {
                Some(MetricState::$family(state)) => state.clone(),
                _ => $family::default(),
            }
        }
    };
}

impl Results<'_> {
    reader!(completeness, Completeness);
    reader!(moments, Moments);
    reader!(shape, Shape);
    reader!(lengths, Lengths);
    reader!(comoments, Comoments);
    reader!(compliance, Compliance);
    reader!(data_types, DataTypes);

    /// The state itself, for the families that are too large to copy.
    pub(crate) fn state(&self, id: MetricId) -> Option<&MetricState> {
        self.states.get(id.0)
    }

    /// What the counts of numbers answer.
    pub(crate) fn numbers(&self, id: MetricId) -> Option<&NumberSummary> {
        self.numbers.get(id.0).and_then(Option::as_ref)
    }

    /// What the counts of keys amount to.
    pub(crate) fn distinct(&self, id: MetricId) -> &DistinctSummary {
        static NOTHING: DistinctSummary = DistinctSummary::NOTHING;
        self.distinct.get(id.0).and_then(Option::as_ref).unwrap_or(&NOTHING)
    }

    /// Rows that a filter selects.
    pub(crate) fn rows_in(&self, filter: Option<FilterId>) -> u64 {
        match filter {
            None => self.rows,
            Some(filter) => self.selected_rows.get(filter.0).copied().unwrap_or_default(),
        }
    }
}
