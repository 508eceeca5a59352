//! Verdicts as CloudWatch metrics, which outlive the log group and feed the dashboard.

use sluice_common::port::{Metric, MetricUnit, Metrics};

use crate::judge::Judged;

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
    let figures = [
        metric("Score", report.score(), MetricUnit::None),
        metric("RulesPassed", value(stated.counts.passed), MetricUnit::Count),
        metric("RulesFailed", value(stated.counts.failed), MetricUnit::Count),
        metric("RuleErrors", value(stated.counts.errors), MetricUnit::Count),
        metric("Rows", value(report.rows), MetricUnit::Count),
    ];
    // The verdict is kept already; losing its metric must not undo it.
    if let Err(error) = metrics.put(&figures).await {
        tracing::error!(%error, "metrics of a verdict lost");
    }
}
