//! The verdict, the rules and their history.

use sluice_quality::{Outcome, Report, RuleOutcome};

use super::chart;
use super::markup::Markup;
use crate::figure::{count, figure, grouped, percent};
use crate::history::Run;

/// Rules shown one by one.
const MOST_RULES: usize = 2_000;
/// Metrics shown of a rule.
const MOST_METRICS: usize = 12;
/// Runs in the strip of a rule.
const STRIP_RUNS: usize = 30;

/// Fails first: that is what a reader came for.
const ORDER: [(Outcome, &str, &str); 3] = [
    (Outcome::Failed, "Fail", "Rules that fail"),
    (Outcome::Error, "Error", "Rules that could not be judged"),
    (Outcome::Passed, "Pass", "Rules that pass"),
];

pub(super) fn verdict(out: &mut Markup, report: &Report) {
    let (passed, all) = (report.count_of(Outcome::Passed), count(report.rules.len()));
    let (failed, errors) = (report.count_of(Outcome::Failed), report.count_of(Outcome::Error));
    let (class, word) = match (failed, errors) {
        (0, 0) => ("pass", "Passed"),
        (0, _) => ("error", "Not judged in full"),
        _ => ("fail", "Failed"),
    };
    out.raw("<p class=\"verdict\"><span class=\"score ").raw(class).raw("\">").text(percent(report.score()));
    out.raw("</span><span><span class=\"word ").raw(class).raw("\">").raw(word).raw("</span> <span class=\"soft\">· ");
    out.text(grouped(passed)).raw(" of ").text(grouped(all)).raw(" rules pass");
    if failed > 0 {
        out.raw(", ").text(grouped(failed)).raw(if failed == 1 { " fails" } else { " fail" });
    }
    if errors > 0 {
        out.raw(", ").text(grouped(errors)).raw(" could not be judged");
    }
    out.raw("</span></span></p>");
    if all > 0 {
        let shares = [(Outcome::Failed, failed), (Outcome::Error, errors), (Outcome::Passed, passed)];
        chart::ribbon(out, &shares);
    }
}

pub(super) fn history(out: &mut Markup, runs: &[Run]) {
    if runs.len() < 2 {
        return;
    }
    out.raw("<section><h2>History</h2><figure>");
    chart::trend(out, runs);
    out.raw("<figcaption>Share of rules that pass, ").number(count(runs.len())).raw(" runs, the newest at the right.");
    out.raw("</figcaption></figure></section>");
}

pub(super) fn list(out: &mut Markup, report: &Report, runs: &[Run]) {
    let mut left = MOST_RULES;
    for (outcome, word, heading) in ORDER {
        let rules: Vec<&RuleOutcome> = report.rules.iter().filter(|rule| rule.outcome == outcome).collect();
        if rules.is_empty() {
            continue;
        }
        out.raw("<section><h2>").raw(heading).raw(" <span class=\"soft\">").number(count(rules.len()));
        out.raw("</span></h2><ol class=\"rules\">");
        for rule in rules.iter().take(left) {
            one(out, rule, word, runs);
        }
        out.raw("</ol>");
        if rules.len() > left {
            out.raw("<p class=\"soft\">").number(count(rules.len() - left)).raw(" more are in the JSON result.</p>");
        }
        left = left.saturating_sub(rules.len());
        out.raw("</section>");
    }
    if !report.analyzers.is_empty() {
        analyzers(out, report);
    }
}

fn one(out: &mut Markup, rule: &RuleOutcome, word: &'static str, runs: &[Run]) {
    out.raw("<li><span class=\"badge ").raw(chart::class(rule.outcome)).raw("\">").raw(word);
    out.raw("</span><div><code class=\"rule\">").text(&rule.rule).raw("</code>");
    if let Some(message) = &rule.message {
        out.raw("<p class=\"why\">").text(message).raw("</p>");
    }
    if let Some(evaluated) = &rule.evaluated_rule {
        out.raw("<p class=\"metrics\">judged as <code>").text(evaluated).raw("</code></p>");
    }
    if rule.outcome != Outcome::Passed {
        failing_rows(out, rule);
    }
    metrics(out, rule.metrics.iter());
    if !rule.labels.is_empty() {
        out.raw("<p class=\"metrics\">");
        for (key, value) in &rule.labels {
            out.raw("<span>").text(key).raw(": ").text(value).raw("</span>");
        }
        out.raw("</p>");
    }
    if runs.len() > 1 {
        chart::strip(out, runs.get(runs.len().saturating_sub(STRIP_RUNS)..).unwrap_or_default(), &rule.rule);
    }
    out.raw("</div></li>");
}

fn failing_rows(out: &mut Markup, rule: &RuleOutcome) {
    if rule.first_failing_rows.is_empty() && rule.failing_rows.is_none() {
        return;
    }
    out.raw("<p class=\"metrics\">");
    if let Some(rows) = rule.failing_rows {
        out.text(grouped(rows)).raw(if rows == 1 { " row fails" } else { " rows fail" });
    }
    if !rule.first_failing_rows.is_empty() {
        out.raw(if rule.failing_rows.is_some() { ": " } else { "First failing rows: " });
        out.text(rows(&rule.first_failing_rows));
        if rule.failing_rows.is_some_and(|rows| rows > count(rule.first_failing_rows.len())) {
            out.raw(", …");
        }
    }
    out.raw("</p>");
}

/// Row numbers, as words.
pub(super) fn rows(rows: &[u64]) -> String {
    rows.iter().map(|row| grouped(*row)).collect::<Vec<_>>().join(", ")
}

fn metrics<'m>(out: &mut Markup, metrics: impl ExactSizeIterator<Item = (&'m String, &'m f64)>) {
    let all = metrics.len();
    if all == 0 {
        return;
    }
    out.raw("<p class=\"metrics\">");
    for (name, value) in metrics.take(MOST_METRICS) {
        out.raw("<span>").text(name).raw(" <b>").text(figure(*value)).raw("</b></span>");
    }
    if all > MOST_METRICS {
        out.raw("<span>and ").number(count(all - MOST_METRICS)).raw(" more</span>");
    }
    out.raw("</p>");
}

fn analyzers(out: &mut Markup, report: &Report) {
    out.raw("<section><h2>Measured <span class=\"soft\">").number(count(report.analyzers.len()));
    out.raw("</span></h2><ol class=\"rules\">");
    for analyzer in report.analyzers.iter().take(MOST_RULES) {
        out.raw("<li><span></span><div><code class=\"rule\">").text(&analyzer.analyzer).raw("</code>");
        if let Some(message) = &analyzer.message {
            out.raw("<p class=\"why\">").text(message).raw("</p>");
        }
        metrics(out, analyzer.metrics.iter());
        out.raw("</div></li>");
    }
    out.raw("</ol></section>");
}
