//! Strings whose halves fit 32 bits, such as 18 decimal digits: the numbers of cards, accounts and people. AES's output is
//! then 64 bits wide and a half one machine word, and the remainders, which would cost more than AES when the processor
//! divides, are made by multiplying.
//!
//! No step branches on a numeral. Arithmetic wraps where the comment says why that is right, because a check in each step
//! would cost as much as the step.

use super::super::block::AesBlock;
use super::{Direction, Ff1, Ff1Lane, ROUNDS};

/// The largest modulus of a half that is narrow.
pub(super) const MAX_MODULUS: u128 = 1 << 32;

/// A number from 2 to 2³² to divide by.
#[derive(Clone, Copy, Default)]
pub(super) struct Modulus {
    modulus: u64,
    /// ⌊2⁶⁴ / modulus⌋.
    reciprocal: u64,
}

impl Modulus {
    /// Zero for what is larger, which is then not used.
    pub(super) fn new(modulus: u128) -> Self {
        let reciprocal = u64::try_from((1u128 << 64).checked_div(modulus).unwrap_or(0)).unwrap_or(0);
        Self { modulus: u64::try_from(modulus).unwrap_or(0), reciprocal }
    }

    /// The reciprocal is less than 1 too small and the number below 2⁶⁴, so the quotient is at most 1 too small, and what it
    /// leaves is below twice the modulus.
    #[inline]
    fn remainder(self, number: u64) -> u64 {
        let quotient = high_half(u128::from(number).wrapping_mul(u128::from(self.reciprocal)));
        self.reduced(number.wrapping_sub(quotient.wrapping_mul(self.modulus)))
    }

    /// A number below twice the modulus, less the modulus if it is not below it: else the difference wraps and is larger.
    #[inline]
    fn reduced(self, number: u64) -> u64 {
        number.min(number.wrapping_sub(self.modulus))
    }

    /// The sum of two numbers below the modulus.
    #[inline]
    fn add(self, left: u64, right: u64) -> u64 {
        self.reduced(left.wrapping_add(right))
    }

    /// Their difference: when it wraps, adding the modulus wraps back.
    #[inline]
    fn subtract(self, left: u64, right: u64) -> u64 {
        let difference = left.wrapping_sub(right);
        difference.min(difference.wrapping_add(self.modulus))
    }
}

/// A radix, which is at most 2¹⁶, to divide numbers of 32 bits by.
#[derive(Clone, Copy)]
pub(super) struct Radix {
    radix: u64,
    /// More than 2⁶⁴ / radix by no more than 1: the quotient that it gives is too large by no more than 2⁻³² of a radix-th,
    /// so that it is exact.
    reciprocal: u64,
}

impl Radix {
    pub(super) fn new(radix: u32) -> Self {
        let radix = u64::from(radix).max(2);
        Self { radix, reciprocal: (u64::MAX / radix).wrapping_add(1) }
    }

    /// The numerals of a number, from the last.
    #[inline]
    pub(super) fn numerals(self, mut number: u64, count: usize) -> impl Iterator<Item = u16> {
        std::iter::repeat_n((), count).map(move |()| {
            let quotient = high_half(u128::from(number).wrapping_mul(u128::from(self.reciprocal)));
            let numeral = number.wrapping_sub(quotient.wrapping_mul(self.radix));
            number = quotient;
            u16::try_from(numeral).unwrap_or_default()
        })
    }

    /// The number of such numerals, from the first. It has no more than 32 bits.
    #[inline]
    pub(super) fn number(self, numerals: impl Iterator<Item = u16>) -> u64 {
        numerals.fold(0, |number, numeral| number.wrapping_mul(self.radix).wrapping_add(u64::from(numeral)))
    }
}

/// A string on its way through the rounds.
#[derive(Clone, Copy, Default)]
struct Narrow {
    left: u64,
    right: u64,
    chained: u128,
    /// Of the left and the right half.
    moduli: [Modulus; 2],
    number_bits: u32,
}

/// All rounds of at most `N` strings, which are narrow; false when one is not.
pub(super) fn apply<const N: usize>(ff1: &Ff1, lanes: &mut [Ff1Lane], direction: Direction) -> bool {
    let mut strings = [Narrow::default(); N];
    for (string, lane) in strings.iter_mut().zip(lanes.iter()) {
        let Some(read) = read(ff1, lane) else { return false };
        *string = read;
    }
    let strings = strings.get_mut(..lanes.len()).unwrap_or_default();
    let mut blocks = [AesBlock::default(); N];
    let blocks = blocks.get_mut(..lanes.len()).unwrap_or_default();
    for step in 0..ROUNDS {
        match direction {
            Direction::Encrypt => {
                encrypt_round(ff1, strings, blocks, step);
            }
            Direction::Decrypt => {
                decrypt_round(ff1, strings, blocks, ROUNDS - 1 - step);
            }
        }
    }
    for (lane, string) in lanes.iter_mut().zip(strings) {
        (lane.left, lane.right) = (u128::from(string.left), u128::from(string.right));
    }
    true
}

fn read(ff1: &Ff1, lane: &Ff1Lane) -> Option<Narrow> {
    let shape = ff1.shapes.get(lane.numerals)?.as_ref().filter(|shape| shape.is_narrow())?;
    Some(Narrow {
        left: u64::try_from(lane.left).ok()?,
        right: u64::try_from(lane.right).ok()?,
        chained: lane.chained,
        moduli: shape.narrow,
        number_bits: shape.number_bits,
    })
}

fn encrypt_round(ff1: &Ff1, strings: &mut [Narrow], blocks: &mut [AesBlock], round: u8) {
    for (string, block) in strings.iter().zip(blocks.iter_mut()) {
        *block = string.block(round, string.right);
    }
    ff1.cipher.encrypt_each(blocks);
    for (string, block) in strings.iter_mut().zip(blocks.iter()) {
        let modulus = string.modulus(round);
        let changed = modulus.add(string.left, modulus.remainder(output(block)));
        (string.left, string.right) = (string.right, changed);
    }
}

fn decrypt_round(ff1: &Ff1, strings: &mut [Narrow], blocks: &mut [AesBlock], round: u8) {
    for (string, block) in strings.iter().zip(blocks.iter_mut()) {
        *block = string.block(round, string.left);
    }
    ff1.cipher.encrypt_each(blocks);
    for (string, block) in strings.iter_mut().zip(blocks.iter()) {
        let modulus = string.modulus(round);
        let changed = modulus.subtract(string.right, modulus.remainder(output(block)));
        (string.left, string.right) = (changed, string.left);
    }
}

impl Narrow {
    /// The last block of P ‖ Q: the number has at most 32 bits, and the round stands right above them.
    #[inline]
    fn block(&self, round: u8, number: u64) -> AesBlock {
        let changing = u64::from(round).wrapping_shl(self.number_bits) | number;
        (self.chained ^ u128::from(changing)).to_be_bytes().into()
    }

    /// Of the half that a round changes.
    #[inline]
    fn modulus(&self, round: u8) -> Modulus {
        let [left, right] = self.moduli;
        if round.is_multiple_of(2) { left } else { right }
    }
}

/// The first 64 bits of what AES gave, which is all that a narrow string takes of it.
#[inline]
fn output(block: &AesBlock) -> u64 {
    high_half(u128::from_be_bytes((*block).into()))
}

#[inline]
fn high_half(number: u128) -> u64 {
    u64::try_from(number >> 64).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn dividing_by_multiplying_divides(modulus in 2u64..=1 << 32, number: u64, left: u64, right: u64) {
            let by = Modulus::new(u128::from(modulus));
            for number in [number, 0, u64::MAX, modulus - 1, modulus, number - number % modulus] {
                prop_assert_eq!(by.remainder(number), number % modulus);
            }
            let (left, right) = (left % modulus, right % modulus);
            prop_assert_eq!(by.add(left, right), (left + right) % modulus);
            prop_assert_eq!(by.subtract(left, right), (left + modulus - right) % modulus);
        }

        #[test]
        fn numerals_are_those_of_the_number(radix in 2u32..=65_536, number: u32) {
            let by = Radix::new(radix);
            for number in [number, 0, u32::MAX, number - number % radix, (number - number % radix).saturating_sub(1)] {
                let mut numerals: Vec<u16> = by.numerals(u64::from(number), 33).collect();
                prop_assert!(numerals.iter().all(|numeral| u32::from(*numeral) < radix));
                numerals.reverse();
                prop_assert_eq!(by.number(numerals.into_iter()), u64::from(number));
            }
        }

        /// The way of wide numbers is pinned by the standard's samples; this is the same function.
        #[test]
        fn both_ways_agree(
            radix in prop_oneof![2u32..=10, 11u32..=40],
            strings in prop::collection::vec((prop::collection::vec(any::<u16>(), 6..=18), any::<[u8; 8]>()), 1..70),
        ) {
            let ff1 = Ff1::aes_256(&[7; 32], radix, &[0; 8]).unwrap();
            let below = |numeral: &u16| u16::try_from(u32::from(*numeral) % radix).unwrap();
            let lane = |(numerals, tweak): &(Vec<u16>, [u8; 8])| {
                ff1.lane_with_tweak(numerals.len(), numerals.iter().map(below), *tweak)
            };
            let lanes: Vec<Ff1Lane> = strings.iter().filter_map(lane).collect();
            let mut pushed = Vec::new();
            for (numerals, tweak) in &strings {
                ff1.push_lane(&numerals.iter().map(below).collect::<Vec<_>>(), *tweak, &mut pushed);
            }
            let parts = |lane: &Ff1Lane| (lane.left, lane.right, lane.chained, lane.numerals);
            prop_assert!(pushed.iter().map(parts).eq(lanes.iter().map(parts)));
            for direction in [Direction::Encrypt, Direction::Decrypt] {
                let (mut narrow, mut wide) = (lanes.clone(), lanes.clone());
                let is_narrow = narrow.chunks_mut(64).all(|lanes| apply::<64>(&ff1, lanes, direction));
                wide.chunks_mut(64).for_each(|lanes| ff1.apply_wide::<64>(lanes, direction));
                prop_assert!(is_narrow || radix > 10);
                if is_narrow {
                    let halves = |lane: &Ff1Lane| (lane.left, lane.right);
                    prop_assert!(narrow.iter().map(halves).eq(wide.iter().map(halves)));
                }
            }
        }
    }
}
