//! Verdicts as CloudWatch metrics, which outlive the log group and feed the dashboard.

use sluice_common::port::{Metric, MetricUnit, Metrics};
use sluice_quality::{Outcome, Report};

use crate::judge::Judged;

/// Rules of a verdict that are metrics of their own: each costs as one by the month.
const MOST_RULES: usize = 50;
/// Characters of a dimension's value, of the 1,024 that CloudWatch takes.
const MOST_CHARACTERS: usize = 250;

/// Publishes a new verdict's figures by dataset. A verdict that was there already was counted then.
pub(crate) async fn publish(metrics: &dyn Metrics, judged: &Judged) {
    let stated = judged.verdict.kept().statement().predicate();
    let (Some(dataset), Some(report)) = (&stated.policy.dataset, &judged.report) else {
        return;
    };
    if !judged.verdict.is_new() {
        return;
    }
    let value = |count: u64| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    let metric = |name, value, unit| Metric { name, value, unit, dimensions: vec![("Dataset", dataset.clone())] };
    let mut figures = vec![
        metric("Score", report.score(), MetricUnit::None),
        metric("RulesPassed", value(stated.counts.passed), MetricUnit::Count),
        metric("RulesFailed", value(stated.counts.failed), MetricUnit::Count),
        metric("RuleErrors", value(stated.counts.errors), MetricUnit::Count),
        metric("Rows", value(report.rows), MetricUnit::Count),
    ];
    figures.extend(rules_that_do_not_pass(report, dataset));
    // The verdict is kept already; losing its metric must not undo it.
    if let Err(error) = metrics.put(&figures).await {
        tracing::error!(%error, "metrics of a verdict lost");
    }
}

/// One metric for each rule that fails or cannot be judged, by dataset, outcome and rule.
fn rules_that_do_not_pass<'r>(report: &'r Report, dataset: &'r str) -> impl Iterator<Item = Metric> + 'r {
    let rules = report.rules.iter().filter(|rule| rule.outcome != Outcome::Passed).take(MOST_RULES);
    rules.map(move |rule| Metric {
        name: "RuleOutcome",
        value: 1.0,
        unit: MetricUnit::Count,
        dimensions: vec![
            ("Dataset", dataset.to_owned()),
            ("Outcome", rule.outcome.as_glue().to_owned()),
            ("Rule", dimension(&rule.rule)),
        ],
    })
}

/// Text as CloudWatch takes it for a dimension: ASCII, no control characters, not empty.
fn dimension(text: &str) -> String {
    let visible = |character: char| if character.is_ascii_graphic() || character == ' ' { character } else { '?' };
    text.chars().take(MOST_CHARACTERS).map(visible).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    use sluice_quality::RuleOutcome;

    fn rule(text: &str, outcome: Outcome) -> RuleOutcome {
        RuleOutcome {
            rule: text.to_owned(),
            outcome,
            message: None,
            metrics: BTreeMap::new(),
            evaluated_rule: None,
            labels: BTreeMap::new(),
            first_failing_rows: Vec::new(),
            failing_rows: None,
        }
    }

    #[test]
    fn only_rules_that_do_not_pass_are_metrics_and_their_text_is_fit_for_cloudwatch() {
        let rules = vec![rule("RowCount > 0", Outcome::Passed), rule("IsComplete \"naïve\n\"", Outcome::Failed)];
        let report = Report { rules, analyzers: Vec::new(), rows: 1, row_results: None };
        let metrics: Vec<Metric> = rules_that_do_not_pass(&report, "orders").collect();
        let [metric] = metrics.as_slice() else { panic!("one metric") };
        assert_eq!(metric.dimensions[1], ("Outcome", "FAIL".to_owned()));
        assert_eq!(metric.dimensions[2], ("Rule", "IsComplete \"na?ve?\"".to_owned()));
        assert_eq!(dimension(&"x".repeat(2_000)).len(), MOST_CHARACTERS);
    }
}
