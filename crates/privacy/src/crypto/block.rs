use aes::cipher::{Block, BlockCipherEncrypt, KeyInit as _};
use aes::{Aes128Enc, Aes192Enc, Aes256Enc};

/// Bytes of a block.
pub(super) const BLOCK_BYTES: usize = 16;

/// The length is not one of FIPS 197.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an AES key has 16, 24 or 32 bytes")]
pub struct AesKeyLength;

/// AES in the forward direction, which is all that FF1, CMAC and counter mode need, with its schedule made once. Blocks
/// are numbers, most significant byte first. The schedule is wiped when dropped.
#[derive(Clone)]
pub(super) enum BlockCipher {
    Aes128(Aes128Enc),
    Aes192(Aes192Enc),
    Aes256(Aes256Enc),
}

impl BlockCipher {
    pub(super) fn new(key: &[u8]) -> Result<Self, AesKeyLength> {
        match key.len() {
            16 => Aes128Enc::new_from_slice(key).map(Self::Aes128),
            24 => Aes192Enc::new_from_slice(key).map(Self::Aes192),
            _ => Aes256Enc::new_from_slice(key).map(Self::Aes256),
        }
        .map_err(|_length| AesKeyLength)
    }

    pub(super) fn aes_256(key: &[u8; 32]) -> Self {
        Self::Aes256(Aes256Enc::new(key.into()))
    }

    /// Encrypts one block.
    pub(super) fn encrypt(&self, block: u128) -> u128 {
        let mut block = Block::<Aes256Enc>::from(block.to_be_bytes());
        match self {
            Self::Aes128(cipher) => cipher.encrypt_block(&mut block),
            Self::Aes192(cipher) => cipher.encrypt_block(&mut block),
            Self::Aes256(cipher) => cipher.encrypt_block(&mut block),
        }
        u128::from_be_bytes(block.into())
    }

    /// Encrypts blocks that do not depend on one another, which the processor does at the same time.
    pub(super) fn encrypt_each(&self, blocks: &mut [Block<Aes256Enc>]) {
        match self {
            Self::Aes128(cipher) => cipher.encrypt_blocks(blocks),
            Self::Aes192(cipher) => cipher.encrypt_blocks(blocks),
            Self::Aes256(cipher) => cipher.encrypt_blocks(blocks),
        }
    }
}

/// A block as the cipher takes it.
pub(super) type AesBlock = Block<Aes256Enc>;
