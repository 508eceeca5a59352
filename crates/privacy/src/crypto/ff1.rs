//! FF1, NIST SP 800-38G Revision 1: encryption of a string of numerals into one of the same length and alphabet.
//!
//! A string whose halves fit 96 bits (57 decimal digits) is worked on as two numbers: a round is one AES block and a few
//! machine words, nothing is allocated, and up to [`LANES`] strings go through the rounds side by side, so that the
//! processor's AES units are busy. Halves of 32 bits (18 decimal digits) are worked on in single words ([`narrow`]). Longer
//! strings take the way of [`long`].

mod long;
mod narrow;
#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::Range;

use super::block::{AesBlock, AesKeyLength, BlockCipher};
use narrow::{Modulus, Radix};

/// Rounds of the Feistel network (SP 800-38G §5.1).
const ROUNDS: u8 = 10;
/// The least number of strings that a length and a radix must have (Rev. 1, §5.1): fewer could be tried out one by one.
pub const FF1_MIN_DOMAIN: u32 = 1_000_000;
/// The most numerals of a string that are taken: longer texts are no card numbers, and the cost grows with the square.
pub const FF1_MAX_NUMERALS: usize = 4_096;
/// The longest tweak, in bytes.
pub const FF1_MAX_TWEAK_BYTES: usize = 4_096;
/// Bytes of a tweak that a lane can have of its own.
const TWEAK_BYTES: usize = 8;
/// Strings that are worked on side by side.
const LANES: usize = 64;
/// So few are worked on without room for more.
const FEW_LANES: usize = 4;
/// Halves of at most so many bits are numbers: AES gives the 96 + 32 bits that a round needs in one block.
const SHORT_BITS: u32 = 96;

/// Why FF1 does not take a key, a tweak or a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Ff1Error {
    /// Not an AES key.
    #[error(transparent)]
    Key(#[from] AesKeyLength),
    /// Not a radix.
    #[error("the radix {radix} is not one of FF1: it has 2 to 65,536 numerals")]
    Radix {
        /// What was given.
        radix: u32,
    },
    /// A tweak of that length is not taken.
    #[error("the tweak is longer than {FF1_MAX_TWEAK_BYTES} bytes")]
    TweakTooLong,
    /// So few strings of that length exist that they could be tried one by one.
    #[error(
        "a string of {numerals} numerals of radix {radix} is one of fewer than {FF1_MIN_DOMAIN}, which FF1 does not \
         protect: encrypt at least {needed} numerals, or use `token` or `encrypt` instead"
    )]
    DomainTooSmall {
        /// Numerals of the string.
        numerals: usize,
        /// The radix.
        radix: u32,
        /// Numerals that suffice.
        needed: usize,
    },
    /// The string is longer than what is taken.
    #[error("a string of {numerals} numerals is too long: at most {FF1_MAX_NUMERALS} are taken")]
    TooLong {
        /// Numerals of the string.
        numerals: usize,
    },
    /// A numeral that the radix does not have.
    #[error("numeral {index} of the string is not below the radix")]
    Numeral {
        /// Which, counted from 0.
        index: usize,
    },
}

/// FF1 under one key, radix and tweak. What does not depend on the string is worked out once.
#[derive(Clone)]
pub struct Ff1 {
    cipher: BlockCipher,
    radix: u32,
    tweak: Box<[u8]>,
    /// The radix, to divide narrow numbers by.
    narrow_radix: Radix,
    min_numerals: usize,
    /// By the number of numerals; none where FF1 is not defined.
    shapes: Vec<Option<Shape>>,
}

/// What the rounds of strings of one length share.
#[derive(Clone, Copy)]
struct Shape {
    /// The numerals of the halves, `u` and `v` of the standard.
    left: usize,
    right: usize,
    /// `radix^left`, `radix^right`.
    modulus_left: u128,
    modulus_right: u128,
    /// The same for [`narrow`].
    narrow: [Modulus; 2],
    /// The CBC-MAC of P.
    first: u128,
    /// The state of the CBC-MAC before the last block of P ‖ Q, xored with the part of that block that never changes.
    chained: u128,
    /// Bits of the number in the last block (8·b): the round's number stands above them.
    number_bits: u32,
    /// Bits of AES's output that are not used (128 − 8·d).
    unused_bits: u32,
}

impl Shape {
    /// Whether both halves fit a machine word and AES gives 64 bits.
    fn is_narrow(&self) -> bool {
        self.modulus_right <= narrow::MAX_MODULUS
    }
}

/// A string on its way through the rounds: its halves as numbers.
#[derive(Clone, Copy, Default)]
pub struct Ff1Lane {
    left: u128,
    right: u128,
    /// As in its shape, with a tweak of its own worked in.
    chained: u128,
    numerals: usize,
}

impl Ff1Lane {
    /// The halves as numbers, the shorter one first.
    pub fn halves(&self) -> [u128; 2] {
        [self.left, self.right]
    }
}

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Encrypt,
    Decrypt,
}

impl Ff1 {
    /// Takes an AES key, a radix from 2 to 65,536 and a tweak, which is not secret.
    ///
    /// # Errors
    /// When one of them is not as FF1 wants it.
    pub fn new(key: &[u8], radix: u32, tweak: &[u8]) -> Result<Self, Ff1Error> {
        Self::of(BlockCipher::new(key)?, radix, tweak)
    }

    /// FF1 with AES-256.
    ///
    /// # Errors
    /// When radix or tweak is not as FF1 wants it.
    pub fn aes_256(key: &[u8; 32], radix: u32, tweak: &[u8]) -> Result<Self, Ff1Error> {
        Self::of(BlockCipher::aes_256(key), radix, tweak)
    }

    fn of(cipher: BlockCipher, radix: u32, tweak: &[u8]) -> Result<Self, Ff1Error> {
        if !(2..=65_536).contains(&radix) {
            return Err(Ff1Error::Radix { radix });
        }
        if tweak.len() > FF1_MAX_TWEAK_BYTES {
            return Err(Ff1Error::TweakTooLong);
        }
        let mut ff1 = Self {
            cipher,
            radix,
            tweak: tweak.into(),
            narrow_radix: Radix::new(radix),
            min_numerals: min_numerals(radix),
            shapes: Vec::new(),
        };
        let longest_half = (1u32..=SHORT_BITS).take_while(|half| fits(radix, *half)).last().unwrap_or(1) as usize;
        ff1.shapes = (0..=2 * longest_half).map(|n| (n >= ff1.min_numerals).then(|| ff1.shape(n))).collect();
        Ok(ff1)
    }

    /// The radix.
    pub fn radix(&self) -> u32 {
        self.radix
    }

    /// The fewest numerals that are taken: the domain has at least [`FF1_MIN_DOMAIN`] strings.
    pub fn min_numerals(&self) -> usize {
        self.min_numerals
    }

    /// Whether a length is taken.
    ///
    /// # Errors
    /// [`Ff1Error::DomainTooSmall`], [`Ff1Error::TooLong`].
    pub fn check_length(&self, numerals: usize) -> Result<(), Ff1Error> {
        if numerals < self.min_numerals {
            return Err(Ff1Error::DomainTooSmall { numerals, radix: self.radix, needed: self.min_numerals });
        }
        if numerals > FF1_MAX_NUMERALS { Err(Ff1Error::TooLong { numerals }) } else { Ok(()) }
    }

    /// Encrypts a string of numerals where it lies.
    ///
    /// # Errors
    /// When the string is too short, too long, or has a numeral that the radix does not have; it is then unchanged.
    pub fn encrypt(&self, numerals: &mut [u16]) -> Result<(), Ff1Error> {
        self.apply(numerals, Direction::Encrypt)
    }

    /// Decrypts what [`Self::encrypt`] gave.
    ///
    /// # Errors
    /// As for [`Self::encrypt`]. FF1 authenticates nothing: any string opens to some other one.
    pub fn decrypt(&self, numerals: &mut [u16]) -> Result<(), Ff1Error> {
        self.apply(numerals, Direction::Decrypt)
    }

    fn apply(&self, numerals: &mut [u16], direction: Direction) -> Result<(), Ff1Error> {
        self.check_length(numerals.len())?;
        if let Some(index) = numerals.iter().position(|numeral| u32::from(*numeral) >= self.radix) {
            return Err(Ff1Error::Numeral { index });
        }
        let Some(mut lane) = self.lane(numerals.len(), numerals.iter().copied()) else {
            long::apply(self, numerals, direction);
            return Ok(());
        };
        self.apply_lanes(std::slice::from_mut(&mut lane), direction);
        self.write_numerals(&lane, |index, numeral| {
            if let Some(place) = numerals.get_mut(index) {
                *place = numeral;
            }
        });
        Ok(())
    }

    /// A string of `length` numerals as a lane; none when it is too short, or too long for the way of numbers. Numerals
    /// must be below the radix.
    pub fn lane(&self, length: usize, numerals: impl Iterator<Item = u16>) -> Option<Ff1Lane> {
        let shape = self.shapes.get(length)?.as_ref()?;
        let mut numerals = numerals;
        let left = self.number(numerals.by_ref().take(shape.left), shape);
        let right = self.number(numerals.take(shape.right), shape);
        Some(Ff1Lane { left, right, chained: shape.chained, numerals: length })
    }

    /// The number of a half.
    fn number(&self, numerals: impl Iterator<Item = u16>, shape: &Shape) -> u128 {
        if shape.is_narrow() {
            return u128::from(self.narrow_radix.number(numerals));
        }
        numerals.fold(0, |number, numeral| number * u128::from(self.radix) + u128::from(numeral))
    }

    /// As [`Self::lane`] under a tweak of its own, eight bytes in place of the eight of [`Self::new`]; none when those were
    /// not eight zeros.
    pub fn lane_with_tweak(
        &self,
        length: usize,
        numerals: impl Iterator<Item = u16>,
        tweak: [u8; TWEAK_BYTES],
    ) -> Option<Ff1Lane> {
        if *self.tweak != [0; TWEAK_BYTES] {
            return None;
        }
        let mut lane = self.lane(length, numerals)?;
        lane.chained = self.chained_with(self.shapes.get(length)?.as_ref()?, tweak);
        Some(lane)
    }

    /// Appends [`Self::lane_with_tweak`]; false when there is none. Nothing is moved, which costs more than it looks.
    pub fn push_lane(&self, numerals: &[u16], tweak: [u8; TWEAK_BYTES], lanes: &mut Vec<Ff1Lane>) -> bool {
        let Some(Some(shape)) = self.shapes.get(numerals.len()).filter(|_| *self.tweak == [0; TWEAK_BYTES]) else {
            return false;
        };
        let Some((left, right)) = numerals.split_at_checked(shape.left) else { return false };
        lanes.push(Ff1Lane {
            left: self.number(left.iter().copied(), shape),
            right: self.number(right.iter().copied(), shape),
            chained: self.chained_with(shape, tweak),
            numerals: numerals.len(),
        });
        true
    }

    /// Appends [`Self::lane_with_tweak`] of `numerals` numerals whose halves are numbers already, the shorter one first; false
    /// when there is none. They must be below `radix^⌊n/2⌋` and `radix^⌈n/2⌉`.
    pub fn push_halves(
        &self,
        numerals: usize,
        [left, right]: [u64; 2],
        tweak: [u8; TWEAK_BYTES],
        lanes: &mut Vec<Ff1Lane>,
    ) -> bool {
        let Some(Some(shape)) = self.shapes.get(numerals).filter(|_| *self.tweak == [0; TWEAK_BYTES]) else {
            return false;
        };
        let (left, right) = (u128::from(left), u128::from(right));
        lanes.push(Ff1Lane { left, right, chained: self.chained_with(shape, tweak), numerals });
        true
    }

    /// As in the shape, with a tweak in place of the zeros.
    fn chained_with(&self, shape: &Shape, tweak: [u8; TWEAK_BYTES]) -> u128 {
        let tweak = u128::from(u64::from_be_bytes(tweak)) << 64;
        // Q is one block when round and number fit beside the tweak, else two, of which the first holds the tweak alone.
        if shape.number_bits < 64 { shape.chained ^ tweak } else { self.cipher.encrypt(shape.first ^ tweak) }
    }

    /// Gives the numerals of a lane with their places, from the last of each half to its first.
    pub fn write_numerals(&self, lane: &Ff1Lane, mut write: impl FnMut(usize, u16)) {
        let Some(Some(shape)) = self.shapes.get(lane.numerals) else { return };
        let places = [(lane.left, 0..shape.left), (lane.right, shape.left..shape.left + shape.right)];
        for (number, places) in places {
            match u64::try_from(number) {
                Ok(number) if shape.is_narrow() => {
                    let numerals = self.narrow_radix.numerals(number, places.len());
                    places.rev().zip(numerals).for_each(|(index, numeral)| write(index, numeral));
                }
                _ => self.write_wide(number, places, &mut write),
            }
        }
    }

    fn write_wide(&self, mut number: u128, places: Range<usize>, write: &mut impl FnMut(usize, u16)) {
        for index in places.rev() {
            // Numbers below 2⁶⁴ are divided in hardware.
            let digit = if let Ok(small) = u64::try_from(number) {
                let radix = u64::from(self.radix);
                number = u128::from(small / radix);
                small % radix
            } else {
                let digit = number % u128::from(self.radix);
                number /= u128::from(self.radix);
                u64::try_from(digit).unwrap_or_default()
            };
            write(index, u16::try_from(digit).unwrap_or_default());
        }
    }

    /// Encrypts strings side by side.
    pub fn encrypt_lanes(&self, lanes: &mut [Ff1Lane]) {
        self.apply_lanes(lanes, Direction::Encrypt);
    }

    /// Decrypts strings side by side.
    pub fn decrypt_lanes(&self, lanes: &mut [Ff1Lane]) {
        self.apply_lanes(lanes, Direction::Decrypt);
    }

    fn apply_lanes(&self, lanes: &mut [Ff1Lane], direction: Direction) {
        for lanes in lanes.chunks_mut(LANES) {
            if lanes.len() <= FEW_LANES {
                self.apply_some::<FEW_LANES>(lanes, direction);
            } else {
                self.apply_some::<LANES>(lanes, direction);
            }
        }
    }

    /// All rounds of at most `N` strings.
    fn apply_some<const N: usize>(&self, lanes: &mut [Ff1Lane], direction: Direction) {
        if !narrow::apply::<N>(self, lanes, direction) {
            self.apply_wide::<N>(lanes, direction);
        }
    }

    fn apply_wide<const N: usize>(&self, lanes: &mut [Ff1Lane], direction: Direction) {
        for step in 0..ROUNDS {
            let round = if direction == Direction::Encrypt { step } else { ROUNDS - 1 - step };
            self.round::<N>(lanes, round, direction);
        }
    }

    /// One round of at most `N` strings.
    fn round<const N: usize>(&self, lanes: &mut [Ff1Lane], round: u8, direction: Direction) {
        let mut blocks = [AesBlock::default(); N];
        for (lane, block) in lanes.iter().zip(&mut blocks) {
            let Some(Some(shape)) = self.shapes.get(lane.numerals) else { continue };
            let number = if direction == Direction::Encrypt { lane.right } else { lane.left };
            let input = lane.chained ^ (u128::from(round) << shape.number_bits | number);
            *block = input.to_be_bytes().into();
        }
        if let Some(used) = blocks.get_mut(..lanes.len()) {
            self.cipher.encrypt_each(used);
        }
        for (lane, block) in lanes.iter_mut().zip(blocks) {
            let Some(Some(shape)) = self.shapes.get(lane.numerals) else { continue };
            let output = u128::from_be_bytes(block.into()) >> shape.unused_bits;
            let modulus = if round.is_multiple_of(2) { shape.modulus_left } else { shape.modulus_right };
            let (stays, changes) = match direction {
                Direction::Encrypt => (lane.right, lane.left),
                Direction::Decrypt => (lane.left, lane.right),
            };
            // Both are below 2⁹⁶ once reduced, so that their sum is no more than 97 bits.
            let added = remainder(output, modulus);
            let added = if direction == Direction::Encrypt || added == 0 { added } else { modulus - added };
            let sum = changes + added;
            let changed = if sum >= modulus { sum - modulus } else { sum };
            (lane.left, lane.right) = match direction {
                Direction::Encrypt => (stays, changed),
                Direction::Decrypt => (changed, stays),
            };
        }
    }

    /// Steps 1 to 5 and the unchanging part of 6.i and 6.ii of algorithm 7.
    fn shape(&self, numerals: usize) -> Shape {
        let (left, right) = (numerals / 2, numerals - numerals / 2);
        let power = |exponent: usize| u128::from(self.radix).pow(u32::try_from(exponent).unwrap_or(u32::MAX));
        let modulus_right = power(right);
        let number_bytes = bytes_of_bits(128 - (modulus_right - 1).leading_zeros());
        let used_bytes = 4 * number_bytes.div_ceil(4) + 4;
        // The last block of Q holds the round and the number; the tweak and its padding come before.
        let mut constant = self.tweak.to_vec();
        let padding = (16 - (self.tweak.len() + number_bytes + 1) % 16) % 16;
        constant.resize(self.tweak.len() + padding + number_bytes + 1, 0);
        let first = self.cipher.encrypt(self.first_block(numerals, left));
        let mut chained = first;
        let mut blocks = constant.chunks(16).map(block_of).peekable();
        while let Some(block) = blocks.next() {
            chained ^= block;
            if blocks.peek().is_some() {
                chained = self.cipher.encrypt(chained);
            }
        }
        Shape {
            left,
            right,
            modulus_left: power(left),
            modulus_right,
            narrow: [power(left), modulus_right].map(Modulus::new),
            first,
            chained,
            number_bits: bits(number_bytes),
            unused_bits: 128 - bits(used_bytes),
        }
    }

    /// P of step 5.
    fn first_block(&self, numerals: usize, left: usize) -> u128 {
        let word = |number: usize| u128::from(u32::try_from(number).unwrap_or(u32::MAX));
        0x0001_0201 << 104
            | u128::from(self.radix & 0x00ff_ffff) << 80
            | 10 << 72
            | (word(left) & 0xff) << 64
            | word(numerals) << 32
            | word(self.tweak.len())
    }
}

/// The remainder, by the machine's own division where it suffices.
fn remainder(number: u128, modulus: u128) -> u128 {
    match (u64::try_from(number), u64::try_from(modulus)) {
        (Ok(number), Ok(modulus)) => u128::from(number % modulus),
        _ => number % modulus,
    }
}

/// The fewest numerals with a domain of a million.
fn min_numerals(radix: u32) -> usize {
    let mut strings = u64::from(radix).pow(2);
    let mut numerals = 2;
    while strings < u64::from(FF1_MIN_DOMAIN) {
        strings *= u64::from(radix);
        numerals += 1;
    }
    numerals
}

/// Whether half a string is a number of at most [`SHORT_BITS`] bits.
fn fits(radix: u32, numerals: u32) -> bool {
    u128::from(radix).checked_pow(numerals).is_some_and(|strings| strings <= 1 << SHORT_BITS)
}

fn bytes_of_bits(bits: u32) -> usize {
    usize::try_from(bits.div_ceil(8)).unwrap_or(usize::MAX)
}

fn bits(bytes: usize) -> u32 {
    u32::try_from(bytes * 8).unwrap_or(u32::MAX)
}

/// Sixteen bytes as a number; fewer are followed by zeros.
fn block_of(bytes: &[u8]) -> u128 {
    let mut block = [0; 16];
    block.iter_mut().zip(bytes).for_each(|(place, byte)| *place = *byte);
    u128::from_be_bytes(block)
}

impl fmt::Debug for Ff1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ff1(radix {}, [redacted])", self.radix)
    }
}

impl fmt::Debug for Ff1Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ff1Lane({} numerals, [redacted])", self.numerals)
    }
}
