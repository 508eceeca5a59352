//! Is CloudTrail's record whole and genuine?
//!
//! CloudTrail signs, every hour and for every region, a digest file that lists the log files delivered in that hour with
//! their SHA-256, and names the digest before it. A trail is whole when the digests form a chain without gaps, each
//! signed by AWS, and the log files in the bucket are exactly the listed ones.
//!
//! Source: "Validating CloudTrail log file integrity" and "Custom implementations of CloudTrail log file integrity
//! validation", AWS CloudTrail User Guide.

mod bucket;
mod chain;
mod digest;
mod directory;
mod finding;
mod gzip;
mod key;
mod logs;
mod public_key;
mod source;
mod validate;

pub use bucket::{TrailBucket, day_prefixes, read_file};
pub use chain::{Judged, judge_digest};
pub use digest::{DigestDocument, DigestError, ListedLog, PreviousDigest, SIGNATURE_ALGORITHM, string_to_sign};
pub use directory::{DirectoryError, DirectoryTrail};
pub use finding::{Code, Question, TrailFinding, TrailReport, Verdict};
pub use gzip::{GzipError, Inflated, hash_log, inflate};
pub use key::{ChainId, DigestKey, FileAt, LogKey, LogScope, Place, TrailFileKind, TrailId};
pub use logs::{MAX_LOG_BYTES, judge_log};
pub use public_key::{PublicKey, PublicKeyError, PublicKeys};
pub use source::{MemoryTrail, SourceError, TrailFile, TrailSource};
pub use validate::{Scope, range_of, validate};
