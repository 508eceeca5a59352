//! Shapes of short cells: the classes of their bytes. Where a widened pattern can match depends on the shape alone, so
//! what was learnt of one cell serves all cells of its shape, and a column's cells have few shapes.

/// Longest cell, in bytes, that has a shape: one bit of a word for each byte.
pub(crate) const MAX_BYTES: usize = 64;
/// Bytes classified at once.
const LANES: usize = 16;

/// All digits are one class, all ASCII letters another, all characters beyond ASCII a third; any other ASCII character is
/// a class of its own. So letters, digits and the underscore stay apart from the rest, and word edges depend on the shape
/// alone too.
pub(crate) const DIGIT: u8 = b'0';
pub(crate) const LETTER: u8 = b'a';
/// The first byte of a character beyond ASCII, and its further bytes: where characters begin depends on the shape alone.
const LEAD: u8 = 0xC0;
const CONTINUATION: u8 = 0x80;

/// Without a branch, so that the compiler classifies many bytes at once.
pub(crate) const fn class_of(byte: u8) -> u8 {
    let digit = byte.wrapping_sub(b'0') < 10;
    let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
    let beyond = byte & 0xC0;
    let ascii = if digit {
        DIGIT
    } else if letter {
        LETTER
    } else {
        byte
    };
    if beyond == LEAD {
        LEAD
    } else if beyond == CONTINUATION {
        CONTINUATION
    } else {
        ascii
    }
}

/// The shape of a cell: the class of each byte, and how many there are. Cells longer than a vector are read as vectors
/// that overlap in the middle, so that none needs padding.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    classes: [u128; MAX_BYTES / LANES],
    len: usize,
}

impl Shape {
    /// The shape of a cell of at most 64 bytes.
    #[inline]
    pub(crate) fn of(cell: &[u8]) -> Option<Self> {
        let mut classes = [0; MAX_BYTES / LANES];
        match cell.len() {
            0..=16 => classes[0] = classify(padded(cell).to_le_bytes()),
            17..=32 => {
                classes[0] = classify(*cell.first_chunk()?);
                classes[1] = classify(*cell.last_chunk()?);
            }
            33..=MAX_BYTES => {
                classes[0] = classify(*cell.first_chunk()?);
                classes[1] = classify(*cell.get(LANES..)?.first_chunk()?);
                classes[2] = classify(*cell.get(..cell.len() - LANES)?.last_chunk()?);
                classes[3] = classify(*cell.last_chunk()?);
            }
            _ => return None,
        }
        Some(Self { classes, len: cell.len() })
    }

    /// Bits that differ for most shapes.
    pub(crate) fn hash(&self) -> u64 {
        let used = self.len.div_ceil(LANES).next_power_of_two();
        let seed = u64::try_from(self.len).unwrap_or(0);
        self.classes.iter().take(used).fold(seed, |hash, classes| mixed(*classes, hash))
    }

    /// Whether the cell is ASCII.
    #[inline]
    pub(crate) fn is_ascii(&self) -> bool {
        const HIGH_BITS: u128 = 0x8080_8080_8080_8080_8080_8080_8080_8080;
        let [one, two, three, four] = self.classes;
        (one | two | three | four) & HIGH_BITS == 0
    }
}

fn classify(mut bytes: [u8; LANES]) -> u128 {
    for byte in &mut bytes {
        *byte = class_of(*byte);
    }
    u128::from_le_bytes(bytes)
}

/// At most 16 bytes as a little-endian number, zeros behind them. Both ends are read and laid over each other: no loop,
/// and no call to copy a few bytes.
#[inline]
pub(crate) fn padded(bytes: &[u8]) -> u128 {
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let behind = 8 * (bytes.len().min(LANES) - 8);
        return u128::from(u64::from_le_bytes(*first)) | u128::from(u64::from_le_bytes(*last)) << behind;
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let behind = 8 * (bytes.len() - 4);
        return u128::from(u32::from_le_bytes(*first)) | u128::from(u32::from_le_bytes(*last)) << behind;
    }
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u128::from(*byte))
}

/// Both halves of a product, mixed with what came before.
#[inline]
pub(crate) fn mixed(value: u128, before: u64) -> u64 {
    const SECRETS: [u64; 2] = [0x9E37_79B9_7F4A_7C15, 0xD6E8_FEB8_6659_FD93];
    #[expect(clippy::cast_possible_truncation, reason = "the halves are what is wanted")]
    let (low, high) = (value as u64, (value >> 64) as u64);
    let product = u128::from(low ^ before ^ SECRETS[0]) * u128::from(high ^ SECRETS[1]);
    #[expect(clippy::cast_possible_truncation, reason = "the halves are what is wanted")]
    let (low, high) = (product as u64, (product >> 64) as u64);
    low ^ high
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Cells have one shape exactly when the classes of their bytes agree.
        #[test]
        fn shapes_are_classes(cell in "[0-9a-zA-Z .é-]{0,70}", change in 0..70_usize) {
            let mut other = cell.clone().into_bytes();
            for byte in &mut other {
                *byte = match *byte { b'0'..=b'8' => *byte + 1, b'a'..=b'y' => byte.to_ascii_uppercase() + 1, other => other };
            }
            let shape = Shape::of(cell.as_bytes());
            prop_assert_eq!(shape.is_some(), cell.len() <= MAX_BYTES);
            prop_assert_eq!(shape, Shape::of(&other));
            let Some(shape) = shape else { return Ok(()) };
            prop_assert_eq!(shape.is_ascii(), cell.is_ascii());
            if let Some(byte) = other.get_mut(change) {
                *byte = if *byte == b'-' { b'+' } else { b'-' };
                prop_assert_ne!(Some(shape), Shape::of(&other));
            }
        }

        #[test]
        fn padding_is_zeros(bytes in proptest::collection::vec(any::<u8>(), 0..=16)) {
            let mut expected = [0; 16];
            expected[..bytes.len()].copy_from_slice(&bytes);
            prop_assert_eq!(padded(&bytes), u128::from_le_bytes(expected));
        }
    }
}
