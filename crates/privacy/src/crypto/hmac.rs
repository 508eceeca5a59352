use std::fmt;

use sha2::block_api::compress256;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// The block of SHA-256, to which a key is padded (RFC 2104 §2).
const BLOCK_BYTES: usize = 64;
/// Where the length of a message stands in its last block (FIPS 180-4 §5.1.1).
const LENGTH_AT: usize = 56;
/// The state that SHA-256 begins with (FIPS 180-4 §5.3.3).
const INITIAL: State =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

type State = [u32; 8];
type Block = [u8; BLOCK_BYTES];

/// A key that is ready for use: both pads are hashed once, so that a short message costs two compressions and little else.
/// The states are wiped when dropped.
#[derive(Clone)]
pub struct HmacKey {
    inner: Zeroizing<State>,
    outer: Zeroizing<State>,
}

/// Messages on their way to their tags. Wiped when dropped.
///
/// First all last blocks are written, then all are hashed, and so with the outer hash: neighbours do not depend on one
/// another, and no block is read while its bytes are still being stored, so that the processor works on two at a time.
pub struct HmacBatch {
    states: Zeroizing<Vec<State>>,
    /// The block that each state takes next.
    blocks: Zeroizing<Vec<Block>>,
}

impl HmacBatch {
    /// Room for so many messages.
    pub fn with_capacity(messages: usize) -> Self {
        Self {
            states: Zeroizing::new(Vec::with_capacity(messages)),
            blocks: Zeroizing::new(Vec::with_capacity(messages)),
        }
    }

    fn hash(&mut self) {
        for (state, block) in self.states.iter_mut().zip(self.blocks.iter()) {
            compress256(state, std::slice::from_ref(block));
        }
    }
}

impl HmacKey {
    /// Takes a key of any length (RFC 2104 §3).
    pub fn new(key: &[u8]) -> Self {
        let mut block = Zeroizing::new([0; BLOCK_BYTES]);
        match block.get_mut(..key.len()) {
            Some(start) => start.copy_from_slice(key),
            // Longer keys are hashed first.
            None => block.iter_mut().zip(Sha256::digest(key)).for_each(|(byte, digest)| *byte = digest),
        }
        let padded_with = |pad: u8| {
            let mut state = Zeroizing::new(INITIAL);
            compress256(&mut state, std::slice::from_ref(&*Zeroizing::new(block.map(|byte| byte ^ pad))));
            state
        };
        Self { inner: padded_with(0x36), outer: padded_with(0x5c) }
    }

    /// HMAC-SHA-256 of a message.
    pub fn tag(&self, message: &[u8]) -> [u8; 32] {
        let mut batch = HmacBatch::with_capacity(1);
        self.add(message, &mut batch);
        self.tags(&mut batch).next().unwrap_or_default()
    }

    /// Puts a message into a batch.
    pub fn add(&self, message: &[u8], batch: &mut HmacBatch) {
        let mut state = *self.inner;
        let (whole, rest) = message.as_chunks::<BLOCK_BYTES>();
        if !whole.is_empty() {
            compress256(&mut state, whole);
        }
        batch.blocks.push([0; BLOCK_BYTES]);
        if let Some(block) = batch.blocks.last_mut() {
            end(rest, block);
            if rest.len() >= LENGTH_AT {
                compress256(&mut state, std::slice::from_ref(block));
                block.fill(0);
            }
            set_length(message.len(), block);
        }
        batch.states.push(state);
    }

    /// The tags of the messages of a batch, in their order. It is empty afterwards.
    pub fn tags<'b>(&self, batch: &'b mut HmacBatch) -> impl Iterator<Item = [u8; 32]> + use<'b> {
        batch.hash();
        for (state, block) in batch.states.iter_mut().zip(batch.blocks.iter_mut()) {
            let digest = bytes_of(*state);
            block.fill(0);
            end(&digest, block);
            set_length(digest.len(), block);
            *state = *self.outer;
        }
        batch.hash();
        batch.blocks.clear();
        batch.states.drain(..).map(bytes_of)
    }
}

/// Writes the last bytes of a message and the bit that ends it into a block of zeros (FIPS 180-4 §5.1.1).
fn end(rest: &[u8], block: &mut Block) {
    if let Some(start) = block.get_mut(..rest.len()) {
        start.copy_from_slice(rest);
    }
    if let Some(mark) = block.get_mut(rest.len()) {
        *mark = 0x80;
    }
}

/// Writes the length of the padded key and the message, in bits, into the last block.
fn set_length(message_bytes: usize, block: &mut Block) {
    if let Some(length) = block.last_chunk_mut() {
        *length = ((BLOCK_BYTES + message_bytes) as u64 * 8).to_be_bytes();
    }
}

fn bytes_of(state: State) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.as_chunks_mut().0.iter_mut().zip(state).for_each(|(place, word)| *place = word.to_be_bytes());
    bytes
}

impl fmt::Debug for HmacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HmacKey([redacted])")
    }
}

impl fmt::Debug for HmacBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HmacBatch([redacted])")
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
    use hmac::{Hmac, KeyInit as _, Mac as _};
    use proptest::prelude::*;

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

    /// The other implementation of the same RFC.
    fn peer(key: &[u8], message: &[u8]) -> [u8; 32] {
        Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(message).finalize().into_bytes().into()
    }

    #[test]
    fn each_length_of_padding_is_as_another_implementation_has_it() {
        let message: Vec<u8> = (0..=255).collect();
        for length in 0..=256 {
            assert_eq!(hmac_sha256(b"key", &message[..length]), peer(b"key", &message[..length]), "{length}");
        }
    }

    proptest! {
        #[test]
        fn a_batch_gives_each_message_its_tag(
            key in prop::collection::vec(any::<u8>(), 0..150),
            messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..20),
        ) {
            let keyed = HmacKey::new(&key);
            let mut batch = HmacBatch::with_capacity(4);
            for message in &messages {
                keyed.add(message, &mut batch);
            }
            let tags: Vec<_> = keyed.tags(&mut batch).collect();
            prop_assert_eq!(tags, messages.iter().map(|message| peer(&key, message)).collect::<Vec<_>>());
            prop_assert_eq!(keyed.tags(&mut batch).count(), 0);
        }
    }
}
