//! A page for people: score, rules, where they fail, what the columns hold, and how it was before.
//!
//! One file, no script, nothing loaded: a content security policy in it forbids everything but its own style sheet, by
//! digest. It follows the reader's choice of light or dark, fits a phone, and prints.

mod chart;
mod columns;
mod markup;
mod risk;
mod rules;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use sluice_profile::Profile;
use sluice_profile::suggest::notes;
use sluice_quality::Report;

use crate::figure::grouped;
use crate::history::{MOST_RUNS, Run};
use markup::Markup;
pub use risk::RiskSection;

const STYLE: &str = include_str!("style.css");

/// What a page is about.
#[derive(Debug, Clone, Default)]
pub struct Page<'a> {
    /// What the page tells, such as `risk`. Empty: a verdict when there is one, else a profile.
    pub kind: &'a str,
    /// What was judged, e.g. a file's name: the heading.
    pub subject: &'a str,
    /// What to know of it, e.g. `("SHA-256", "…")`.
    pub facts: Vec<(&'a str, String)>,
    /// The verdict.
    pub report: Option<&'a Report>,
    /// What the table holds. Where the page must not show cells, a concealed profile.
    pub profile: Option<&'a Profile>,
    /// How easily people are found again in it.
    pub risk: Option<&'a RiskSection<'a>>,
    /// Earlier runs, the oldest first. The verdict itself is added as the newest.
    pub history: Vec<Run>,
}

/// The page. Its size is bounded, whatever the table and the ruleset are.
pub fn page(page: &Page<'_>) -> String {
    let runs = runs(page);
    let mut out = Markup::default();
    let digest = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    out.raw("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
    out.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-");
    out.text(digest).raw("'; base-uri 'none'; form-action 'none'\">");
    out.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
    out.raw(
        "<meta name=\"referrer\" content=\"no-referrer\"><meta name=\"color-scheme\" content=\"light dark\"><title>",
    );
    let kind = match (page.kind, page.report) {
        ("", Some(_)) => "data quality",
        ("", None) => "profile",
        (kind, _) => kind,
    };
    out.text(page.subject).raw(" · ").text(kind).raw("</title><style>").raw(STYLE).raw("</style></head><body><header>");
    out.raw("<p class=\"eyebrow\">Sluice · ").text(kind);
    out.raw("</p><h1><bdi>").text(page.subject).raw("</bdi></h1></header><main>");
    if let Some(report) = page.report {
        rules::verdict(&mut out, report);
    }
    if let Some(section) = page.risk {
        risk::verdict(&mut out, section);
    }
    facts(&mut out, page);
    if let Some(section) = page.risk {
        risk::section(&mut out, section);
    }
    if let Some(report) = page.report {
        rules::list(&mut out, report, &runs);
    }
    rules::history(&mut out, &runs);
    if let Some(profile) = page.profile {
        columns::attention(&mut out, &notes(profile));
        columns::cards(&mut out, profile);
    }
    out.raw("</main><footer><p>Rows are counted from 0, a header not counted. ");
    out.raw("This page is one file: it runs no script and loads nothing. Made by Sluice ");
    out.raw(env!("CARGO_PKG_VERSION")).raw(".</p></footer></body></html>\n");
    out.into_string()
}

fn runs(page: &Page<'_>) -> Vec<Run> {
    let now = page.report.filter(|_| !page.history.is_empty()).map(|report| Run::of_report("this run", report));
    let mut runs: Vec<Run> = page.history.iter().cloned().chain(now).collect();
    runs.drain(..runs.len().saturating_sub(MOST_RUNS));
    runs
}

fn facts(out: &mut Markup, page: &Page<'_>) {
    let rows = page.report.map(|report| report.rows).or(page.profile.map(|profile| profile.rows));
    out.raw("<dl class=\"facts\">");
    let mut fact = |name: &str, value: &str| {
        let is_wide = value.chars().count() > 28;
        out.raw(if is_wide { "<div class=\"wide\"><dt>" } else { "<div><dt>" }).text(name).raw("</dt><dd>");
        out.raw(if is_wide { "<span class=\"mono\">" } else { "<span>" }).text(value).raw("</span></dd></div>");
    };
    if let Some(rows) = rows {
        fact("Rows", &grouped(rows));
    }
    if let Some(profile) = page.profile {
        fact("Columns", &grouped(crate::figure::count(profile.columns.len())));
    }
    for (name, value) in &page.facts {
        fact(name, value);
    }
    out.raw("</dl>");
}
