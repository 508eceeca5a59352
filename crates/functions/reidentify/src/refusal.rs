//! What a statement says of a request that is not in order.

use serde_json::Value;
use sluice_common::Sha256Digest;
use sluice_evidence::predicate::{Decision, Reidentify};
use sluice_privacy::reidentify::{Refusal, RequestProblem, RequestProblems};

/// What is denied, as far as it can be told. A field that is not in order stays empty: whoever asks wrongly does not get
/// to write into the evidence.
pub(crate) fn denied(payload: &Value, request_sha256: Sha256Digest, problems: &RequestProblems) -> Reidentify {
    let text = |field: &str| payload.get(field).and_then(Value::as_str).unwrap_or_default().trim();
    let visible = |field: &str, longest: usize| {
        let text = text(field);
        let is_sound = text.len() <= longest && text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_sound { text.to_owned() } else { String::new() }
    };
    let purpose = text("reason");
    let is_sound = purpose.chars().count() <= 2_000 && !purpose.chars().any(char::is_control);
    let tokens = payload.get("tokens").and_then(Value::as_array).map_or(0, Vec::len);
    Reidentify {
        request_sha256,
        requester: visible("requester", 256),
        approver: visible("approver", 256),
        case_id: visible("caseId", 128),
        purpose: if is_sound { purpose.to_owned() } else { String::new() },
        record_count: tokens as u64,
        format_preserving: None,
        result_sha256: None,
        decision: Decision::Denied { reason: reason(problems).to_owned() },
    }
}

/// The stable name of what is wrong: an approval of one's own outweighs everything else.
pub(crate) fn reason(problems: &RequestProblems) -> &'static str {
    if problems.0.contains(&RequestProblem::SelfApproved) {
        return "same_person";
    }
    match problems.0.first() {
        Some(RequestProblem::TooLong) => "too_long",
        Some(RequestProblem::Json { .. }) => "not_a_request",
        Some(RequestProblem::Domain) => "no_domain",
        Some(RequestProblem::TokenCount { .. } | RequestProblem::TokenLength { .. }) => "tokens_unfit",
        Some(RequestProblem::Identity { .. }) => "nobody_named",
        Some(RequestProblem::CaseId) => "no_case",
        Some(RequestProblem::Reason) => "no_reason",
        Some(RequestProblem::Column) => "no_column",
        Some(RequestProblem::Fpe) => "fpe_unfit",
        Some(RequestProblem::FpeRefused(refusal)) => match refusal {
            Refusal::UnknownEpoch => "fpe_unknown_epoch",
            Refusal::Shredded(_) => "fpe_key_shredded",
            Refusal::OtherParameters => "fpe_other_parameters",
            _ => "fpe_other_key",
        },
        Some(RequestProblem::Expires | RequestProblem::ValidTooLong) => "expiry_unfit",
        Some(RequestProblem::Expired) => "approval_expired",
        Some(RequestProblem::RateLimited) => "rate_limited",
        _ => "request_refused",
    }
}
