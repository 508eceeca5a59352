use std::fmt;

use aes::{Aes128, Aes192, Aes256};
use aes_siv::KeyInit as _;
use aes_siv::siv::CmacSiv;

/// Bytes that the synthetic initialisation vector adds to a text.
pub const SIV_BYTES: usize = 16;

/// The length is not one of RFC 5297.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an AES-SIV key has 32, 48 or 64 bytes")]
pub struct SivKeyLength;

/// The text was not made with this key and these headers, or was changed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text does not open under this key: it was altered, or made with another key")]
pub struct NotAuthentic;

/// AES-SIV-CMAC (RFC 5297): deterministic authenticated encryption. Equal texts under equal headers give equal
/// ciphertexts, and nothing else about a text shows but its length.
pub struct SivCipher(Inner);

enum Inner {
    Aes128(Box<CmacSiv<Aes128>>),
    Aes192(Box<CmacSiv<Aes192>>),
    Aes256(Box<CmacSiv<Aes256>>),
}

impl SivCipher {
    /// Takes a key, its first half for the MAC and its second for the encryption.
    ///
    /// # Errors
    /// When it has not 32, 48 or 64 bytes.
    pub fn new(key: &[u8]) -> Result<Self, SivKeyLength> {
        let inner = match key.len() {
            32 => CmacSiv::<Aes128>::new_from_slice(key).map(|cipher| Inner::Aes128(Box::new(cipher))),
            48 => CmacSiv::<Aes192>::new_from_slice(key).map(|cipher| Inner::Aes192(Box::new(cipher))),
            _ => CmacSiv::<Aes256>::new_from_slice(key).map(|cipher| Inner::Aes256(Box::new(cipher))),
        };
        inner.map(Self).map_err(|_length| SivKeyLength)
    }

    /// Encrypts: the synthetic IV, then as many bytes as the text has. At most 126 headers are authenticated with it.
    ///
    /// # Errors
    /// [`NotAuthentic`] when there are more headers.
    pub fn seal(&mut self, headers: &[&[u8]], text: &[u8]) -> Result<Vec<u8>, NotAuthentic> {
        match &mut self.0 {
            Inner::Aes128(cipher) => cipher.encrypt(headers, text),
            Inner::Aes192(cipher) => cipher.encrypt(headers, text),
            Inner::Aes256(cipher) => cipher.encrypt(headers, text),
        }
        .map_err(|_headers| NotAuthentic)
    }

    /// Decrypts what [`Self::seal`] gave.
    ///
    /// # Errors
    /// When a bit of the text, the key or a header differs.
    pub fn open(&mut self, headers: &[&[u8]], sealed: &[u8]) -> Result<Vec<u8>, NotAuthentic> {
        match &mut self.0 {
            Inner::Aes128(cipher) => cipher.decrypt(headers, sealed),
            Inner::Aes192(cipher) => cipher.decrypt(headers, sealed),
            Inner::Aes256(cipher) => cipher.decrypt(headers, sealed),
        }
        .map_err(|_altered| NotAuthentic)
    }
}

impl fmt::Debug for SivCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SivCipher([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rfc_5297_appendix_a1() {
        let key = hex::decode("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff").unwrap();
        let header = hex::decode("101112131415161718191a1b1c1d1e1f2021222324252627").unwrap();
        let text = hex::decode("112233445566778899aabbccddee").unwrap();
        let mut cipher = SivCipher::new(&key).unwrap();
        let sealed = cipher.seal(&[&header], &text).unwrap();
        assert_eq!(hex::encode(&sealed), "85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c");
        assert_eq!(cipher.open(&[&header], &sealed).unwrap(), text);
    }

    #[test]
    fn other_key_lengths_are_refused() {
        for length in [0, 16, 31, 33, 63, 65, 128] {
            assert_eq!(SivCipher::new(&vec![0; length]).err(), Some(SivKeyLength), "{length}");
        }
    }

    #[test]
    fn too_short_to_hold_an_iv() {
        let mut cipher = SivCipher::new(&[7; 64]).unwrap();
        for length in 0..SIV_BYTES {
            assert_eq!(cipher.open(&[], &vec![0; length]), Err(NotAuthentic));
        }
    }

    proptest! {
        #[test]
        fn opens_what_it_sealed_and_nothing_else(
            length in prop::sample::select(vec![32usize, 48, 64]),
            seed in any::<u8>(),
            text in prop::collection::vec(any::<u8>(), 0..200),
            flip in any::<prop::sample::Index>(),
        ) {
            let key = vec![seed; length];
            let mut cipher = SivCipher::new(&key).unwrap();
            let sealed = cipher.seal(&[b"header"], &text).unwrap();
            prop_assert_eq!(sealed.len(), text.len() + SIV_BYTES);
            prop_assert_eq!(&cipher.seal(&[b"header"], &text).unwrap(), &sealed);
            prop_assert_eq!(cipher.open(&[b"header"], &sealed), Ok(text));
            prop_assert_eq!(cipher.open(&[b"Header"], &sealed), Err(NotAuthentic));
            let mut altered = sealed.clone();
            let bit = flip.index(sealed.len() * 8);
            altered[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(cipher.open(&[b"header"], &altered), Err(NotAuthentic));
        }
    }
}
