//! A bundle: statements, log, proofs and public keys in one folder, taken from the evidence bucket and judged without it.
//!
//! | path | what | judged by |
//! |---|---|---|
//! | `att/…` | statements, under their keys of the bucket | any DSSE library, `openssl` |
//! | `log/…` | the log, and `log/checkpoint`, the checkpoint that the proofs lead to | any tlog-tiles verifier |
//! | `proofs/<statement's key>.tlog-proof` | each statement's offline proof | any tlog-proof verifier |
//! | `keys/statements.json` | the statement keys as a key set, with the time of each | likewise |
//! | `keys/statements.pem`, `keys/log.pem`, `keys/log.vkey` | public keys | compare with the ones of KMS |
//! | `versions.jsonl` | what S3 said of each object's versions, time and lock | |
//! | `exported.json` | when the bundle was made | |
//! | `SHA256SUMS` | digests of all of it | `sha256sum -c` |
//!
//! **Keys that follow each other.** A `keyrotation` statement, signed by the old key, names the new one; from one trusted key
//! the bundle's rotations lead to all that followed it. Two things bound a key's signatures. The time at which S3 wrote the
//! statement must lie in the key's validity. And in the log nothing may be signed by a key before the rotation that names
//! it: that order is under the checkpoints' signatures, and nobody's clock takes part in it.
//!
//! **Statements of a moment ago.** The log is a step behind. What S3 wrote at most 30 minutes before the export and no leaf speaks
//! of yet makes COMPLETENESS *pending*, which is neither yes nor no: nobody signed those times, so what is pending must be in the
//! log of a later export. What is older, or of a time that something else contradicts, *fails*.

mod export;
mod judge;
mod object;
mod pending;
mod succession;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use export::{ExportError, ExportPorts, Exported, export, fetch_log};
pub use judge::{BundleReport, verify_bundle};
pub use object::{ObjectReport, verify_object};
pub use pending::{ExportedAt, PATIENCE};

/// Where the bundle keeps statement keys.
pub const STATEMENT_KEYS: &str = "keys/statements.pem";
/// Where the bundle keeps them as a key set.
pub const STATEMENT_KEY_SET: &str = "keys/statements.json";
/// Where the bundle keeps the log's verifier keys, one a line.
pub const LOG_KEYS: &str = "keys/log.vkey";
/// Where the bundle keeps what S3 said of versions and locks.
pub const VERSIONS: &str = "versions.jsonl";
/// Where the bundle keeps when it was made.
pub const EXPORTED: &str = "exported.json";

/// What S3 said of one key when the bundle was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeptVersion {
    /// The key.
    pub key: String,
    /// The version that the bundle holds: the oldest.
    pub version_id: String,
    /// Versions under the key.
    pub versions: usize,
    /// Delete markers under the key.
    pub delete_markers: usize,
    /// When S3 wrote it, by which the validity of the key that signed it is judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<Timestamp>,
    /// `GOVERNANCE` or `COMPLIANCE`; absent without a lock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock_mode: Option<String>,
    /// Until when it is locked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retain_until: Option<String>,
}
