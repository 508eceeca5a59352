//! What a pass measured, as rules read it.

use crate::metric::{Comoments, Completeness, Compliance, DistinctSummary, Lengths, MetricState, Moments, Shape};
use crate::plan::{FilterId, MetricId};
use crate::reference::References;

/// Measurements by their identifiers.
#[derive(Debug)]
pub(crate) struct Results<'a> {
    pub(crate) rows: u64,
    pub(crate) selected_rows: &'a [u64],
    pub(crate) states: &'a [MetricState],
    pub(crate) distinct: &'a [Option<DistinctSummary>],
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
