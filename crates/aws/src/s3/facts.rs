//! What `HeadObject` and `GetObject` say of a version, in the same headers.

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use sluice_common::port::{Encryption, ObjectFacts, StoreError};

use super::checksum::checksums;
use super::unexpected;
use crate::time::timestamp;

macro_rules! facts {
    ($answer:expr, $operation:expr) => {{
        let answer = $answer;
        let missing = || unexpected($operation, "IncompleteAnswer");
        let length = answer.content_length().ok_or_else(missing)?;
        Ok(ObjectFacts {
            size_bytes: u64::try_from(length).map_err(|_negative| missing())?,
            etag: answer.e_tag().unwrap_or_default().to_owned(),
            last_modified: answer.last_modified().and_then(timestamp).ok_or_else(missing)?,
            checksums: checksums!(answer, answer.checksum_type()).collect(),
            encryption: answer.server_side_encryption().map(|algorithm| Encryption {
                algorithm: algorithm.as_str().to_owned(),
                kms_key_arn: answer.ssekms_key_id().map(str::to_owned),
                bucket_key: answer.bucket_key_enabled().unwrap_or(false),
            }),
            metadata: answer.metadata().map(|pairs| pairs.clone().into_iter().collect()).unwrap_or_default(),
        })
    }};
}

pub(super) fn of_head(answer: &HeadObjectOutput) -> Result<ObjectFacts, StoreError> {
    facts!(answer, "HeadObject")
}

pub(super) fn of_get(answer: &GetObjectOutput) -> Result<ObjectFacts, StoreError> {
    facts!(answer, "GetObject")
}
