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

    /// The counts of keys; `None` when they did not fit the memory allowed.
    pub(crate) fn distinct(&self, id: MetricId) -> Option<&DistinctSummary> {
        self.distinct.get(id.0)?.as_ref()
    }

    /// Rows that a filter selects.
    pub(crate) fn rows_in(&self, filter: Option<FilterId>) -> u64 {
        match filter {
            None => self.rows,
            Some(filter) => self.selected_rows.get(filter.0).copied().unwrap_or_default(),
        }
    }
}
