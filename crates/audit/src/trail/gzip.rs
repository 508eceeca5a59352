//! Exactly one gzip member, whole, and nothing after it.
//!
//! Readers that go on after the first member see records that the digest's hash does not cover; a lost trailer means that
//! nobody checked the CRC. Both are refused here.

use std::io::{self, BufRead, Read as _};

use flate2::bufread::GzDecoder;
use sha2::{Digest as _, Sha256};
use sluice_common::Sha256Digest;

/// Why bytes are not one gzip member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GzipError {
    /// Not gzip, cut off, or its CRC or length does not fit.
    #[error("not one whole gzip member: the stream is broken, cut off, or its check value does not fit")]
    Broken,
    /// Something follows the member.
    #[error("unexpected data after the end of the compressed stream")]
    TrailingData,
    /// More than the caller allows.
    #[error("inflates to more than {limit_bytes} bytes")]
    TooLarge {
        /// The caller's limit.
        limit_bytes: u64,
    },
}

/// What came out of a gzip member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inflated {
    /// SHA-256 of the inflated bytes.
    pub sha256: Sha256Digest,
    /// Their number.
    pub size_bytes: u64,
    /// Whether something follows the member.
    pub has_trailing_data: bool,
}

/// Inflates a small file.
///
/// # Errors
/// When it is not one whole member, something follows it, or it is larger than the limit.
pub fn inflate(body: &[u8], limit_bytes: u64) -> Result<Vec<u8>, GzipError> {
    let mut bytes = Vec::new();
    let inflated = each_chunk(body, limit_bytes, |chunk| bytes.extend_from_slice(chunk))?;
    if inflated.has_trailing_data { Err(GzipError::TrailingData) } else { Ok(bytes) }
}

/// Hashes what a file holds, without holding it.
///
/// # Errors
/// When it is not one whole member or is larger than the limit. What follows it is told in the answer, because its
/// hash may match all the same.
pub fn hash_log(body: &[u8], limit_bytes: u64) -> Result<Inflated, GzipError> {
    each_chunk(body, limit_bytes, |_chunk| {})
}

fn each_chunk(body: &[u8], limit_bytes: u64, mut take: impl FnMut(&[u8])) -> Result<Inflated, GzipError> {
    let mut decoder = GzDecoder::new(body);
    let mut hasher = Sha256::new();
    let mut size_bytes: u64 = 0;
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let length = match decoder.read(&mut chunk) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_broken) => return Err(GzipError::Broken),
        };
        size_bytes = size_bytes.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
        if size_bytes > limit_bytes {
            return Err(GzipError::TooLarge { limit_bytes });
        }
        let read = chunk.get(..length).unwrap_or_default();
        hasher.update(read);
        take(read);
    }
    let has_trailing_data = !decoder.into_inner().fill_buf().is_ok_and(<[u8]>::is_empty);
    Ok(Inflated { sha256: Sha256Digest::from_bytes(hasher.finalize().into()), size_bytes, has_trailing_data })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn only_one_whole_member_is_taken() {
        let whole = gzip(b"{}");
        assert_eq!(inflate(&whole, 100), Ok(b"{}".to_vec()));
        let two = [whole.clone(), whole.clone()].concat();
        assert_eq!(inflate(&two, 100), Err(GzipError::TrailingData));
        assert!(hash_log(&two, 100).unwrap().has_trailing_data);
        assert_eq!(hash_log(&two, 100).unwrap().sha256, Sha256Digest::of(b"{}"));
        let mut zero = whole.clone();
        zero.push(0);
        assert_eq!(inflate(&zero, 100), Err(GzipError::TrailingData));
        assert_eq!(inflate(&gzip(&[7; 101]), 100), Err(GzipError::TooLarge { limit_bytes: 100 }));
        assert_eq!(inflate(b"", 100), Err(GzipError::Broken));
        assert_eq!(inflate(b"{}", 100), Err(GzipError::Broken));
    }

    proptest! {
        #[test]
        fn a_cut_or_changed_member_is_never_taken_for_another_text(text in prop::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>(), bit in 0..8u8) {
            let whole = gzip(&text);
            let cut = at.index(whole.len());
            prop_assert_eq!(inflate(whole.get(..cut).unwrap(), 1000), Err(GzipError::Broken));
            let mut changed = whole.clone();
            changed[cut] ^= 1 << bit;
            if let Ok(read) = inflate(&changed, 1000) {
                prop_assert_eq!(read, text, "a flipped header bit may go unseen, another text may not");
            }
        }
    }
}
