//! Digest chains: `cloudtrail-digests.json`. Each case is a whole bucket; what a strict auditor must find is compared as a
//! set, and so are the log files that no valid digest lists.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures::executor::block_on;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use sluice_audit::trail::{Code, FileAt, MemoryTrail, PublicKeys, Scope, TrailFile, TrailId, validate};

use crate::suite::{Failure, Report};

#[derive(Deserialize)]
struct Cases {
    public_keys: Value,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    trail_arn: String,
    start: Timestamp,
    end: Timestamp,
    objects: Vec<Object>,
    public_keys: Option<Value>,
    strict_findings: Vec<Finding>,
    uncovered_logs: Vec<String>,
}

#[derive(Deserialize)]
struct Object {
    bucket: String,
    key: String,
    body_b64: String,
    metadata: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Finding {
    code: String,
    key: Option<String>,
}

/// Judges `cloudtrail-digests.json`.
pub(crate) fn run(cases: &str) -> Result<Report> {
    let cases: Cases = serde_json::from_str(cases)?;
    let mut report = Report::default();
    for case in &cases.cases {
        let keys = case.public_keys.as_ref().unwrap_or(&cases.public_keys);
        match check(case, keys).with_context(|| case.id.clone())? {
            Ok(()) => report.passed += 1,
            Err(reason) => report.failures.push(Failure { id: case.id.clone(), reason }),
        }
    }
    Ok(report)
}

fn check(case: &Case, keys: &Value) -> Result<Result<(), String>> {
    let keys = PublicKeys::from_json(keys.to_string().as_bytes())?;
    let mut trail = MemoryTrail::default();
    for object in &case.objects {
        let file = TrailFile { body: BASE64.decode(&object.body_b64)?, metadata: Some(object.metadata.clone()) };
        trail.put(FileAt::new(object.bucket.clone(), object.key.clone()), file);
    }
    let id = TrailId::from_arn(&case.trail_arn).context("trail ARN")?;
    let scope = Scope { trail: Some(id), from: case.start, to: case.end, as_of: case.end };
    let found = block_on(validate(&trail, &keys, &scope))?;
    let ours: BTreeSet<_> = found
        .findings
        .iter()
        // A finding for each uncovered log: the file lists those by themselves.
        .filter(|finding| finding.code != Code::LogUncovered)
        .map(|finding| (finding.code.as_str().to_owned(), finding.at.as_ref().map(|at| at.key.clone())))
        .collect();
    let theirs: BTreeSet<_> = case.strict_findings.iter().map(|it| (it.code.clone(), it.key.clone())).collect();
    let ours_uncovered: BTreeSet<_> = found.uncovered.iter().map(|at| &at.key).collect();
    let theirs_uncovered: BTreeSet<_> = case.uncovered_logs.iter().collect();
    Ok(if ours != theirs {
        Err(format!("found {ours:?}, expected {theirs:?}"))
    } else if ours_uncovered != theirs_uncovered {
        Err(format!("uncovered {ours_uncovered:?}, expected {theirs_uncovered:?}"))
    } else {
        Ok(())
    })
}
