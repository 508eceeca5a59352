//! Access records: `cloudtrail-access-events.json`, judged in the file's order by the file's policy.

use anyhow::Result;
use serde::Deserialize;
use serde_json::{Value, json};
use sluice_audit::access::{AccessPolicy, Judge};

use crate::suite::{Failure, Report};

#[derive(Deserialize)]
struct Cases {
    policy: Policy,
    records: Vec<Case>,
}

#[derive(Deserialize)]
struct Policy {
    raw_bucket: String,
    evidence_bucket: String,
    curated_bucket: String,
    trail_bucket: String,
    raw_readers: Vec<String>,
    uploaders: Vec<String>,
    evidence_writers: Vec<String>,
    vpce: Vec<String>,
    lambda_session_name_is: String,
}

#[derive(Deserialize)]
struct Case {
    desc: String,
    expect: Option<Expected>,
    event: Value,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Expected {
    rule: String,
    severity: String,
}

impl Policy {
    /// The file's policy as a document of ours. What the file tells in prose alone: the sealer sets retention, and only
    /// reidentify opens pseudonyms, whose key is known by its encryption context.
    fn document(&self) -> Value {
        let session = &self.lambda_session_name_is;
        let bound = |roles: &[String]| -> Value {
            roles.iter().map(|role| json!({"role": role, "session": session})).collect()
        };
        let sealer: Vec<_> = self.raw_readers.iter().filter(|role| role.ends_with("seal")).cloned().collect();
        let opener: Vec<_> =
            self.evidence_writers.iter().filter(|role| role.ends_with("reidentify")).cloned().collect();
        json!({
            "version": 1,
            "buckets": {
                &self.raw_bucket: {
                    "zone": "raw", "readers": bound(&self.raw_readers), "writers": self.uploaders,
                    "retainers": bound(&sealer),
                },
                &self.evidence_bucket: {"zone": "evidence", "writers": bound(&self.evidence_writers)},
                &self.curated_bucket: {"zone": "curated"},
                &self.trail_bucket: {"zone": "trail", "writers": ["service:cloudtrail.amazonaws.com"]},
            },
            "keys": [{
                "purpose": "pseudonym", "encryptionContext": {"purpose": "pseudonym-map"}, "users": bound(&opener),
            }],
            "vpcEndpoints": self.vpce,
        })
    }
}

/// Judges `cloudtrail-access-events.json`.
pub(crate) fn run(cases: &str) -> Result<Report> {
    let cases: Cases = serde_json::from_str(cases)?;
    let policy = AccessPolicy::from_json(cases.policy.document().to_string().as_bytes())?;
    let mut judge = Judge::new(&policy);
    let mut report = Report::default();
    for case in cases.records {
        let ours = judge.judge(&case.event).map(|judgement| Expected {
            rule: judgement.rule.to_owned(),
            severity: judgement.severity.as_str().to_owned(),
        });
        if ours == case.expect {
            report.passed += 1;
        } else {
            report.failures.push(Failure { id: case.desc, reason: format!("{ours:?}, expected {:?}", case.expect) });
        }
    }
    Ok(report)
}
