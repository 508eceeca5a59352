//! Shapes of short cells: the classes of their bytes. Where a widened pattern can match depends on the shape alone, so
//! what was learnt of one cell serves all cells of its shape, and a column's cells have few shapes.

use wide::u8x16;

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

pub(crate) const fn class_of(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => DIGIT,
        b'a'..=b'z' | b'A'..=b'Z' => LETTER,
        LEAD.. => LEAD,
        CONTINUATION.. => CONTINUATION,
        _ => byte,
    }
}

/// The shape of a cell: the class of each byte, and how many there are. Cells longer than a vector are read as vectors
/// that overlap in the middle, so that none needs padding.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Shape {
    classes: [u8x16; MAX_BYTES / LANES],
    len: usize,
}

impl PartialEq for Shape {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        let [one, two, three, four] = self.classes;
        let [a, b, c, d] = other.classes;
        let differences = (one ^ a) | (two ^ b) | (three ^ c) | (four ^ d);
        self.len == other.len && differences == u8x16::ZERO
    }
}

impl Shape {
    /// The shape of a cell of at most 64 bytes.
    #[inline]
    pub(crate) fn of(cell: &[u8]) -> Option<Self> {
        Self::with(cell, classify)
    }

    /// The cell itself but for its digits: texts that differ in numbers alone have the same.
    #[inline]
    pub(crate) fn without_numbers(cell: &[u8]) -> Option<Self> {
        Self::with(cell, |bytes| {
            let bytes = u8x16::new(bytes);
            is_digit(bytes).select(u8x16::splat(DIGIT), bytes)
        })
    }

    #[inline]
    fn with(cell: &[u8], classify: impl Fn([u8; LANES]) -> u8x16) -> Option<Self> {
        let mut shape = Self { len: cell.len(), ..Self::default() };
        let [one, two, three, four] = &mut shape.classes;
        match cell.len() {
            0..=16 => *one = classify(padded(cell).to_le_bytes()),
            17..=32 => {
                *one = classify(*cell.first_chunk()?);
                *two = classify(*cell.last_chunk()?);
            }
            33..=MAX_BYTES => {
                *one = classify(*cell.first_chunk()?);
                *two = classify(*cell.get(LANES..)?.first_chunk()?);
                *three = classify(*cell.get(..cell.len() - LANES)?.last_chunk()?);
                *four = classify(*cell.last_chunk()?);
            }
            _ => return None,
        }
        Some(shape)
    }

    /// Bits that differ for most shapes.
    pub(crate) fn hash(&self) -> u64 {
        let used = self.len.div_ceil(LANES).next_power_of_two();
        let seed = u64::try_from(self.len).unwrap_or(0);
        self.classes.iter().take(used).fold(seed, |hash, classes| mixed(u128::from_le_bytes(classes.to_array()), hash))
    }

    /// Whether the cell is ASCII.
    #[inline]
    pub(crate) fn is_ascii(&self) -> bool {
        let [one, two, three, four] = self.classes;
        // The mask is made of the highest bits.
        ((one | two) | (three | four)).to_bitmask() == 0
    }
}

/// `class_of` for 16 bytes.
#[inline]
fn classify(bytes: [u8; LANES]) -> u8x16 {
    let bytes = u8x16::new(bytes);
    let letter = up_to((bytes | u8x16::splat(0x20)) - u8x16::splat(b'a'), 25);
    let ascii = up_to(bytes, 0x7F);
    let others = ascii.select(bytes, bytes & u8x16::splat(LEAD));
    is_digit(bytes).select(u8x16::splat(DIGIT), letter.select(u8x16::splat(LETTER), others))
}

#[inline]
fn is_digit(bytes: u8x16) -> u8x16 {
    up_to(bytes - u8x16::splat(b'0'), 9)
}

/// All bits of the bytes that are at most `last`.
#[inline]
fn up_to(bytes: u8x16, last: u8) -> u8x16 {
    bytes.min(u8x16::splat(last)).simd_eq(bytes)
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
    // Of one to three bytes, the first, the middle and the last are all there are.
    let (middle, last) = (bytes.len() / 2, bytes.len().saturating_sub(1));
    let byte = |place: usize| bytes.get(place).map_or(0, |byte| u32::from(*byte) << (8 * place));
    u128::from(byte(0) | byte(middle) | byte(last))
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
            let numbers_apart: String = cell.chars().map(|c| if c.is_ascii_digit() { '7' } else { c }).collect();
            let without = Shape::without_numbers(cell.as_bytes());
            prop_assert_eq!(without, Shape::without_numbers(numbers_apart.as_bytes()));
            let letters_apart = cell.replace('e', "f");
            prop_assert_eq!(without == Shape::without_numbers(letters_apart.as_bytes()), cell == letters_apart);
            prop_assert_eq!(shape.is_ascii(), cell.is_ascii());
            if let Some(byte) = other.get_mut(change) {
                *byte = if *byte == b'-' { b'+' } else { b'-' };
                prop_assert_ne!(Some(shape), Shape::of(&other));
            }
        }

        #[test]
        fn bytes_are_classified_one_like_many(bytes in any::<[u8; 16]>()) {
            prop_assert_eq!(classify(bytes).to_array(), bytes.map(class_of));
        }

        #[test]
        fn padding_is_zeros(bytes in proptest::collection::vec(any::<u8>(), 0..=16)) {
            let mut expected = [0; 16];
            expected[..bytes.len()].copy_from_slice(&bytes);
            prop_assert_eq!(padded(&bytes), u128::from_le_bytes(expected));
        }
    }
}
