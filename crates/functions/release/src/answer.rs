use serde::Serialize;
use serde_json::Value;
use sluice_common::Sha256Digest;
use sluice_common::privacy_loss::PrivacyLoss;

/// What is answered, after the statement is kept.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "decision", rename_all = "lowercase", rename_all_fields = "camelCase")]
pub enum Answer {
    /// The questions are answered.
    Released {
        /// URI of the statement.
        statement: String,
        /// SHA-256 of the request's canonical JSON (RFC 8785).
        request_sha256: Sha256Digest,
        /// Whether it was answered before. Then nothing was spent now.
        again: bool,
        /// What is left of the dataset's budget.
        left: PrivacyLoss,
        /// The answers, each with its noise and where the true value lies with 95 % confidence.
        answer: Value,
    },
    /// They are not.
    Refused {
        /// URI of the statement.
        statement: String,
        /// As above.
        request_sha256: Sha256Digest,
        /// A stable name, such as `budget_exhausted`.
        reason: &'static str,
        /// What to change.
        detail: String,
    },
}
