//! What was measured, as bytes that are kept.
//!
//! Layout: four bytes that tell the kind, the version as one byte, the XXH3-64 of what follows (8 bytes, little-endian), and a
//! Zstandard frame around the value in postcard's encoding. The checksum tells damage, not tampering. Reading is safe for
//! hostile bytes: sizes are bounded before memory is taken.

use std::io::Read as _;

use serde::Serialize;
use serde::de::DeserializeOwned;
use xxhash_rust::xxh3::xxh3_64;

/// Bytes before the frame.
pub const HEADER_BYTES: usize = 13;
const LEVEL: i32 = 3;

/// A kind of value that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packing {
    /// What its bytes start with.
    pub magic: [u8; 4],
    /// The only version that is written and read.
    pub version: u8,
    /// The largest value, in postcard's encoding.
    pub most_bytes: u64,
}

/// Why a value cannot be packed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// It is too large.
    #[error("it is larger than {most_bytes} bytes")]
    TooLarge {
        /// The largest.
        most_bytes: u64,
    },
    /// It cannot be encoded or compressed.
    #[error("{problem}")]
    Write {
        /// What was said.
        problem: String,
    },
}

/// Why bytes are no such value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnpackError {
    /// They are of another kind.
    #[error("its first bytes are those of something else")]
    Magic,
    /// They are of another version.
    #[error("it has version {found}, which this release does not read")]
    Version {
        /// The version found.
        found: u8,
    },
    /// They are damaged.
    #[error("it is damaged: {problem}")]
    Damaged {
        /// What does not fit.
        problem: &'static str,
    },
}

impl Packing {
    /// Packs a value.
    ///
    /// # Errors
    /// As [`PackError`].
    pub fn pack(&self, value: &impl Serialize) -> Result<Vec<u8>, PackError> {
        let failed = |problem: String| PackError::Write { problem };
        let plain = postcard::to_allocvec(value).map_err(|error| failed(error.to_string()))?;
        if self.is_too_large(&plain) {
            return Err(PackError::TooLarge { most_bytes: self.most_bytes });
        }
        let frame = zstd::bulk::compress(&plain, LEVEL).map_err(|error| failed(error.to_string()))?;
        let mut bytes = Vec::with_capacity(HEADER_BYTES.saturating_add(frame.len()));
        bytes.extend_from_slice(&self.magic);
        bytes.push(self.version);
        bytes.extend_from_slice(&xxh3_64(&frame).to_le_bytes());
        bytes.extend_from_slice(&frame);
        Ok(bytes)
    }

    /// Reads a value.
    ///
    /// # Errors
    /// As [`UnpackError`].
    pub fn unpack<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, UnpackError> {
        let (header, frame) = bytes.split_at_checked(HEADER_BYTES).ok_or(UnpackError::Magic)?;
        let (magic, header) = header.split_first_chunk().ok_or(UnpackError::Magic)?;
        if *magic != self.magic {
            return Err(UnpackError::Magic);
        }
        let (version, checksum) = header.split_first().ok_or(UnpackError::Magic)?;
        if *version != self.version {
            return Err(UnpackError::Version { found: *version });
        }
        if checksum != xxh3_64(frame).to_le_bytes() {
            return Err(UnpackError::Damaged { problem: "its checksum does not fit" });
        }
        self.unpack_frame(frame)
    }

    /// Reads a value behind a header that was looked at.
    ///
    /// # Errors
    /// [`UnpackError::Damaged`].
    pub fn unpack_frame<T: DeserializeOwned>(&self, frame: &[u8]) -> Result<T, UnpackError> {
        let damaged = |problem| UnpackError::Damaged { problem };
        let inflating = zstd::stream::read::Decoder::with_buffer(frame).or(Err(damaged("it is not compressed")))?;
        let mut inflated = Vec::new();
        let read = inflating.take(self.most_bytes.saturating_add(1)).read_to_end(&mut inflated);
        if read.is_err() || self.is_too_large(&inflated) {
            return Err(damaged("it cannot be inflated"));
        }
        let (value, rest) = postcard::take_from_bytes(&inflated).or(Err(damaged("it is not encoded as one")))?;
        if rest.is_empty() { Ok(value) } else { Err(damaged("it holds more than one")) }
    }

    fn is_too_large(&self, plain: &[u8]) -> bool {
        u64::try_from(plain.len()).map_or(true, |bytes| bytes > self.most_bytes)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PACKING: Packing = Packing { magic: *b"TEST", version: 3, most_bytes: 1 << 16 };

    #[test]
    fn the_layout_is_pinned() {
        let bytes = PACKING.pack(&(7_u8, "seven")).unwrap();
        assert_eq!(bytes.get(..5), Some(b"TEST\x03".as_slice()));
        assert_eq!(bytes[5..HEADER_BYTES], xxh3_64(&bytes[HEADER_BYTES..]).to_le_bytes());
        assert_eq!(zstd::bulk::decompress(&bytes[HEADER_BYTES..], 100).unwrap(), b"\x07\x05seven");
        assert_eq!(PACKING.unpack::<(u8, String)>(&bytes), Ok((7, "seven".to_owned())));
    }

    #[test]
    fn what_is_of_another_kind_or_damaged_is_told_apart() {
        let bytes = PACKING.pack(&7_u64).unwrap();
        let other = Packing { magic: *b"REST", ..PACKING };
        assert_eq!(other.unpack::<u64>(&bytes), Err(UnpackError::Magic));
        assert_eq!(PACKING.unpack::<u64>(&bytes[..HEADER_BYTES - 1]), Err(UnpackError::Magic));
        let newer = Packing { version: 4, ..PACKING };
        assert_eq!(newer.unpack::<u64>(&bytes), Err(UnpackError::Version { found: 3 }));
        let mut flipped = bytes.clone();
        *flipped.last_mut().unwrap() ^= 1;
        assert!(matches!(PACKING.unpack::<u64>(&flipped), Err(UnpackError::Damaged { .. })));
        let two = PACKING.pack(&(7_u64, 8_u64)).unwrap();
        assert!(matches!(PACKING.unpack::<u64>(&two), Err(UnpackError::Damaged { .. })));
    }

    #[test]
    fn a_small_frame_of_much_is_not_inflated() {
        let much = vec![0_u8; 1 << 17];
        assert_eq!(PACKING.pack(&much), Err(PackError::TooLarge { most_bytes: 1 << 16 }));
        let bomb = Packing { most_bytes: 1 << 20, ..PACKING }.pack(&much).unwrap();
        assert!(matches!(PACKING.unpack::<Vec<u8>>(&bomb), Err(UnpackError::Damaged { .. })));
    }

    proptest! {
        #[test]
        fn values_come_back_and_hostile_frames_neither_panic_nor_pass(value: Vec<(u64, String)>, noise: Vec<u8>) {
            prop_assert_eq!(PACKING.unpack::<Vec<(u64, String)>>(&PACKING.pack(&value).unwrap()), Ok(value));
            prop_assert!(PACKING.unpack_frame::<Vec<(u64, String)>>(&noise).is_err());
        }
    }
}
