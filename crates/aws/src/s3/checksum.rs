//! The checksums that S3 shows beside an object.

use aws_sdk_s3::types::ChecksumType as SdkChecksumType;
use sluice_common::digest::{ChecksumAlgorithm, ChecksumType, S3Checksum};

/// A checksum in S3's text form. Composite values end in `-` and the number of parts, except in `GetObjectAttributes`;
/// only without a type, as from objects older than the field, does that suffix decide.
pub(super) fn checksum(
    algorithm: ChecksumAlgorithm,
    value: &str,
    checksum_type: Option<&SdkChecksumType>,
) -> S3Checksum {
    let (value_base64, suffix) = match value.split_once('-') {
        Some((value, suffix)) => (value, Some(suffix)),
        None => (value, None),
    };
    let checksum_type = match checksum_type {
        Some(SdkChecksumType::Composite) => ChecksumType::Composite,
        Some(SdkChecksumType::FullObject) => ChecksumType::FullObject,
        _ if suffix.is_some() => ChecksumType::Composite,
        _ => ChecksumType::FullObject,
    };
    S3Checksum { algorithm, checksum_type, value_base64: value_base64.to_owned() }
}

/// Every checksum of an answer that has S3's ten checksum fields.
macro_rules! checksums {
    ($answer:expr, $checksum_type:expr) => {{
        use sluice_common::digest::ChecksumAlgorithm;
        let answer = $answer;
        [
            (ChecksumAlgorithm::Crc32, answer.checksum_crc32()),
            (ChecksumAlgorithm::Crc32c, answer.checksum_crc32_c()),
            (ChecksumAlgorithm::Crc64Nvme, answer.checksum_crc64_nvme()),
            (ChecksumAlgorithm::Sha1, answer.checksum_sha1()),
            (ChecksumAlgorithm::Sha256, answer.checksum_sha256()),
            (ChecksumAlgorithm::Sha512, answer.checksum_sha512()),
            (ChecksumAlgorithm::Md5, answer.checksum_md5()),
            (ChecksumAlgorithm::XxHash64, answer.checksum_xxhash64()),
            (ChecksumAlgorithm::XxHash3, answer.checksum_xxhash3()),
            (ChecksumAlgorithm::XxHash128, answer.checksum_xxhash128()),
        ]
        .into_iter()
        .filter_map(|(algorithm, value)| {
            value.map(|value| crate::s3::checksum::checksum(algorithm, value, $checksum_type))
        })
    }};
}
pub(super) use checksums;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_decides_and_the_suffix_goes() {
        let of = |value, checksum_type: Option<&SdkChecksumType>| {
            let checksum = checksum(ChecksumAlgorithm::Crc32, value, checksum_type);
            (checksum.value_base64, checksum.checksum_type)
        };
        let value = || "5FRUiw==".to_owned();
        assert_eq!(of("5FRUiw==-3", Some(&SdkChecksumType::Composite)), (value(), ChecksumType::Composite));
        assert_eq!(of("5FRUiw==", Some(&SdkChecksumType::Composite)), (value(), ChecksumType::Composite));
        assert_eq!(of("5FRUiw==", Some(&SdkChecksumType::FullObject)), (value(), ChecksumType::FullObject));
        assert_eq!(of("5FRUiw==-3", None), (value(), ChecksumType::Composite));
        assert_eq!(of("5FRUiw==", None), (value(), ChecksumType::FullObject));
    }
}
