use std::fmt;

use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize as _, Zeroizing};

use super::block::{AesBlock, AesKeyLength, BLOCK_BYTES, BlockCipher};
use super::cmac::{Cmac, double, padded};

/// Bytes that the synthetic initialisation vector adds to a text.
pub const SIV_BYTES: usize = 16;

/// Headers that S2V takes at most (RFC 5297 §2.4: 127 strings with the text).
const MAX_HEADERS: usize = 126;

/// Blocks of the key stream that are made at a time.
const STREAM_BLOCKS: usize = 8;

/// The length is not one of RFC 5297.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an AES-SIV key has 32, 48 or 64 bytes")]
pub struct SivKeyLength;

/// The text was not made with this key and these headers, or was changed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text does not open under this key: it was altered, or made with another key")]
pub struct NotAuthentic;

/// AES-SIV-CMAC (RFC 5297): deterministic authenticated encryption. Equal texts under equal headers give equal
/// ciphertexts, and nothing else about a text shows but its length. Key schedules and subkeys are made once.
pub struct SivCipher {
    mac: Cmac,
    stream: BlockCipher,
    /// CMAC of a block of zeros, with which S2V begins.
    begin: u128,
}

/// Headers that many texts share, hashed once under one key.
#[derive(Clone, Copy)]
pub struct SivHeaders(u128);

impl SivCipher {
    /// Takes a key, its first half for the MAC and its second for the encryption.
    ///
    /// # Errors
    /// When it has not 32, 48 or 64 bytes.
    pub fn new(key: &[u8]) -> Result<Self, SivKeyLength> {
        let (mac, stream) = key.split_at(key.len() / 2);
        let made = |AesKeyLength| SivKeyLength;
        Ok(Self::of(BlockCipher::new(mac).map_err(made)?, BlockCipher::new(stream).map_err(made)?))
    }

    /// AES-256-SIV.
    pub fn aes_256(key: &[u8; 64]) -> Self {
        let [mac, stream] = [0, 32].map(|begin| {
            let mut half = Zeroizing::new([0; 32]);
            half.iter_mut().zip(key.iter().skip(begin)).for_each(|(place, byte)| *place = *byte);
            BlockCipher::aes_256(&half)
        });
        Self::of(mac, stream)
    }

    fn of(mac: BlockCipher, stream: BlockCipher) -> Self {
        let mac = Cmac::new(mac);
        let begin = mac.tag(&[0; BLOCK_BYTES]);
        Self { mac, stream, begin }
    }

    /// Hashes one header.
    pub fn header(&self, header: &[u8]) -> SivHeaders {
        SivHeaders(double(self.begin) ^ self.mac.tag(header))
    }

    /// Hashes headers for [`Self::seal_into`].
    ///
    /// # Errors
    /// [`NotAuthentic`] when there are more than 126.
    pub fn headers(&self, headers: &[&[u8]]) -> Result<SivHeaders, NotAuthentic> {
        if headers.len() > MAX_HEADERS {
            return Err(NotAuthentic);
        }
        let hashed = headers.iter().fold(self.begin, |state, header| double(state) ^ self.mac.tag(header));
        Ok(SivHeaders(hashed))
    }

    /// Encrypts: the synthetic IV, then as many bytes as the text has. At most 126 headers are authenticated with it.
    ///
    /// # Errors
    /// [`NotAuthentic`] when there are more headers.
    pub fn seal(&self, headers: &[&[u8]], text: &[u8]) -> Result<Vec<u8>, NotAuthentic> {
        let mut sealed = Vec::with_capacity(SIV_BYTES + text.len());
        self.seal_into(self.headers(headers)?, text, &mut sealed);
        Ok(sealed)
    }

    /// Appends what [`Self::seal`] gives.
    pub fn seal_into(&self, headers: SivHeaders, text: &[u8], out: &mut Vec<u8>) {
        let iv = self.synthetic_iv(headers, text);
        out.extend_from_slice(&iv.to_be_bytes());
        let begin = out.len();
        out.extend_from_slice(text);
        self.apply_stream(iv, out.get_mut(begin..).unwrap_or_default());
    }

    /// Decrypts what [`Self::seal`] gave.
    ///
    /// # Errors
    /// When a bit of the text, the key or a header differs.
    pub fn open(&self, headers: &[&[u8]], sealed: &[u8]) -> Result<Vec<u8>, NotAuthentic> {
        let (iv, body) = sealed.split_first_chunk::<SIV_BYTES>().ok_or(NotAuthentic)?;
        let mut text = body.to_vec();
        self.apply_stream(u128::from_be_bytes(*iv), &mut text);
        let made = self.synthetic_iv(self.headers(headers)?, &text).to_be_bytes();
        if bool::from(made.ct_eq(iv)) {
            Ok(text)
        } else {
            text.zeroize();
            Err(NotAuthentic)
        }
    }

    /// S2V (RFC 5297 §2.4).
    fn synthetic_iv(&self, headers: SivHeaders, text: &[u8]) -> u128 {
        if text.len() >= BLOCK_BYTES {
            self.mac.tag_with_end(text, headers.0)
        } else {
            self.mac.tag(&(double(headers.0) ^ padded(text)).to_be_bytes())
        }
    }

    /// Counter mode, whose counter begins with the IV less two bits (RFC 5297 §2.5).
    fn apply_stream(&self, iv: u128, text: &mut [u8]) {
        const CLEARED: u128 = 1 << 63 | 1 << 31;
        let mut counter = iv & !CLEARED;
        for part in text.chunks_mut(STREAM_BLOCKS * BLOCK_BYTES) {
            let mut stream = [AesBlock::default(); STREAM_BLOCKS];
            let needed = part.len().div_ceil(BLOCK_BYTES);
            for block in stream.iter_mut().take(needed) {
                *block = counter.to_be_bytes().into();
                counter = counter.wrapping_add(1);
            }
            self.stream.encrypt_each(stream.get_mut(..needed).unwrap_or_default());
            for (bytes, block) in part.chunks_mut(BLOCK_BYTES).zip(&stream) {
                bytes.iter_mut().zip(block).for_each(|(byte, key)| *byte ^= key);
            }
        }
    }
}

impl fmt::Debug for SivCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SivCipher([redacted])")
    }
}

impl fmt::Debug for SivHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SivHeaders([redacted])")
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
        let cipher = SivCipher::new(&key).unwrap();
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
        let cipher = SivCipher::new(&[7; 64]).unwrap();
        for length in 0..SIV_BYTES {
            assert_eq!(cipher.open(&[], &vec![0; length]), Err(NotAuthentic));
        }
    }

    /// The other implementation of the same RFC.
    fn peer(key: &[u8], headers: &[&[u8]], text: &[u8]) -> Vec<u8> {
        use aes_siv::KeyInit as _;
        use aes_siv::siv::CmacSiv;
        match key.len() {
            32 => CmacSiv::<aes::Aes128>::new_from_slice(key).unwrap().encrypt(headers, text),
            48 => CmacSiv::<aes::Aes192>::new_from_slice(key).unwrap().encrypt(headers, text),
            _ => CmacSiv::<aes::Aes256>::new_from_slice(key).unwrap().encrypt(headers, text),
        }
        .unwrap()
    }

    #[test]
    fn at_most_126_headers() {
        let cipher = SivCipher::new(&[7; 64]).unwrap();
        assert!(cipher.seal(&vec![&b"h"[..]; 126], b"text").is_ok());
        assert_eq!(cipher.seal(&vec![&b"h"[..]; 127], b"text"), Err(NotAuthentic));
    }

    proptest! {
        #[test]
        fn agrees_with_another_implementation(
            key in prop::sample::select(vec![32usize, 48, 64]),
            seed in any::<u8>(),
            headers in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..4),
            text in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let key: Vec<u8> = (0..key).map(|i| seed.wrapping_add(u8::try_from(i).unwrap())).collect();
            let headers: Vec<&[u8]> = headers.iter().map(Vec::as_slice).collect();
            prop_assert_eq!(SivCipher::new(&key).unwrap().seal(&headers, &text).unwrap(), peer(&key, &headers, &text));
        }

        #[test]
        fn opens_what_it_sealed_and_nothing_else(
            length in prop::sample::select(vec![32usize, 48, 64]),
            seed in any::<u8>(),
            text in prop::collection::vec(any::<u8>(), 0..200),
            flip in any::<prop::sample::Index>(),
        ) {
            let key = vec![seed; length];
            let cipher = SivCipher::new(&key).unwrap();
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
