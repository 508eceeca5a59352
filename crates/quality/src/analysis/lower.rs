//! From requests to states, and from states to measurements.

use sluice_dqdl::Span;
use sluice_dqdl::ast::WhereClause;

use super::request::{Aggregate, Analyzer, Bins, NullLength, Request};
use super::{AnalysisError, BinnedHistogram, Histogram, Measurement, NumberBin, RowColumn, ValueBin};
use crate::metric::{
    Bin, DistinctSummary, MetricSpec, MetricState, Moments, NumberQuery, NumberSummary, QuantileSketch, Shape,
};
use crate::outcome::Refusal;
use crate::pass::RowMarks;
use crate::plan::{ColumnId, FilterId, MetricId, Planner, TestId};
use crate::results::Results;
use crate::row_test::TestSpec;
use crate::row_values::RowValueKind;
use crate::rule::repeated_rows;
use crate::value::{count, from_count};

type Found = Result<Measurement, AnalysisError>;
type Read = Box<dyn Fn(&Results<'_>) -> Found + Send + Sync>;

const MOST_BINS: usize = 1000;

/// An analyzer, ready to be read.
pub(super) struct Planned {
    pub(super) read: Read,
    pub(super) rows: Option<RowSource>,
}

impl std::fmt::Debug for Planned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Planned").field("rows", &self.rows).finish_non_exhaustive()
    }
}

/// Where the results of rows come from.
#[derive(Debug)]
pub(super) enum RowSource {
    /// Rows pass a test; `unknown` marks those for which it is neither true nor false.
    Test { test: TestId, unknown: Option<TestId>, filter: Option<FilterId> },
    /// Rows are unique.
    Unique { metric: MetricId, filter: Option<FilterId> },
    /// A number for each row.
    Values(RowValueKind),
}

impl RowSource {
    pub(super) fn marks(&self, marks: &RowMarks) -> Option<RowColumn> {
        let (passed, unknown, filter) = match self {
            Self::Test { test, unknown, filter } => (marks.test(*test)?, unknown.and_then(|id| marks.test(id)), filter),
            Self::Unique { metric, filter } => (marks.unique(*metric)?, None, filter),
            Self::Values(_) => return None,
        };
        let filter = filter.and_then(|filter| marks.filter(filter));
        let mark = |row| {
            let left_out = filter.is_some_and(|filter| !filter.value(row));
            let is_unknown = unknown.is_some_and(|unknown| unknown.value(row));
            (!left_out && !is_unknown).then(|| passed.value(row))
        };
        Some(RowColumn::Marks((0..marks.rows).map(mark).collect()))
    }
}

impl From<Refusal> for AnalysisError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused { reason: refusal.message }
    }
}

fn refused(reason: impl Into<String>) -> AnalysisError {
    AnalysisError::Refused { reason: reason.into() }
}

fn clause(text: &str) -> WhereClause {
    // A clause of a ruleset is quoted text; its escapes are undone when it is compiled.
    WhereClause { text: text.replace('\\', "\\\\").replace('"', "\\\""), span: Span::default() }
}

#[expect(clippy::unnecessary_wraps, reason = "every reader answers with a result")]
fn number(value: f64) -> Found {
    Ok(Measurement::Number(value))
}

fn some(value: Option<f64>) -> Found {
    value.map(Measurement::Number).ok_or(AnalysisError::Empty)
}

/// What is planned for one request.
struct Lowering<'p, 'a> {
    planner: &'p mut Planner<'a>,
    filter: Option<FilterId>,
}

pub(super) fn lower(request: &Request, planner: &mut Planner<'_>) -> Result<Planned, AnalysisError> {
    let filter = planner.filter(request.where_clause.as_deref().map(clause).as_ref())?;
    Lowering { planner, filter }.analyzer(&request.analyzer)
}

fn read(read: impl Fn(&Results<'_>) -> Found + Send + Sync + 'static) -> Planned {
    Planned { read: Box::new(read), rows: None }
}

impl Lowering<'_, '_> {
    fn analyzer(&mut self, analyzer: &Analyzer) -> Result<Planned, AnalysisError> {
        let filter = self.filter;
        Ok(match analyzer {
            Analyzer::Size => read(move |results| number(from_count(results.rows_in(filter)))),
            Analyzer::ColumnCount => {
                let columns = from_count(count(self.planner.schema.fields().len()));
                read(move |_| number(columns))
            }
            Analyzer::Completeness(column) => {
                let column = self.planner.column(column)?;
                self.share(TestSpec::NotNull(column), None)?
            }
            Analyzer::Compliance(predicate) => self.compliance(predicate)?,
            Analyzer::PatternMatch(column, pattern) => {
                let column = self.planner.comparable_column(column)?;
                self.share(TestSpec::Find { column, pattern: pattern.clone() }, None)?
            }
            Analyzer::Uniqueness(columns) => {
                let mut planned = self.keys(columns, |found| from_count(found.once) / from_count(found.rows))?;
                planned.1.rows = Some(RowSource::Unique { metric: planned.0, filter });
                planned.1
            }
            Analyzer::Distinctness(columns) => {
                self.keys(columns, |found| from_count(found.distinct) / from_count(found.rows))?.1
            }
            Analyzer::UniqueValueRatio(columns) => {
                self.keys(columns, |found| from_count(found.once) / from_count(found.distinct))?.1
            }
            Analyzer::Entropy(column) => self.keys(std::slice::from_ref(column), DistinctSummary::entropy)?.1,
            Analyzer::CountDistinct(columns) => {
                let metric = self.distinct(columns)?;
                read(move |results| number(from_count(results.distinct(metric).distinct)))
            }
            Analyzer::DistinctValuesCount(column) => {
                let metric = self.distinct(std::slice::from_ref(column))?;
                read(move |results| {
                    let found = results.distinct(metric);
                    number(from_count(found.distinct + u64::from(found.null_rows > 0)))
                })
            }
            Analyzer::DuplicateRowCount(columns) => self.duplicates(columns)?,
            Analyzer::IsPrimaryKey(columns) => self.primary_key(columns)?,
            Analyzer::ApproxCountDistinct(column) => {
                let columns = vec![self.planner.comparable_column(column)?];
                let metric = self.planner.metric(MetricSpec::ApproxDistinct { columns, filter });
                read(move |results| match results.state(metric) {
                    Some(MetricState::ApproxDistinct(sketch)) => number(sketch.estimate()),
                    _ => Err(AnalysisError::Empty),
                })
            }
            Analyzer::MutualInformation(left, right) => {
                let columns = (self.planner.comparable_column(left)?, self.planner.comparable_column(right)?);
                let metric = self.planner.metric(MetricSpec::Pairs { columns, filter });
                read(move |results| match results.state(metric) {
                    Some(MetricState::Pairs(pairs)) if pairs.overflown => Err(refused(
                        "the columns have too many different pairs of values; choose columns of fewer values",
                    )),
                    Some(MetricState::Pairs(pairs)) => some(pairs.mutual_information()),
                    _ => Err(AnalysisError::Empty),
                })
            }
            Analyzer::Correlation(left, right) => {
                let columns = (self.planner.number_column(left)?, self.planner.number_column(right)?);
                let metric = self.planner.metric(MetricSpec::Comoments { columns, filter });
                read(move |results| some(results.comoments(metric).correlation()))
            }
            Analyzer::RatioOfSums(above, below) => {
                let (above, _) = self.moments(above)?;
                let (below, _) = self.moments(below)?;
                read(move |results| {
                    let sum = |metric| results.moments(metric).sum();
                    some(sum(above).zip(sum(below)).map(|(above, below)| above / below))
                })
            }
            Analyzer::Mean(column) => self.moment(column, Moments::mean)?,
            Analyzer::Sum(column) => self.moment(column, Moments::sum)?,
            Analyzer::Minimum(column) => self.extreme(column, Moments::least)?,
            Analyzer::Maximum(column) => self.extreme(column, Moments::greatest)?,
            Analyzer::Range(column) => self.moment(column, |found| Some(found.greatest()? - found.least()?))?,
            Analyzer::StandardDeviation(column) => self.moment(column, Moments::standard_deviation)?,
            Analyzer::Variance(column) => self.moment(column, Moments::variance)?,
            Analyzer::Skewness(column) => self.shape(column, Shape::skewness)?,
            Analyzer::Kurtosis(column) => self.shape(column, Shape::kurtosis)?,
            Analyzer::ZerosCount(column) => self.shape(column, |found| Some(from_count(found.zeros)))?,
            Analyzer::MinLength(column, null) => self.length(column, *null, Extreme::Least)?,
            Analyzer::MaxLength(column, null) => self.length(column, *null, Extreme::Greatest)?,
            Analyzer::ExactQuantile(column, quantile) => {
                let quantile = within_one(*quantile, "a quantile")?;
                self.numbers(column, NumberQuery::Quantiles(vec![quantile]), |found| {
                    some(found.quantiles.first().copied())
                })?
            }
            Analyzer::InterquartileRange(column) => {
                self.numbers(column, NumberQuery::Quantiles(vec![0.25, 0.75]), |found| match *found.quantiles {
                    [first, third] => number(third - first),
                    _ => Err(AnalysisError::Empty),
                })?
            }
            Analyzer::ApproxQuantile { column, quantile, relative_error } => {
                let quantile = within_one(*quantile, "a quantile")?;
                let size = QuantileSketch::size_for(within_one(*relative_error, "a relative error")?.max(0.000_1));
                let column = self.planner.number_column(column)?;
                let metric = self.planner.metric(MetricSpec::Quantiles { column, size, filter });
                read(move |results| match results.state(metric) {
                    Some(MetricState::Quantiles(sketch)) => some(sketch.quantile(quantile)),
                    _ => Err(AnalysisError::Empty),
                })
            }
            Analyzer::SketchedBuckets { column, sketch_size, buckets } => {
                self.sketched_buckets(column, *sketch_size, *buckets)?
            }
            Analyzer::Histogram { column, most_bins, aggregate } => self.histogram(column, *most_bins, aggregate)?,
            Analyzer::BinnedHistogram(column, bins) => self.binned(column, bins)?,
            Analyzer::DataTypes(column) => {
                let column = self.planner.comparable_column(column)?;
                let metric = self.planner.metric(MetricSpec::DataTypes { column, filter });
                read(move |results| Ok(Measurement::DataTypes(results.data_types(metric))))
            }
        })
    }

    /// The share of rows that pass a test.
    fn share(&mut self, spec: TestSpec, unknown: Option<TestId>) -> Result<Planned, AnalysisError> {
        let filter = self.filter;
        let test = self.planner.test(spec)?;
        let metric = self.planner.metric(MetricSpec::Compliance { test, filter });
        let mut planned = read(move |results| {
            let found = results.compliance(metric);
            some((found.rows > 0).then(|| found.ratio()))
        });
        planned.rows = Some(RowSource::Test { test, unknown, filter });
        Ok(planned)
    }

    fn compliance(&mut self, predicate: &str) -> Result<Planned, AnalysisError> {
        let selected = self.planner.filter(Some(&clause(predicate)))?;
        let unknown = if self.planner.options.row_results {
            let unknown = self.planner.filter(Some(&clause(&format!("({predicate}) is null"))))?;
            Some(self.planner.test(TestSpec::Selected(unknown))?)
        } else {
            None
        };
        self.share(TestSpec::Selected(selected), unknown)
    }

    fn distinct(&mut self, names: &[String]) -> Result<MetricId, AnalysisError> {
        let columns = names.iter().map(|name| self.planner.comparable_column(name)).collect::<Result<_, _>>()?;
        Ok(self.planner.metric(MetricSpec::Distinct { columns, filter: self.filter }))
    }

    fn keys(
        &mut self,
        names: &[String],
        value: impl Fn(&DistinctSummary) -> f64 + Send + Sync + 'static,
    ) -> Result<(MetricId, Planned), AnalysisError> {
        let metric = self.distinct(names)?;
        let planned = read(move |results| {
            let found = results.distinct(metric);
            some((found.rows > 0).then(|| value(found)))
        });
        Ok((metric, planned))
    }

    fn duplicates(&mut self, names: &[String]) -> Result<Planned, AnalysisError> {
        let all: Vec<String> = self.planner.schema.fields().iter().map(|field| field.name().clone()).collect();
        let metric = self.distinct(if names.is_empty() { &all } else { names })?;
        let mut planned = read(move |results| number(from_count(repeated_rows(results.distinct(metric)))));
        planned.rows = Some(RowSource::Unique { metric, filter: self.filter });
        Ok(planned)
    }

    fn primary_key(&mut self, names: &[String]) -> Result<Planned, AnalysisError> {
        let filter = self.filter;
        let unique = self.distinct(names)?;
        let mut complete = Vec::new();
        for name in names {
            let column = self.planner.column(name)?;
            complete.push(self.planner.metric(MetricSpec::Completeness { column, filter }));
        }
        Ok(read(move |results| {
            let found = results.distinct(unique);
            let every = |metric: &MetricId| {
                let found = results.completeness(*metric);
                found.values == found.rows
            };
            Ok(Measurement::Truth(found.once == found.rows && complete.iter().all(every)))
        }))
    }

    fn moments(&mut self, name: &str) -> Result<(MetricId, ColumnId), AnalysisError> {
        let column = self.planner.number_column(name)?;
        Ok((self.planner.metric(MetricSpec::Moments { column, filter: self.filter }), column))
    }

    fn moment(
        &mut self,
        name: &str,
        value: impl Fn(&Moments) -> Option<f64> + Send + Sync + 'static,
    ) -> Result<Planned, AnalysisError> {
        let (metric, _) = self.moments(name)?;
        Ok(read(move |results| some(value(&results.moments(metric)))))
    }

    fn extreme(
        &mut self,
        name: &str,
        value: impl Fn(&Moments) -> Option<f64> + Send + Sync + 'static,
    ) -> Result<Planned, AnalysisError> {
        let mut planned = self.moment(name, value)?;
        planned.rows = Some(RowSource::Values(RowValueKind::Number(self.planner.number_column(name)?)));
        Ok(planned)
    }

    fn shape(
        &mut self,
        name: &str,
        value: impl Fn(&Shape) -> Option<f64> + Send + Sync + 'static,
    ) -> Result<Planned, AnalysisError> {
        let column = self.planner.number_column(name)?;
        let metric = self.planner.metric(MetricSpec::Shape { column, filter: self.filter });
        Ok(read(move |results| some(value(&results.shape(metric)))))
    }

    fn length(&mut self, name: &str, null: NullLength, which: Extreme) -> Result<Planned, AnalysisError> {
        let filter = self.filter;
        if !self.planner.is_text(name)? {
            return Err(refused(format!("column `{name}` is not of texts, which alone have a length")));
        }
        let column = self.planner.comparable_column(name)?;
        let lengths = self.planner.metric(MetricSpec::Lengths { column, filter });
        let complete = self.planner.metric(MetricSpec::Completeness { column, filter });
        let of_null = match null {
            NullLength::Ignored => None,
            NullLength::Zero => Some(0.0),
            NullLength::Extreme => Some(if which == Extreme::Least { f64::MIN } else { f64::MAX }),
        };
        let mut planned = read(move |results| {
            let known = results
                .lengths(lengths)
                .extent
                .map(|(least, greatest)| from_count(if which == Extreme::Least { least } else { greatest }));
            let found = results.completeness(complete);
            let null = of_null.filter(|_| found.values < found.rows);
            some(match (known, null) {
                (Some(known), Some(null)) if which == Extreme::Least => Some(known.min(null)),
                (Some(known), Some(null)) => Some(known.max(null)),
                (known, null) => known.or(null),
            })
        });
        planned.rows = Some(RowSource::Values(RowValueKind::Length { column, null: of_null }));
        Ok(planned)
    }

    fn numbers(
        &mut self,
        name: &str,
        query: NumberQuery,
        value: impl Fn(&NumberSummary) -> Found + Send + Sync + 'static,
    ) -> Result<Planned, AnalysisError> {
        let column = self.planner.number_column(name)?;
        let metric = self.planner.metric(MetricSpec::Numbers { column, query, filter: self.filter });
        Ok(read(move |results| match results.numbers(metric) {
            Some(found) if found.count > 0 => value(found),
            _ => Err(AnalysisError::Empty),
        }))
    }

    fn histogram(&mut self, name: &str, most_bins: usize, aggregate: &Aggregate) -> Result<Planned, AnalysisError> {
        let most_bins = at_most_a_thousand(most_bins)?;
        let column = self.planner.comparable_column(name)?;
        let weights = match aggregate {
            Aggregate::Rows => None,
            Aggregate::Sum(name) => Some(self.planner.number_column(name)?),
        };
        let metric = self.planner.metric(MetricSpec::Texts { column, weights, filter: self.filter });
        Ok(read(move |results| {
            let Some(MetricState::Texts(counts)) = results.state(metric) else { return Err(AnalysisError::Empty) };
            if counts.overflown {
                return Err(refused("the column has too many different values for a histogram; count them instead"));
            }
            let whole = if weights.is_some() { counts.total() } else { from_count(results.rows) };
            let bin = |(value, amount): (Option<&str>, f64)| ValueBin {
                value: value.map(str::to_owned),
                amount,
                share: amount / whole,
            };
            let bins = counts.largest(most_bins).into_iter().map(bin).collect();
            Ok(Measurement::Histogram(Histogram { values: count(counts.values()), bins }))
        }))
    }

    fn binned(&mut self, name: &str, bins: &Bins) -> Result<Planned, AnalysisError> {
        let filter = self.filter;
        let query = match bins {
            Bins::EqualWidth(bins) => NumberQuery::EqualBins(at_most_a_thousand(*bins)?),
            Bins::Edges(edges) => {
                at_most_a_thousand(edges.len().saturating_sub(1))?;
                if edges.iter().any(|edge| edge.is_nan()) {
                    return Err(refused("an edge must be a number"));
                }
                let mut edges = edges.clone();
                edges.sort_unstable_by(f64::total_cmp);
                NumberQuery::Edges(edges)
            }
        };
        self.numbers_of_rows(name, query, filter)
    }

    fn numbers_of_rows(
        &mut self,
        name: &str,
        query: NumberQuery,
        filter: Option<FilterId>,
    ) -> Result<Planned, AnalysisError> {
        let column = self.planner.number_column(name)?;
        let metric = self.planner.metric(MetricSpec::Numbers { column, query, filter });
        Ok(read(move |results| match results.numbers(metric) {
            Some(found) if found.count > 0 => {
                let rows = from_count(results.rows);
                let bin = |bin: &Bin| NumberBin {
                    start: bin.start,
                    end: bin.end,
                    rows: bin.rows,
                    share: from_count(bin.rows) / rows,
                };
                let null_rows = results.rows_in(filter).saturating_sub(found.count);
                Ok(Measurement::Bins(BinnedHistogram { bins: found.bins.iter().map(bin).collect(), null_rows }))
            }
            _ => Err(AnalysisError::Empty),
        }))
    }

    fn sketched_buckets(&mut self, name: &str, size: u16, buckets: usize) -> Result<Planned, AnalysisError> {
        let filter = self.filter;
        let buckets = at_most_a_thousand(buckets)?;
        let column = self.planner.number_column(name)?;
        let metric = self.planner.metric(MetricSpec::Quantiles { column, size, filter });
        Ok(read(move |results| {
            let Some(MetricState::Quantiles(sketch)) = results.state(metric) else { return Err(AnalysisError::Empty) };
            let (least, greatest) = sketch.extent().ok_or(AnalysisError::Empty)?;
            let width = (greatest - least) / from_count(count(buckets));
            let edge = |index: usize| {
                if index == buckets { greatest } else { least + from_count(count(index)) * width }
            };
            let edges: Vec<f64> = (0..=buckets).map(edge).collect();
            let rows = sketch.buckets(&edges);
            let bins = edges.iter().zip(edges.iter().skip(1)).zip(rows).map(|((start, end), rows)| NumberBin {
                start: *start,
                end: *end,
                rows,
                share: from_count(rows) / from_count(results.rows),
            });
            let null_rows = results.rows_in(filter).saturating_sub(sketch.count);
            Ok(Measurement::Bins(BinnedHistogram { bins: bins.collect(), null_rows }))
        }))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extreme {
    Least,
    Greatest,
}

fn within_one(value: f64, what: &str) -> Result<f64, AnalysisError> {
    if (0.0..=1.0).contains(&value) { Ok(value) } else { Err(refused(format!("{what} must be within 0 and 1"))) }
}

fn at_most_a_thousand(bins: usize) -> Result<usize, AnalysisError> {
    if (1..=MOST_BINS).contains(&bins) {
        Ok(bins)
    } else {
        Err(refused(format!("the number of bins must be within 1 and {MOST_BINS}")))
    }
}
