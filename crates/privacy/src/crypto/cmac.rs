use zeroize::Zeroize as _;

use super::block::{AesBlock, BLOCK_BYTES, BlockCipher};

/// Messages whose last blocks are encrypted together.
const SIDE_BY_SIDE: usize = 64;

/// AES-CMAC, NIST SP 800-38B, with both subkeys made once.
pub(super) struct Cmac {
    cipher: BlockCipher,
    whole: u128,
    padded: u128,
}

impl Cmac {
    pub(super) fn new(cipher: BlockCipher) -> Self {
        let whole = double(cipher.encrypt(0));
        Self { cipher, whole, padded: double(whole) }
    }

    /// The MAC of a message.
    pub(super) fn tag(&self, message: &[u8]) -> u128 {
        self.tag_with_end(message, 0)
    }

    /// The MACs of messages, appended in their order. The last blocks, which are all that short messages have, are encrypted
    /// side by side.
    pub(super) fn tags<'m>(&self, messages: impl Iterator<Item = &'m [u8]>, tags: &mut Vec<u128>) {
        let mut messages = messages.peekable();
        while messages.peek().is_some() {
            let mut blocks = [AesBlock::default(); SIDE_BY_SIDE];
            let mut used = 0;
            for (block, message) in blocks.iter_mut().zip(messages.by_ref().take(SIDE_BY_SIDE)) {
                *block = self.last_block(message, 0).to_be_bytes().into();
                used += 1;
            }
            let blocks = blocks.get_mut(..used).unwrap_or_default();
            self.cipher.encrypt_each(blocks);
            tags.extend(blocks.iter().map(|block| u128::from_be_bytes((*block).into())));
        }
    }

    /// The MAC of a message with a number xored over its last 16 bytes, of which it has as many at least, or with zero.
    pub(super) fn tag_with_end(&self, message: &[u8], end: u128) -> u128 {
        self.cipher.encrypt(self.last_block(message, end))
    }

    /// What the cipher is given last.
    fn last_block(&self, message: &[u8], end: u128) -> u128 {
        let last_bytes = match message.len() % BLOCK_BYTES {
            0 => message.len().min(BLOCK_BYTES),
            rest => rest,
        };
        let (before, last) = message.split_at(message.len() - last_bytes);
        let (blocks, _none) = before.as_chunks::<BLOCK_BYTES>();
        // The number lies over the end of the last whole block and over the last one.
        let over_last = shifted_left(end, BLOCK_BYTES - last_bytes);
        let over_before = shifted_right(end, last_bytes);
        let mut state = 0;
        let mut blocks = blocks.iter().peekable();
        while let Some(block) = blocks.next() {
            let over = if blocks.peek().is_none() { over_before } else { 0 };
            state = self.cipher.encrypt(state ^ u128::from_be_bytes(*block) ^ over);
        }
        let subkey = if last_bytes == BLOCK_BYTES { self.whole } else { self.padded };
        state ^ padded(last) ^ over_last ^ subkey
    }
}

impl Drop for Cmac {
    fn drop(&mut self) {
        self.whole.zeroize();
        self.padded.zeroize();
    }
}

/// Doubling in GF(2¹²⁸) (SP 800-38B §6.1, RFC 5297 §2.3).
pub(super) fn double(number: u128) -> u128 {
    number << 1 ^ if number >> 127 == 1 { 0x87 } else { 0 }
}

/// Up to 16 bytes as a block; fewer are followed by a one bit and zeros.
///
/// Put together from words that overlap: a block that is written byte by byte cannot be read before all of it is stored.
pub(super) fn padded(bytes: &[u8]) -> u128 {
    let missing_bits = 8 * u32::try_from(BLOCK_BYTES.saturating_sub(bytes.len())).unwrap_or_default();
    let mark = 0x80u128.checked_shl(missing_bits.wrapping_sub(8)).unwrap_or(0);
    let number = match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>(), bytes.first_chunk(), bytes.last_chunk()) {
        (Some(first), Some(last), ..) => {
            u128::from(u64::from_be_bytes(*first)) << 64 | u128::from(u64::from_be_bytes(*last)) << missing_bits
        }
        (_, _, Some(first), Some(last)) => {
            u128::from(u32::from_be_bytes(*first)) << 96 | u128::from(u32::from_be_bytes(*last)) << missing_bits
        }
        _ => bytes.iter().rev().fold(0, |number, byte| number >> 8 | u128::from(*byte) << 120),
    };
    number | mark
}

fn shifted_left(number: u128, bytes: usize) -> u128 {
    u32::try_from(bytes * 8).ok().and_then(|bits| number.checked_shl(bits)).unwrap_or(0)
}

fn shifted_right(number: u128, bytes: usize) -> u128 {
    u32::try_from(bytes * 8).ok().and_then(|bits| number.checked_shr(bits)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SP 800-38B, appendix D.1, and RFC 4493 §4.
    #[test]
    fn examples_of_the_standard() {
        let mac = Cmac::new(BlockCipher::new(&hex::decode("2b7e151628aed2a6abf7158809cf4f3c").unwrap()).unwrap());
        let message = hex::decode(concat!(
            "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51",
            "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
        ))
        .unwrap();
        for (length, tag) in [
            (0, "bb1d6929e95937287fa37d129b756746"),
            (16, "070a16b46b4d4144f79bdd9dd04a287c"),
            (40, "dfa66747de9ae63030ca32611497c827"),
            (64, "51f0bebf7e3b9d92fc49741779363cfe"),
        ] {
            assert_eq!(format!("{:032x}", mac.tag(&message[..length])), tag, "{length}");
        }
    }

    #[test]
    fn each_length_is_padded() {
        let bytes: Vec<u8> = (1..=16).collect();
        for length in 0..=16 {
            let mut block = [0; 16];
            block[..length].copy_from_slice(&bytes[..length]);
            if length < 16 {
                block[length] = 0x80;
            }
            assert_eq!(padded(&bytes[..length]), u128::from_be_bytes(block), "{length}");
        }
    }

    #[test]
    fn side_by_side_is_one_by_one() {
        let mac = Cmac::new(BlockCipher::aes_256(&[7; 32]));
        let text: Vec<u8> = (0..200).collect();
        for count in [0, 1, 63, 64, 65, 150] {
            let messages = || (0..count).map(|length| &text[..length]);
            let mut tags = Vec::new();
            mac.tags(messages(), &mut tags);
            assert_eq!(tags, messages().map(|message| mac.tag(message)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_number_over_the_end_is_xored() {
        let mac = Cmac::new(BlockCipher::aes_256(&[7; 32]));
        let end = 0x0123_4567_89ab_cdef_fedc_ba98_7654_3210u128;
        for length in 16..=64 {
            let message = vec![0x5a; length];
            let mut xored = message.clone();
            xored[length - 16..].iter_mut().zip(end.to_be_bytes()).for_each(|(byte, over)| *byte ^= over);
            assert_eq!(mac.tag_with_end(&message, end), mac.tag(&xored), "{length}");
        }
    }
}
