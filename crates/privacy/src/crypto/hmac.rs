use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// The block of SHA-256, to which a key is padded (RFC 2104 §2).
const BLOCK_BYTES: usize = 64;

/// A key that is ready for use: both pads are hashed once, so that a short message costs two compressions. The state is
/// wiped when dropped.
#[derive(Clone)]
pub struct HmacKey(Hmac<Sha256>);

impl HmacKey {
    /// Takes a key of any length (RFC 2104 §3).
    pub fn new(key: &[u8]) -> Self {
        let mut block = Zeroizing::new([0; BLOCK_BYTES]);
        match block.get_mut(..key.len()) {
            Some(start) => start.copy_from_slice(key),
            // Longer keys are hashed first.
            None => block.iter_mut().zip(Sha256::digest(key)).for_each(|(byte, digest)| *byte = digest),
        }
        Self(Hmac::new((&*block).into()))
    }

    /// HMAC-SHA-256 of a message.
    pub fn tag(&self, message: &[u8]) -> [u8; 32] {
        let mut mac = self.0.clone();
        mac.update(message);
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for HmacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HmacKey([redacted])")
    }
}

/// HMAC-SHA-256 (RFC 2104, FIPS 198-1).
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    HmacKey::new(key).tag(message)
}

/// Whether a tag belongs to a message, in constant time. A truncated tag is not accepted.
pub fn verify_hmac_sha256(key: &[u8], message: &[u8], tag: &[u8]) -> bool {
    hmac_sha256(key, message).ct_eq(tag).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_4231_cases() {
        let cases: [(&[u8], &[u8], &str); 3] = [
            (&[0x0b; 20], b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ];
        for (key, message, tag) in cases {
            assert_eq!(hex::encode(hmac_sha256(key, message)), tag);
        }
    }

    #[test]
    fn a_changed_or_shortened_tag_is_refused() {
        let tag = hmac_sha256(b"key", b"message");
        assert!(verify_hmac_sha256(b"key", b"message", &tag));
        for bit in 0..256 {
            let mut changed = tag;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!verify_hmac_sha256(b"key", b"message", &changed), "bit {bit}");
        }
        assert!(!verify_hmac_sha256(b"key", b"message", &tag[..31]));
    }

    #[test]
    fn an_empty_key_is_a_key() {
        assert_ne!(hmac_sha256(b"", b"message"), hmac_sha256(b"k", b"message"));
        assert_eq!(hmac_sha256(b"", b"message"), hmac_sha256(&[0; 64], b"message"));
    }
}
