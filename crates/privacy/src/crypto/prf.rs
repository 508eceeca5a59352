use std::fmt;

use super::block::BlockCipher;
use super::cmac::Cmac;

/// A pseudo-random function: AES-256-CMAC (NIST SP 800-38B, as in SP 800-108's counter mode). For a short input it costs a
/// block of AES, a tenth of HMAC-SHA-256.
pub struct Prf(Cmac);

impl Prf {
    /// Takes a key.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(Cmac::new(BlockCipher::aes_256(key)))
    }

    /// 128 bits that nobody can tell from random ones without the key; the same for the same input.
    pub fn number(&self, input: &[u8]) -> u128 {
        self.0.tag(input)
    }

    /// Appends [`Self::number`] of each input, which is cheaper than one by one.
    pub fn numbers<'i>(&self, inputs: impl Iterator<Item = &'i [u8]>, numbers: &mut Vec<u128>) {
        self.0.tags(inputs, numbers);
    }
}

impl fmt::Debug for Prf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prf([redacted])")
    }
}
