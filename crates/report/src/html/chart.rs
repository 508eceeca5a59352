//! Drawings: inline SVG, each with a title and the figures in words.

use super::markup::Markup;
use crate::figure::{count, figure, from_count, grouped, percent};
use crate::history::{Run, RunOutcome};
use sluice_profile::Bucket;
use sluice_quality::Outcome;

const WIDTH: f64 = 320.0;

/// The class of an outcome in the style sheet.
pub(super) const fn class(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "pass",
        Outcome::Failed => "fail",
        Outcome::Error => "error",
    }
}

fn rect(out: &mut Markup, class: &'static str, at: (f64, f64), size: (f64, f64)) {
    out.raw("<rect class=\"").raw(class).raw("\" x=\"").coordinate(at.0).raw("\" y=\"").coordinate(at.1);
    out.raw("\" width=\"").coordinate(size.0).raw("\" height=\"").coordinate(size.1).raw("\"");
}

/// How many rules have which outcome, as one band.
pub(super) fn ribbon(out: &mut Markup, shares: &[(Outcome, u64)]) {
    let all: u64 = shares.iter().map(|(_, rules)| rules).sum();
    out.raw("<svg class=\"ribbon\" viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"");
    let words: Vec<String> =
        shares.iter().map(|(outcome, rules)| format!("{} {}", grouped(*rules), class(*outcome))).collect();
    out.text(words.join(", ")).raw("\">");
    let mut x = 0.0;
    for (outcome, rules) in shares.iter().filter(|(_, rules)| *rules > 0) {
        let width = 1000.0 * from_count(*rules) / from_count(all.max(1));
        let gap = if x + width < 999.0 { 3.0 } else { 0.0 };
        rect(out, class(*outcome), (x, 0.0), ((width - gap).max(1.0), 10.0));
        out.raw("/>");
        x += width;
    }
    out.raw("</svg>");
}

/// A share as a bar on its bed.
pub(super) fn share_bar(out: &mut Markup, share: f64, label: &str) {
    out.raw("<svg class=\"chart\" viewBox=\"0 0 320 6\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"");
    out.text(label).raw("\">");
    rect(out, "bed", (0.0, 0.0), (WIDTH, 6.0));
    out.raw("/>");
    rect(out, "bar", (0.0, 0.0), (WIDTH * share.clamp(0.0, 1.0), 6.0));
    out.raw("/></svg>");
}

/// Buckets as bars; the least and the greatest number below.
pub(super) fn histogram(out: &mut Markup, name: &str, buckets: &[Bucket]) {
    let (Some(first), Some(last)) = (buckets.first(), buckets.last()) else { return };
    let most = buckets.iter().map(|bucket| bucket.count).max().unwrap_or_default().max(1);
    out.raw("<svg class=\"chart\" viewBox=\"0 0 320 76\" role=\"img\"><title>Distribution of ").text(name);
    out.raw(", from ").text(figure(first.low)).raw(" to ").text(figure(last.high)).raw("</title>");
    let step = WIDTH / from_count(count(buckets.len()));
    for (index, bucket) in (0..).zip(buckets) {
        // A bucket of few is still seen.
        let height =
            if bucket.count == 0 { 0.0 } else { (56.0 * from_count(bucket.count) / from_count(most)).max(1.0) };
        rect(out, "bar", (step * from_count(index) + 0.75, 58.0 - height), ((step - 1.5).max(0.5), height));
        out.raw("><title>").text(figure(bucket.low)).raw(" to ").text(figure(bucket.high)).raw(": ");
        out.text(grouped(bucket.count)).raw("</title></rect>");
    }
    out.raw("<line class=\"axis\" x1=\"0\" y1=\"58.5\" x2=\"320\" y2=\"58.5\"/><text x=\"0\" y=\"73\">");
    out.text(figure(first.low)).raw("</text><text x=\"320\" y=\"73\" text-anchor=\"end\">").text(figure(last.high));
    out.raw("</text></svg>");
}

/// Classes by size as bars: the words for a size, whether it is too small, and how many classes there are.
pub(super) fn class_sizes(out: &mut Markup, sizes: &[(&'static str, bool, u64)]) {
    let most = sizes.iter().map(|(_, _, classes)| *classes).max().unwrap_or_default().max(1);
    out.raw("<svg class=\"chart dots classes\" viewBox=\"0 0 320 90\" role=\"img\"><title>Classes by size: ");
    let words: Vec<String> =
        sizes.iter().map(|(name, _, classes)| format!("{} of {name} rows", grouped(*classes))).collect();
    out.text(words.join(", ")).raw("</title>");
    let step = WIDTH / from_count(count(sizes.len()).max(1));
    for (index, (name, is_small, classes)) in (0..).zip(sizes) {
        let height = if *classes == 0 { 0.0 } else { (52.0 * from_count(*classes) / from_count(most)).max(1.0) };
        let x = step * from_count(index);
        rect(out, if *is_small { "fail" } else { "bar" }, (x + 6.0, 68.0 - height), (step - 12.0, height));
        out.raw("/><text x=\"").coordinate(x + step / 2.0).raw("\" y=\"").coordinate(64.0 - height);
        out.raw("\" text-anchor=\"middle\">").text(grouped(*classes)).raw("</text><text x=\"");
        out.coordinate(x + step / 2.0).raw("\" y=\"83\" text-anchor=\"middle\">").raw(name).raw("</text>");
    }
    out.raw("<line class=\"axis\" x1=\"0\" y1=\"68.5\" x2=\"320\" y2=\"68.5\"/></svg>");
}

/// The scores of runs, oldest first.
pub(super) fn trend(out: &mut Markup, runs: &[Run]) {
    let (Some(first), Some(last)) = (runs.first(), runs.last()) else { return };
    let step = 360.0 / from_count(count(runs.len()).saturating_sub(1).max(1));
    let place = |index: u64, score: f64| (40.0 + step * from_count(index), 12.0 + 80.0 * (1.0 - score));
    out.raw("<svg class=\"chart dots\" viewBox=\"0 0 420 120\" role=\"img\"><title>Score of the last ");
    out.number(count(runs.len())).raw(" runs, now ").text(percent(last.score)).raw("</title>");
    for (share, label) in [(1.0, "100 %"), (0.5, "50 %"), (0.0, "0 %")] {
        let y = 12.0 + 80.0 * (1.0 - share);
        out.raw("<line class=\"axis\" x1=\"40\" y1=\"").coordinate(y).raw("\" x2=\"400\" y2=\"").coordinate(y);
        out.raw("\"/><text x=\"34\" y=\"").coordinate(y + 4.0).raw("\" text-anchor=\"end\">").raw(label).raw("</text>");
    }
    out.raw("<polyline class=\"trend\" points=\"");
    for (index, run) in (0..).zip(runs) {
        let (x, y) = place(index, run.score);
        out.coordinate(x).raw(",").coordinate(y).raw(" ");
    }
    out.raw("\"/>");
    for (index, run) in (0..).zip(runs) {
        let (x, y) = place(index, run.score);
        let class = if run.score >= 1.0 { "pass" } else { "fail" };
        out.raw("<circle class=\"").raw(class).raw("\" cx=\"").coordinate(x).raw("\" cy=\"").coordinate(y);
        out.raw("\" r=\"3.5\"><title>").text(&run.label).raw(": ").text(percent(run.score)).raw("</title></circle>");
    }
    out.raw("<text x=\"40\" y=\"114\">").text(short(&first.label)).raw("</text>");
    if runs.len() > 1 {
        out.raw("<text x=\"400\" y=\"114\" text-anchor=\"end\">").text(short(&last.label)).raw("</text>");
    }
    out.raw("</svg>");
}

/// A label that two of fit below a drawing.
fn short(label: &str) -> String {
    if label.chars().count() <= 28 {
        label.to_owned()
    } else {
        format!("…{}", label.chars().skip(label.chars().count() - 27).collect::<String>())
    }
}

/// What became of one rule in each run, oldest first.
pub(super) fn strip(out: &mut Markup, runs: &[Run], rule: &str) {
    let outcomes: Vec<Option<RunOutcome>> = runs.iter().map(|run| run.outcome_of(rule)).collect();
    let failed = outcomes.iter().filter(|outcome| **outcome == Some(RunOutcome::Failed)).count();
    let width = count(outcomes.len()) * 9;
    out.raw("<svg class=\"strip\" width=\"").number(width).raw("\" height=\"14\" viewBox=\"0 0 ").number(width);
    out.raw(" 14\" role=\"img\" aria-label=\"failed in ").number(count(failed)).raw(" of ");
    out.number(count(outcomes.len())).raw(" runs\">");
    for (index, (outcome, run)) in (0..).zip(outcomes.iter().zip(runs)) {
        // A failure also hangs lower, so that it is seen without colours.
        let (class, y) = match outcome {
            Some(RunOutcome::Passed) => ("pass", 0.0),
            Some(RunOutcome::Failed) => ("fail", 4.0),
            Some(RunOutcome::Error) => ("error", 4.0),
            None => ("none", 0.0),
        };
        rect(out, class, (9.0 * from_count(index), y), (7.0, 10.0));
        out.raw("><title>").text(&run.label).raw("</title></rect>");
    }
    out.raw("</svg>");
}
