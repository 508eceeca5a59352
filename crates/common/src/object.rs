//! The names of stored things. An upload is only ever spoken of as one *version* of an object: a key alone can mean
//! other bytes a second later.

mod bucket;
mod key;
mod version;

pub use bucket::{BucketName, BucketNameError};
pub use key::{ObjectKey, ObjectKeyError, QUARANTINED_ROWS_PREFIX};
pub use version::{ObjectPath, ObjectUriError, ObjectVersion, ObjectVersionId, VersionId, VersionIdError};
