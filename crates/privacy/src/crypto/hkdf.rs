use hkdf::Hkdf;
use sha2::Sha256;

/// The longest output: 255 blocks of the hash (RFC 5869 §2.3).
pub const HKDF_MAX_BYTES: usize = 255 * 32;

/// More output was asked for than RFC 5869 allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("HKDF-SHA-256 gives at most {HKDF_MAX_BYTES} bytes")]
pub struct OutputTooLong;

/// HKDF-SHA-256 (RFC 5869), extract and expand. An empty salt is 32 zero bytes, as the RFC says.
///
/// # Errors
/// When `output` is longer than [`HKDF_MAX_BYTES`].
pub fn hkdf_sha256(salt: &[u8], key_material: &[u8], info: &[u8], output: &mut [u8]) -> Result<(), OutputTooLong> {
    Hkdf::<Sha256>::new(Some(salt), key_material).expand(info, output).map_err(|_too_long| OutputTooLong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_5869_case_1() {
        let salt = hex::decode("000102030405060708090a0b0c").unwrap();
        let info = hex::decode("f0f1f2f3f4f5f6f7f8f9").unwrap();
        let mut okm = [0; 42];
        hkdf_sha256(&salt, &[0x0b; 22], &info, &mut okm).unwrap();
        assert_eq!(
            hex::encode(okm),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
        );
    }

    #[test]
    fn an_empty_salt_is_a_salt_of_zeros() {
        let (mut with, mut without) = ([0; 32], [0; 32]);
        hkdf_sha256(&[0; 32], b"key", b"info", &mut with).unwrap();
        hkdf_sha256(&[], b"key", b"info", &mut without).unwrap();
        assert_eq!(with, without);
    }

    #[test]
    fn the_output_has_an_end() {
        assert_eq!(hkdf_sha256(b"", b"key", b"", &mut vec![0; HKDF_MAX_BYTES]), Ok(()));
        assert_eq!(hkdf_sha256(b"", b"key", b"", &mut vec![0; HKDF_MAX_BYTES + 1]), Err(OutputTooLong));
    }
}
