//! The checksums that S3 keeps, whole and composite.
//!
//! Source: "Checking object integrity in Amazon S3", Amazon S3 User Guide.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use crc_fast::{CrcAlgorithm, checksum};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use sluice_common::digest::{ChecksumAlgorithm, ChecksumType, S3Checksum};

use super::Refusal;

/// The raw value, big-endian.
///
/// # Errors
/// `InvalidRequest` for the algorithms that this fake does not compute.
pub(super) fn raw(algorithm: ChecksumAlgorithm, bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
    // The top half of a 32-bit CRC is zero in this library's u64.
    let crc32 = |kind| checksum(kind, bytes).to_be_bytes().into_iter().skip(4).collect();
    Ok(match algorithm {
        ChecksumAlgorithm::Crc32 => crc32(CrcAlgorithm::Crc32IsoHdlc),
        ChecksumAlgorithm::Crc32c => crc32(CrcAlgorithm::Crc32Iscsi),
        ChecksumAlgorithm::Crc64Nvme => checksum(CrcAlgorithm::Crc64Nvme, bytes).to_be_bytes().to_vec(),
        ChecksumAlgorithm::Sha1 => Sha1::digest(bytes).to_vec(),
        ChecksumAlgorithm::Sha256 => Sha256::digest(bytes).to_vec(),
        _ => return Err(Refusal::INVALID_REQUEST),
    })
}

/// The checksum of bytes that came in one request.
pub(super) fn full(algorithm: ChecksumAlgorithm, bytes: &[u8]) -> Result<S3Checksum, Refusal> {
    let value_base64 = BASE64.encode(raw(algorithm, bytes)?);
    Ok(S3Checksum { algorithm, checksum_type: ChecksumType::FullObject, value_base64 })
}

/// The checksum of concatenated part checksums.
pub(super) fn composite(algorithm: ChecksumAlgorithm, parts: &[bytes::Bytes]) -> Result<S3Checksum, Refusal> {
    let mut values = Vec::new();
    for part in parts {
        values.extend(raw(algorithm, part)?);
    }
    let value_base64 = BASE64.encode(raw(algorithm, &values)?);
    Ok(S3Checksum { algorithm, checksum_type: ChecksumType::Composite, value_base64 })
}

/// The type that a multipart upload gets when it names none, and the refusal of pairs that S3 does not know.
pub(super) fn multipart_type(
    algorithm: ChecksumAlgorithm,
    asked: Option<ChecksumType>,
) -> Result<ChecksumType, Refusal> {
    use ChecksumType::{Composite, FullObject};
    match (algorithm, asked) {
        (ChecksumAlgorithm::Crc64Nvme, None | Some(FullObject)) => Ok(FullObject),
        (ChecksumAlgorithm::Crc32 | ChecksumAlgorithm::Crc32c, asked) => Ok(asked.unwrap_or(Composite)),
        (ChecksumAlgorithm::Sha1 | ChecksumAlgorithm::Sha256, None | Some(Composite)) => Ok(Composite),
        _ => Err(Refusal::INVALID_REQUEST),
    }
}

/// The `ETag` of a whole object, quoted.
pub(super) fn etag(bytes: &[u8]) -> String {
    format!("\"{}\"", hex::encode(Md5::digest(bytes)))
}

/// The `ETag` of a multipart upload, quoted.
pub(super) fn multipart_etag(parts: &[bytes::Bytes]) -> String {
    let digests: Vec<u8> = parts.iter().flat_map(Md5::digest).collect();
    format!("\"{}-{}\"", hex::encode(Md5::digest(digests)), parts.len())
}
