//! Questions held against the policy. What a plan asks of the data depends on the policy and the request alone.

use sluice_common::policy::{NumberBounds, ReleaseColumn, ReleaseSpec};
use sluice_common::privacy_loss::PrivacyLoss;

use crate::error::ReleaseError;
use crate::request::{Ask, Query, ReleaseRequest};
use crate::tally::{Bins, Count, Mean, Quantile, Sum, Tallies, Tally};

const DEFAULT_BINS: u32 = 10;
const MAX_BINS: u32 = 1_000;

/// A request that the policy allows.
#[derive(Debug, Clone)]
pub struct Plan {
    queries: Vec<Query>,
    spec: ReleaseSpec,
    cost: PrivacyLoss,
}

impl Plan {
    /// Holds a request against what the policy allows.
    ///
    /// # Errors
    /// The first question that is not allowed, or a cost beyond the whole budget.
    pub fn new(spec: &ReleaseSpec, request: &ReleaseRequest) -> Result<Self, ReleaseError> {
        for query in &request.queries {
            tally_of(spec, query)?;
        }
        let cost = request.cost().ok_or(ReleaseError::Request("costs more than can be counted"))?;
        if spec.budget.checked_sub(cost).is_none() {
            return Err(ReleaseError::BeyondBudget { cost, budget: spec.budget });
        }
        Ok(Self { queries: request.queries.clone(), spec: spec.clone(), cost })
    }

    /// What it costs.
    pub const fn cost(&self) -> PrivacyLoss {
        self.cost
    }

    /// The questions.
    pub fn queries(&self) -> &[Query] {
        &self.queries
    }

    /// The columns that must be read: those asked about, and the one that names a person.
    pub fn columns(&self) -> Vec<&str> {
        let mut columns: Vec<&str> = self.queries.iter().filter_map(|query| query.ask.column()).collect();
        columns.extend(self.spec.person.as_deref());
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    /// Empty sums, for the rows to come.
    ///
    /// # Errors
    /// Never after [`Self::new`].
    pub fn tallies(&self) -> Result<Tallies, ReleaseError> {
        let tallies = self.queries.iter().map(|query| Ok((query.clone(), tally_of(&self.spec, query)?)));
        let person = self.spec.person.clone();
        Ok(Tallies::new(
            tallies.collect::<Result<_, ReleaseError>>()?,
            person,
            self.spec.max_rows_per_person,
            self.cost,
        ))
    }
}

fn tally_of(spec: &ReleaseSpec, query: &Query) -> Result<Tally, ReleaseError> {
    let rows = i64::from(spec.max_rows_per_person);
    Ok(match &query.ask {
        Ask::Count => Tally::Count(Count::new(rows)),
        Ask::Sum { column } => Tally::Sum(Sum::new(number(spec, query, column)?, rows)),
        Ask::Mean { column } => {
            if query.epsilon.half().is_zero() {
                return Err(refuse(query, "a mean is a sum and a count: `epsilon` cannot be halved"));
            }
            Tally::Mean(Mean::new(number(spec, query, column)?, rows))
        }
        Ask::Histogram { column, bins } => Tally::Bins(match (known(spec, query, column)?, bins) {
            (ReleaseColumn::Category { values }, None) => Bins::of_values(values, rows),
            (ReleaseColumn::Category { .. }, Some(_)) => {
                return Err(refuse(query, "`bins` belongs to numbers; the policy lists this column's values"));
            }
            (ReleaseColumn::Number(bounds), bins) => {
                let bins = bins.unwrap_or(DEFAULT_BINS);
                if !(1..=MAX_BINS).contains(&bins) {
                    return Err(refuse(query, "`bins` is from 1 to 1,000"));
                }
                Bins::of_numbers(*bounds, bins, rows)
            }
        }),
        Ask::Quantile { column, probability } => {
            if !(0.0..=1.0).contains(probability) {
                return Err(refuse(query, "`probability` is from 0 to 1"));
            }
            if !query.delta.is_zero() {
                return Err(refuse(query, "a quantile costs `epsilon` only; remove `delta`"));
            }
            Tally::Quantile(Quantile::new(number(spec, query, column)?, *probability, rows))
        }
    })
}

fn known<'s>(spec: &'s ReleaseSpec, query: &Query, column: &str) -> Result<&'s ReleaseColumn, ReleaseError> {
    spec.column(column).ok_or_else(|| refuse(query, "the policy's `release` section does not list this column"))
}

fn number(spec: &ReleaseSpec, query: &Query, column: &str) -> Result<NumberBounds, ReleaseError> {
    match known(spec, query, column)? {
        ReleaseColumn::Number(bounds) => Ok(*bounds),
        ReleaseColumn::Category { .. } => {
            Err(refuse(query, "the policy lists values for this column; ask for its histogram, or give it bounds"))
        }
    }
}

fn refuse(query: &Query, problem: &str) -> ReleaseError {
    ReleaseError::Query { name: query.name.clone(), problem: problem.to_owned() }
}
