//! S3: the store ports on one client.

mod checksum;
mod erase;
mod facts;
mod posture;
mod range;
mod read;
mod retention;
#[cfg(test)]
mod tests;
mod upload;
mod versions;
mod write;

use sluice_common::VersionId;
use sluice_common::port::{StoreError, UserMetadata};

/// Objects in S3. Cheap to clone.
#[derive(Debug, Clone)]
pub struct S3Objects {
    client: aws_sdk_s3::Client,
}

impl S3Objects {
    pub(crate) fn new(client: aws_sdk_s3::Client) -> Self {
        Self { client }
    }
}

/// An error of ours about an answer that breaks the contract.
fn unexpected(operation: &'static str, code: &str) -> StoreError {
    StoreError::Other { operation, code: code.to_owned(), source: None }
}

/// The version that a write or a read names.
fn version_id(id: Option<&str>, operation: &'static str) -> Result<VersionId, StoreError> {
    VersionId::new(id.unwrap_or_default()).map_err(|error| StoreError::Other {
        operation,
        code: "NoVersionId".to_owned(),
        source: Some(Box::new(error)),
    })
}

/// Refuses metadata that HTTP headers do not carry unchanged: S3 would return it in RFC 2047 encoding or not at all.
fn check_metadata(metadata: &UserMetadata, operation: &'static str) -> Result<(), StoreError> {
    let is_plain = |text: &str| text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    if metadata.iter().all(|(name, value)| is_plain(name) && is_plain(value)) {
        Ok(())
    } else {
        Err(unexpected(operation, "MetadataNotAscii"))
    }
}
