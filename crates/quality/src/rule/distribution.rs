//! `Distribution`: how many numbers of a column fall into each of some bins. AWS documents the analyzer and its options
//! `bins` and `rebin`, but not its metrics; here they are the edges and the counts. With `rebin = false` the edges of the
//! first run stay, as far as history knows them, so that counts of later runs can be compared.

use sluice_dqdl::ast::Rule;

use super::{Lowered, Marks, column_name};
use crate::metric::MetricSpec;
use crate::metric::NumberQuery;
use crate::outcome::{Outcome, Refusal, Verdict};
use crate::plan::Planner;
use crate::value::{count, from_count};

const BINS: usize = 10;
const MOST_BINS: usize = 100;

pub(super) fn lower(rule: &Rule, planner: &mut Planner<'_>) -> Result<Lowered, Refusal> {
    let name = column_name(rule, 0)?;
    let option = |name: &str| rule.tag(name).and_then(|tag| tag.value.as_text());
    let bins = match option("bins") {
        None => BINS,
        Some(bins) => bins
            .parse()
            .ok()
            .filter(|bins| (1..=MOST_BINS).contains(bins))
            .ok_or_else(|| Refusal::error(format!("bins must be a whole number from 1 to {MOST_BINS}")))?,
    };
    let stays = option("rebin").is_some_and(|rebin| rebin.eq_ignore_ascii_case("false"));
    let column = planner.number_column(&name)?;
    let known: Vec<f64> = (0..=bins)
        .filter(|_| stays)
        .filter_map(|edge| planner.history.last(&edge_key(&name, edge), 1).first().copied())
        .collect();
    let ascends = known.iter().zip(known.iter().skip(1)).all(|(left, right)| left <= right);
    let query =
        if known.len() == bins + 1 && ascends { NumberQuery::Edges(known) } else { NumberQuery::EqualBins(bins) };
    let metric = planner.metric(MetricSpec::Numbers { column, query, filter: None });
    Ok(Lowered::new(Marks::None, move |results| {
        let Some(found) = results.numbers(metric).filter(|found| found.count > 0) else {
            return Verdict::failed("the column has no numbers: all values are NULL or other text");
        };
        let mut verdict = Verdict::new(Outcome::Passed, None);
        for (index, bin) in found.bins.iter().enumerate() {
            verdict = verdict
                .with_metric(edge_key(&name, index), bin.start)
                .with_metric(format!("Column.{name}.Distribution.Bin{index}"), from_count(bin.rows));
        }
        if let Some(last) = found.bins.last() {
            verdict = verdict.with_metric(edge_key(&name, found.bins.len()), last.end);
        }
        let binned = found.bins.iter().map(|bin| bin.rows).sum();
        let outside = found.count.saturating_sub(binned);
        verdict
            .with_metric(format!("Column.{name}.Distribution.Outside"), from_count(outside))
            .with_metric(format!("Column.{name}.Distribution.Bins"), from_count(count(found.bins.len())))
    }))
}

fn edge_key(name: &str, edge: usize) -> String {
    format!("Column.{name}.Distribution.Edge{edge}")
}
