//! Presidio's operators against the transforms that are their twins.
//!
//! Where the two differ on purpose:
//! - A case whose note says that it pins a defect of the peer must give what the note asks for.
//! - A parameter that is missing is an error there. Here it has a default in the policy, and what a case asserts is that
//!   nothing of the value shows for want of it.
//! - `items`, the spans that are left after overlaps were trimmed, have no twin: overlapping spans are redacted as one.

use crate::suite::Report;
use anyhow::Result;
use arrow_array::cast::AsArray as _;
use arrow_array::{ArrayRef, StringArray};
use serde::Deserialize;
use serde_json::Value;
use sluice_common::policy::{HashAlgorithm, Policy};
use sluice_privacy::transform::Action;
use sluice_privacy::transform::{ColumnTransform, Hash, Mask, Redact, Replace, compile, name};
use std::fmt::Write as _;
use std::sync::Arc;

#[derive(Deserialize)]
struct Case {
    id: String,
    operator: String,
    #[serde(default)]
    input: String,
    #[serde(default)]
    params: Params,
    output: Option<String>,
    error: Option<String>,
    #[serde(default)]
    note: String,
}

#[derive(Deserialize, Default)]
struct Params {
    masking_char: Option<Value>,
    chars_to_mask: Option<Value>,
    from_end: Option<bool>,
    hash_type: Option<String>,
    salt_utf8: Option<String>,
    new_value: Option<String>,
    entity_type: Option<String>,
}

/// Judges `deid-operator-vectors.jsonl`.
pub(crate) fn run(cases: &str) -> Result<Report> {
    Report::of_lines(cases, |case: &Case| &case.id, check)
}

fn check(case: &Case) -> Result<(), String> {
    if let Some(error) = &case.error {
        return refused(case, error);
    }
    let expected = if case.note.starts_with("PEER DEFECT") { Some(&case.input) } else { case.output.as_ref() };
    let made = apply(case)?;
    if Some(&made) == expected { Ok(()) } else { Err(format!("gives {made:?}")) }
}

fn apply(case: &Case) -> Result<String, String> {
    let params = &case.params;
    match case.operator.as_str() {
        "keep" => Ok(case.input.clone()),
        "redact" => transformed(&Redact::new(""), &case.input),
        "replace" => {
            let entity = format!("<{}>", params.entity_type.as_deref().unwrap_or_default());
            let with = params.new_value.clone().filter(|value| !value.is_empty()).unwrap_or(entity);
            transformed(&Replace::new(&with), &case.input)
        }
        "hash" => transformed(&hash(params)?, &case.input),
        "mask" => transformed(&mask(params)?, &case.input),
        other => Err(format!("the operator {other} has no twin")),
    }
}

fn mask(params: &Params) -> Result<Mask, String> {
    let text = params.masking_char.as_ref().and_then(Value::as_str).ok_or("no masking character")?;
    let mut characters = text.chars();
    let (Some(character), None) = (characters.next(), characters.next()) else {
        return Err("not one masking character".to_owned());
    };
    let count = params.chars_to_mask.as_ref().and_then(Value::as_i64).ok_or("no number of characters")?;
    let count = usize::try_from(count).unwrap_or(0);
    let from_end = params.from_end.ok_or("no end")?;
    Ok(if from_end { Mask::last(character, count) } else { Mask::first(character, count) })
}

fn hash(params: &Params) -> Result<Hash, String> {
    let algorithm = match params.hash_type.as_deref().unwrap_or("sha256") {
        "sha256" => HashAlgorithm::Sha256,
        "sha512" => HashAlgorithm::Sha512,
        other => return Err(format!("the algorithm {other:?} is not offered")),
    };
    let salt = params.salt_utf8.as_deref().ok_or("no salt")?;
    Hash::with_salt(algorithm, salt.as_bytes()).map_err(|error| error.to_string())
}

fn transformed(transform: &dyn ColumnTransform, text: &str) -> Result<String, String> {
    let input: ArrayRef = Arc::new(StringArray::from(vec![text]));
    let output = transform.apply(&input).map_err(|error| error.to_string())?;
    Ok(output.as_string_view().iter().flatten().collect())
}

/// The parameters as a policy has them: a fault must be a problem of the policy, or of the transform.
fn refused(case: &Case, error: &str) -> Result<(), String> {
    let params = &case.params;
    let is_hash = case.operator == "hash";
    if is_hash && params.salt_utf8.is_some() {
        return if hash(params).is_err() { Ok(()) } else { Err("the salt is taken".to_owned()) };
    }
    let mut fields = format!("{{ transform: {}", case.operator);
    if let Some(algorithm) = &params.hash_type {
        let _written = write!(fields, ", algorithm: {}", Value::from(algorithm.as_str()));
    }
    if let Some(character) = &params.masking_char {
        let _written = write!(fields, ", char: {character}");
    }
    let end = if params.from_end.unwrap_or_default() { "mask_last" } else { "mask_first" };
    if let Some(count) = params.chars_to_mask.as_ref().filter(|_| params.from_end.is_some()) {
        let _written = write!(fields, ", {end}: {count}");
    }
    fields.push_str(" }");
    let text = format!(
        "version: 1\ndatasets:\n  - name: t\n    match: '**'\n    format: {{ type: csv }}\n    quality: {{ ruleset: 'Rules = [ RowCount > 0 ]' }}\n    privacy: {{ domain: d, columns: {{ a: {fields} }} }}\n"
    );
    let Ok(policy) = Policy::parse(&text) else { return Ok(()) };
    if !error.contains("missing") {
        return Err(format!("the policy takes {fields}"));
    }
    // A default stands in for what is missing: no more may show than with it.
    let privacy = policy.datasets.first().map(|dataset| &dataset.privacy).ok_or("no dataset")?;
    let transform = privacy.columns.get("a").ok_or("no column")?;
    let shown = match compile(transform, "a", None, &privacy.detect).map_err(|error| error.to_string())? {
        Action::Map(transform) => transformed(transform.as_ref(), "text")?,
        Action::Keep | Action::Drop => return Err(format!("{} shows the value", name(transform))),
    };
    if shown == "****" { Ok(()) } else { Err(format!("shows {shown:?}")) }
}
