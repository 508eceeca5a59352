use serde::Serialize;
use sluice_common::Sha256Digest;

/// What is answered, after the statement is kept. Values stand in the vault only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "decision", rename_all = "lowercase", rename_all_fields = "camelCase")]
pub enum Answer {
    /// The pseudonyms were opened, as far as they could be.
    Granted {
        /// URI of the statement.
        statement: String,
        /// URI of the values in the vault bucket.
        result: String,
        /// Pseudonyms that were opened.
        opened: usize,
        /// Pseudonyms that were not; the result says why, one by one.
        refused: usize,
        /// SHA-256 of the request's canonical JSON (RFC 8785).
        request_sha256: Sha256Digest,
    },
    /// The request is not in order.
    Denied {
        /// URI of the statement.
        statement: String,
        /// A stable name, such as `same_person`.
        reason: &'static str,
        /// Everything that is wrong with it. It repeats nothing of the request.
        problems: Vec<String>,
        /// As above.
        request_sha256: Sha256Digest,
    },
}
