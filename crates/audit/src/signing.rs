//! Does every use of a signing key belong to a statement that is kept, and every statement to a use?
//!
//! CloudTrail records each `Sign` with the id of its request and not with what was signed. Whoever keeps a statement keeps
//! that id beside it, so the two are put side by side exactly. A use without a statement is a stolen capability to sign, or a
//! process that died between signing and keeping. The second is told from the first by what follows it: the message comes
//! again and the same principal signs and keeps within hours. So a use that an allowed principal made beside a kept one of its
//! own is only said to be a retry, and each kept one explains at most one. A statement without a use was signed by somebody
//! who has the key itself, or its record was suppressed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sluice_common::Sha256Digest;

use crate::access::principal::glob;
use crate::access::{AccessPolicy, Principal, Record};

/// How far apart an attempt and the one that repeats it may be: the longest that a message stays in flight.
pub const RETRY_WITHIN: SignedDuration = SignedDuration::from_hours(2);

/// A use of a signing key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignUse {
    /// The id of the request, which KMS told the caller too.
    pub request_id: String,
    /// The record's id.
    pub event_id: String,
    /// When.
    pub time: Timestamp,
    /// SHA-256 of the principal's ARN, without the session: names of people stay out of statements.
    pub principal_sha256: Sha256Digest,
    /// Whether the access policy lets it use the key.
    pub is_allowed: bool,
}

impl SignUse {
    /// Reads a use of one of some keys; `None` for any other record, and for a use that failed.
    pub fn of(record: &Value, key_arns: &[String], policy: &AccessPolicy) -> Option<Self> {
        let record = Record::new(record);
        if record.service() != Some("kms") || record.name() != "Sign" || record.error_code().is_some() {
            return None;
        }
        let mut arns = record.resources().chain(record.text_parameter("keyId"));
        let is_ours = arns.any(|arn| key_arns.iter().any(|pattern| glob(pattern, arn)));
        if !is_ours {
            return None;
        }
        let principal = Principal::of(&record);
        Some(Self {
            request_id: record.request_id()?.to_owned(),
            event_id: record.event_id()?.to_owned(),
            time: record.time()?.parse().ok()?,
            principal_sha256: Sha256Digest::of(principal.id().as_bytes()),
            is_allowed: policy.may_sign(&record, &principal),
        })
    }
}

/// A statement that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptStatement {
    /// Its key in the evidence bucket.
    pub key: String,
    /// The id of the request that signed it, if it was kept beside it.
    pub request_id: Option<String>,
    /// When it was written, by S3's clock.
    pub written: Timestamp,
}

/// Which uses and statements are judged: those of this time. Others are looked at only to match these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
}

impl Window {
    fn holds(&self, time: Timestamp) -> bool {
        self.from <= time && time < self.to
    }
}

/// Uses and statements, side by side.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Uses that belong to a statement.
    pub matched: u64,
    /// Uses of an allowed principal that belong to none, beside one that does: it died and did it again.
    pub retried: Vec<SignUse>,
    /// Uses that belong to none.
    pub without_statement: Vec<SignUse>,
    /// Statements whose use is not recorded.
    pub without_use: Vec<KeptStatement>,
    /// Statements without the id of a request: nothing can be said of them.
    pub without_id: u64,
}

/// Puts uses and statements side by side. Both should reach beyond the window on both sides, by as much as records and
/// leaves may be late.
pub fn reconcile(
    uses: impl IntoIterator<Item = SignUse>,
    statements: impl IntoIterator<Item = KeptStatement>,
    window: Window,
) -> Reconciled {
    let once: BTreeMap<String, SignUse> = uses.into_iter().map(|one| (one.event_id.clone(), one)).collect();
    let statements: Vec<KeptStatement> = statements.into_iter().collect();
    let kept: BTreeSet<&str> = statements.iter().filter_map(|one| one.request_id.as_deref()).collect();
    let used: BTreeSet<&str> = once.values().map(|one| one.request_id.as_str()).collect();
    let mut found = Reconciled::default();
    for statement in statements.iter().filter(|one| window.holds(one.written)) {
        match &statement.request_id {
            None => found.without_id = found.without_id.saturating_add(1),
            Some(id) if used.contains(id.as_str()) => {}
            Some(_) => found.without_use.push(statement.clone()),
        }
    }
    let (matched, unmatched): (Vec<&SignUse>, Vec<&SignUse>) =
        once.values().partition(|one| kept.contains(one.request_id.as_str()));
    found.matched = matched.iter().map(|one| u64::from(window.holds(one.time))).sum();
    let mut explains = Explanations::of(&matched);
    let mut unmatched: Vec<&SignUse> = unmatched.into_iter().filter(|one| window.holds(one.time)).collect();
    unmatched.sort_by_key(|one| one.time);
    for one in unmatched {
        let of_kind =
            if one.is_allowed && explains.take(one) { &mut found.retried } else { &mut found.without_statement };
        of_kind.push(one.clone());
    }
    found
}

/// The kept uses of each principal by their time, each of which explains at most one that was not kept.
struct Explanations(BTreeMap<Sha256Digest, Vec<Timestamp>>);

impl Explanations {
    fn of(matched: &[&SignUse]) -> Self {
        let mut times: BTreeMap<Sha256Digest, Vec<Timestamp>> = BTreeMap::new();
        for one in matched {
            times.entry(one.principal_sha256).or_default().push(one.time);
        }
        for times in times.values_mut() {
            times.sort_unstable();
        }
        Self(times)
    }

    fn take(&mut self, one: &SignUse) -> bool {
        let Some(times) = self.0.get_mut(&one.principal_sha256) else { return false };
        // Two attempts at once may end in either order.
        let is_near = |time: &Timestamp| time.duration_since(one.time).abs() <= RETRY_WITHIN;
        times.iter().position(is_near).map(|at| times.remove(at)).is_some()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/sign";
    const SEAL: &str = "arn:aws:iam::111122223333:role/lake-seal";
    const THIEF: &str = "arn:aws:iam::111122223333:user/thief";

    fn at(text: &str) -> Timestamp {
        format!("2026-05-10T{text}Z").parse().unwrap()
    }

    fn policy() -> AccessPolicy {
        let document = json!({"version": 1, "accounts": ["111122223333"], "buckets": {},
            "keys": [{"purpose": "signing", "arns": [KEY], "users": ["lake-seal"]}]});
        AccessPolicy::from_json(document.to_string().as_bytes()).unwrap()
    }

    fn record(request: &str, time: &str, who: &str) -> Value {
        json!({"eventSource": "kms.amazonaws.com", "eventName": "Sign", "requestID": request,
               "eventID": format!("event of {request}"), "eventTime": at(time).to_string(), "resources": [{"ARN": KEY}],
               "recipientAccountId": "111122223333",
               "userIdentity": {"type": "AssumedRole", "arn": who, "accountId": "111122223333"}})
    }

    fn uses(records: &[Value]) -> Vec<SignUse> {
        records.iter().filter_map(|record| SignUse::of(record, &[KEY.to_owned()], &policy())).collect()
    }

    fn kept(request: Option<&str>, time: &str) -> KeptStatement {
        KeptStatement { key: format!("att/{time}"), request_id: request.map(str::to_owned), written: at(time) }
    }

    fn reconciled(records: &[Value], statements: &[KeptStatement]) -> Reconciled {
        let window = Window { from: at("10:00:00"), to: at("11:00:00") };
        reconcile(uses(records), statements.to_vec(), window)
    }

    fn ids(uses: &[SignUse]) -> Vec<&str> {
        uses.iter().map(|one| one.request_id.as_str()).collect()
    }

    #[test]
    fn a_use_and_its_statement_belong_together_and_a_duplicate_record_counts_once() {
        let records = [record("a", "10:00:00", SEAL), record("a", "10:00:00", SEAL)];
        let found = reconciled(&records, &[kept(Some("a"), "10:00:01")]);
        assert_eq!(found, Reconciled { matched: 1, ..Reconciled::default() });
    }

    #[test]
    fn a_theft_is_told_from_a_crash() {
        let records = [
            record("died", "10:00:00", SEAL),
            record("kept", "10:06:00", SEAL),
            record("stolen", "10:07:00", THIEF),
            record("one too many", "10:08:00", SEAL),
        ];
        let found = reconciled(&records, &[kept(Some("kept"), "10:06:01")]);
        assert_eq!((found.matched, ids(&found.retried)), (1, vec!["died"]));
        assert_eq!(ids(&found.without_statement), ["stolen", "one too many"]);
        // A kept one of long ago explains nothing, nor does that of another principal.
        let far = [record("died", "10:59:00", SEAL), record("kept", "08:58:00", SEAL)];
        assert_eq!(ids(&reconciled(&far, &[kept(Some("kept"), "08:58:01")]).without_statement), ["died"]);
        let other = [record("stolen", "10:07:00", THIEF), record("kept", "10:06:00", SEAL)];
        assert_eq!(ids(&reconciled(&other, &[kept(Some("kept"), "10:06:01")]).without_statement), ["stolen"]);
    }

    #[test]
    fn a_statement_whose_use_nobody_recorded_is_found() {
        let statements = [kept(Some("forged"), "10:30:00"), kept(None, "10:31:00"), kept(Some("early"), "09:59:59")];
        let found = reconciled(&[], &statements);
        assert_eq!((found.without_use.len(), found.without_id), (1, 1));
        assert_eq!(found.without_use[0].request_id.as_deref(), Some("forged"));
    }

    #[test]
    fn each_moment_is_judged_in_one_window() {
        let records = [record("a", "09:59:59", SEAL), record("b", "11:00:00", THIEF)];
        assert_eq!(reconciled(&records, &[]), Reconciled::default());
        // The record of the hour before still belongs to the statement of this one.
        let found = reconciled(&records, &[kept(Some("a"), "10:00:00")]);
        assert_eq!(found, Reconciled::default());
    }

    #[test]
    fn other_records_are_no_uses() {
        let mut denied = record("a", "10:00:00", SEAL);
        denied["errorCode"] = "AccessDenied".into();
        let mut other = record("a", "10:00:00", SEAL);
        other["resources"] = json!([{"ARN": "arn:aws:kms:eu-west-1:111122223333:key/other"}]);
        assert_eq!(uses(&[denied, other, json!(null)]), []);
    }
}
