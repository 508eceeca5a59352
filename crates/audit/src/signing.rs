//! Does every use of a signing key belong to a statement that is kept?
//!
//! CloudTrail records each `Sign` with the id of its request, and whoever keeps a statement keeps that id beside it. A use
//! without a statement is a stolen capability to sign, or a statement that was hidden.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::access::Record;
use crate::access::principal::glob;

/// A use of a signing key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignUse {
    /// The id of the request, which KMS told the caller too.
    pub request_id: String,
    /// The record's id.
    pub event_id: String,
    /// When.
    pub time: Timestamp,
}

impl SignUse {
    /// Reads a use of one of some keys; `None` for any other record, and for a use that failed.
    pub fn of(record: &Value, key_arns: &[String]) -> Option<Self> {
        let record = Record::new(record);
        if record.service() != Some("kms") || record.name() != "Sign" || record.error_code().is_some() {
            return None;
        }
        let mut arns = record.resources().chain(record.text_parameter("keyId"));
        let is_ours = arns.any(|arn| key_arns.iter().any(|pattern| glob(pattern, arn)));
        is_ours.then(|| {
            Some(Self {
                request_id: record.request_id()?.to_owned(),
                event_id: record.event_id()?.to_owned(),
                time: record.time()?.parse().ok()?,
            })
        })?
    }
}

/// Uses and statements, side by side.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Uses that belong to a statement.
    pub matched: u64,
    /// Uses that belong to none, though it is due.
    pub without_statement: Vec<SignUse>,
    /// Uses whose statement may still be written.
    pub pending: u64,
}

/// Puts uses and the request ids of kept statements side by side. A use younger than `grace` is pending.
pub fn reconcile(
    uses: impl IntoIterator<Item = SignUse>,
    kept_request_ids: &BTreeSet<String>,
    as_of: Timestamp,
    grace: SignedDuration,
) -> Reconciled {
    let mut reconciled = Reconciled::default();
    let once: BTreeMap<String, SignUse> = uses.into_iter().map(|one| (one.event_id.clone(), one)).collect();
    for one in once.into_values() {
        if kept_request_ids.contains(&one.request_id) {
            reconciled.matched = reconciled.matched.saturating_add(1);
        } else if as_of.duration_since(one.time) < grace {
            reconciled.pending = reconciled.pending.saturating_add(1);
        } else {
            reconciled.without_statement.push(one);
        }
    }
    reconciled
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/sign";

    fn record(request: &str, event: &str, time: &str) -> Value {
        json!({"eventSource": "kms.amazonaws.com", "eventName": "Sign", "requestID": request, "eventID": event,
               "eventTime": time, "resources": [{"ARN": KEY}]})
    }

    #[test]
    fn every_use_needs_its_statement() {
        let keys = [KEY.to_owned()];
        let records = [
            record("a", "1", "2026-05-10T00:00:00Z"),
            record("a", "1", "2026-05-10T00:00:00Z"),
            record("b", "2", "2026-05-10T00:00:00Z"),
            record("c", "3", "2026-05-10T05:59:00Z"),
        ];
        let uses = records.iter().filter_map(|record| SignUse::of(record, &keys));
        let kept = BTreeSet::from(["a".to_owned()]);
        let as_of = "2026-05-10T06:00:00Z".parse().unwrap();
        let found = reconcile(uses, &kept, as_of, SignedDuration::from_hours(1));
        assert_eq!((found.matched, found.pending), (1, 1));
        assert_eq!(found.without_statement.iter().map(|one| one.request_id.as_str()).collect::<Vec<_>>(), ["b"]);
    }

    #[test]
    fn other_records_are_no_uses() {
        let keys = [KEY.to_owned()];
        let mut denied = record("a", "1", "2026-05-10T00:00:00Z");
        denied["errorCode"] = "AccessDenied".into();
        let mut other = record("a", "1", "2026-05-10T00:00:00Z");
        other["resources"] = json!([{"ARN": "arn:aws:kms:eu-west-1:111122223333:key/other"}]);
        assert_eq!(SignUse::of(&denied, &keys), None);
        assert_eq!(SignUse::of(&other, &keys), None);
        assert_eq!(SignUse::of(&json!(null), &keys), None);
    }
}
