//! Names of stored things from literals. They panic on a malformed one, since that is a mistake in the test.
#![expect(clippy::expect_used, reason = "a malformed literal is a mistake in the test itself")]

use sluice_common::{BucketName, ObjectKey, ObjectPath, ObjectVersion, VersionId};

/// A bucket's name.
///
/// # Panics
/// When the text is not one.
pub fn bucket(name: &str) -> BucketName {
    BucketName::new(name).expect("a bucket name")
}

/// A key.
///
/// # Panics
/// When the text is empty or longer than 1,024 bytes.
pub fn key(key: &str) -> ObjectKey {
    ObjectKey::new(key).expect("an object key")
}

/// A key in a bucket.
///
/// # Panics
/// When one of the two is malformed.
pub fn path(bucket_name: &str, key_text: &str) -> ObjectPath {
    ObjectPath { bucket: bucket(bucket_name), key: key(key_text) }
}

/// One version of a key in a bucket.
///
/// # Panics
/// When one of the three is malformed.
pub fn version(bucket_name: &str, key_text: &str, version_id: &str) -> ObjectVersion {
    path(bucket_name, key_text).version(VersionId::new(version_id).expect("a version id"))
}
