//! Personal data: recognizers, validators, context, and the corpus of two independent projects.
//!
//! Offsets in the files are code points. A row that names an entity is judged by that entity alone; a row that names `*`
//! must stay without findings of the entities that the peer searches by default.

use crate::suite::Report;
use anyhow::Result;
use serde::Deserialize;
use sluice_detect::{Detector, Finding, Leniency, Options, PhoneRules, Place, Region, Verdict, check, entity};

const SCORE_TOLERANCE: f64 = 1e-5;

#[derive(Deserialize)]
struct Recognition {
    id: String,
    entity: String,
    text: String,
    expected: Vec<Expected>,
    basis: String,
    #[serde(default)]
    config: Config,
}

#[derive(Deserialize)]
struct Expected {
    start: usize,
    end: usize,
    min_score: f64,
    max_score: f64,
}

/// Arguments with which the peer's recognizer was built, as far as ours have a twin.
#[derive(Deserialize, Default)]
struct Config {
    supported_regions: Option<Vec<String>>,
    leniency: Option<u8>,
    #[serde(default)]
    strict_checksum: bool,
}

#[derive(Deserialize)]
struct Validation {
    id: String,
    entity: String,
    value: String,
    valid: Option<bool>,
    #[serde(default)]
    config: Config,
}

#[derive(Deserialize)]
struct InContext {
    id: String,
    entity: String,
    text: String,
    base: Vec<Base>,
}

#[derive(Deserialize)]
struct Base {
    start: usize,
    end: usize,
    score: f64,
}

pub(crate) fn recognizers(cases: &str) -> Result<Report> {
    Report::of_lines(
        cases,
        |case: &Recognition| &case.id,
        |case| {
            let found = find(&case.text, &options(std::slice::from_ref(&case.entity), &case.config, false))?;
            same_spans(&case.expected, &found)?;
            if case.basis == "observed" {
                return Ok(());
            }
            for (expected, found) in case.expected.iter().zip(&found) {
                let range = expected.min_score - SCORE_TOLERANCE..=expected.max_score + SCORE_TOLERANCE;
                if !range.contains(&found.score) {
                    return Err(format!(
                        "score {} instead of {} to {}",
                        found.score, expected.min_score, expected.max_score
                    ));
                }
            }
            Ok(())
        },
    )
}

pub(crate) fn validators(cases: &str) -> Result<Report> {
    Report::of_lines(
        cases,
        |case: &Validation| &case.id,
        |case| {
            let settings = options(&[], &case.config, false).settings;
            let verdict =
                check(&case.entity, &case.value, &settings).ok_or_else(|| format!("no entity {}", case.entity))?;
            let expected = match case.valid {
                Some(true) => Verdict::Valid,
                Some(false) => Verdict::Invalid,
                None => Verdict::Plausible,
            };
            if verdict == expected { Ok(()) } else { Err(format!("{verdict:?} instead of {expected:?}")) }
        },
    )
}

/// Context finds the same spans as no context, and gives each span of the base a higher score than the base has, or an
/// equal one where that is certain. Spans that the peer misses are no fault.
pub(crate) fn context(cases: &str) -> Result<Report> {
    Report::of_lines(
        cases,
        |case: &InContext| &case.id,
        |case| {
            let found_with = |use_context| {
                find(&case.text, &options(std::slice::from_ref(&case.entity), &Config::default(), use_context))
            };
            let (without, with) = (found_with(false)?, found_with(true)?);
            let as_expected =
                |found: &Found| Expected { start: found.start, end: found.end, min_score: 0.0, max_score: 1.0 };
            same_spans(&without.iter().map(as_expected).collect::<Vec<_>>(), &with)?;
            for base in &case.base {
                let found = with.iter().find(|found| (found.start, found.end) == (base.start, base.end));
                let found = found.ok_or_else(|| format!("nothing at {}..{}", base.start, base.end))?;
                if found.score <= base.score && base.score < 1.0 {
                    return Err(format!("score {} is not above {}", found.score, base.score));
                }
            }
            Ok(())
        },
    )
}

pub(crate) fn crosscheck(cases: &str) -> Result<Report> {
    Report::of_lines(
        cases,
        |case: &Recognition| &case.id,
        |case| {
            if case.entity == "*" {
                let by_default = entity::default_names().map(str::to_owned);
                let of_the_peer = ["DATE_TIME", "URL"].into_iter().map(str::to_owned);
                let names: Vec<_> = by_default.chain(of_the_peer).collect();
                let found = find(&case.text, &Options { entities: Some(names), ..Options::default() })?;
                return same_spans(&[], &found);
            }
            let found = find(&case.text, &options(std::slice::from_ref(&case.entity), &case.config, true))?;
            same_spans(&case.expected, &found)
        },
    )
}

fn options(entities: &[String], config: &Config, use_context: bool) -> Options {
    let mut options = Options { entities: Some(entities.to_vec()), use_context, ..Options::default() };
    options.thresholds.default = 0.0;
    options.settings.strict_vat_checksum = config.strict_checksum;
    let regions = config.supported_regions.as_ref();
    options.settings.phone = PhoneRules {
        regions: regions.map_or_else(
            || PhoneRules::default().regions,
            |codes| codes.iter().filter_map(|code| Region::by_code(code)).collect(),
        ),
        leniency: match config.leniency {
            Some(0) => Leniency::Possible,
            Some(2) => Leniency::StrictGrouping,
            Some(3) => Leniency::ExactGrouping,
            _ => Leniency::Valid,
        },
    };
    options
}

/// A finding in code points.
struct Found {
    entity: String,
    start: usize,
    end: usize,
    score: f64,
}

fn find(text: &str, options: &Options) -> Result<Vec<Found>, String> {
    let detector = Detector::new(options).map_err(|error| error.to_string())?;
    let code_points = |bytes: usize| text.get(..bytes).map_or(usize::MAX, |prefix| prefix.chars().count());
    let in_code_points = |finding: &Finding<'_>| Found {
        entity: finding.entity.to_owned(),
        start: code_points(finding.start),
        end: code_points(finding.end),
        score: finding.score,
    };
    Ok(detector.scanner().scan(text, &Place::default()).iter().map(in_code_points).collect())
}

fn same_spans(expected: &[Expected], found: &[Found]) -> Result<(), String> {
    let same = expected.len() == found.len()
        && expected
            .iter()
            .zip(found)
            .all(|(expected, found)| (expected.start, expected.end) == (found.start, found.end));
    if same {
        return Ok(());
    }
    let expected: Vec<_> = expected.iter().map(|expected| (expected.start, expected.end)).collect();
    let found: Vec<_> = found.iter().map(|found| format!("{} {}..{}", found.entity, found.start, found.end)).collect();
    Err(format!("expected {expected:?}, found {found:?}"))
}
