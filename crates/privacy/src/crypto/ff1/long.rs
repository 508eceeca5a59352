//! Strings whose halves are too long for a machine's number: the halves stay numerals, and what AES gives is brought into
//! numerals and added to them one by one, which is the same as adding modulo `radix^m`.

use super::super::block::BlockCipher;
use super::{Direction, Ff1, ROUNDS, block_of, bytes_of_bits};

/// Encrypts or decrypts numerals that were checked.
pub(super) fn apply(ff1: &Ff1, numerals: &mut [u16], direction: Direction) {
    let length = numerals.len();
    let (left, right) = numerals.split_at_mut(length / 2);
    let mut rounds = Rounds::new(ff1, left.len(), right.len());
    // Where the standard swaps the halves after each round, here they take turns.
    for step in 0..ROUNDS {
        let round = if direction == Direction::Encrypt { step } else { ROUNDS - 1 - step };
        if round % 2 == 0 {
            rounds.run(round, right, left, direction);
        } else {
            rounds.run(round, left, right, direction);
        }
    }
}

struct Rounds<'f> {
    cipher: &'f BlockCipher,
    radix: u32,
    /// The CBC-MAC over P and the whole blocks of the tweak.
    chained: u128,
    /// Q without those blocks: the rest of the tweak, zeros, the round, the number.
    last: Vec<u8>,
    number_bytes: usize,
    used_bytes: usize,
    number: Natural,
}

impl<'f> Rounds<'f> {
    fn new(ff1: &'f Ff1, left: usize, right: usize) -> Self {
        let mut most = Natural::default();
        most.set_numerals(std::iter::repeat_n(u16::try_from(ff1.radix - 1).unwrap_or(u16::MAX), right), ff1.radix);
        let number_bytes = bytes_of_bits(most.bits());
        let used_bytes = 4 * number_bytes.div_ceil(4) + 4;
        let mut chained = ff1.cipher.encrypt(ff1.first_block(left + right, left));
        let (whole, rest) = ff1.tweak.as_chunks::<16>();
        for block in whole {
            chained = ff1.cipher.encrypt(chained ^ u128::from_be_bytes(*block));
        }
        let mut last = rest.to_vec();
        last.resize((rest.len() + 1 + number_bytes).next_multiple_of(16), 0);
        Self {
            cipher: &ff1.cipher,
            radix: ff1.radix,
            chained,
            last,
            number_bytes,
            used_bytes,
            number: Natural::default(),
        }
    }

    /// Changes one half by what AES makes of the other.
    fn run(&mut self, round: u8, stays: &[u16], changes: &mut [u16], direction: Direction) {
        self.number.set_numerals(stays.iter().copied(), self.radix);
        let at = self.last.len() - self.number_bytes;
        if let Some((round_at, number_at)) = self.last.get_mut(at - 1..).and_then(<[u8]>::split_first_mut) {
            *round_at = round;
            self.number.write_bytes(number_at);
        }
        let mac =
            self.last.chunks(16).fold(self.chained, |chained, block| self.cipher.encrypt(chained ^ block_of(block)));
        let mut output = mac.to_be_bytes().to_vec();
        for block in 1..self.used_bytes.div_ceil(16) as u128 {
            output.extend_from_slice(&self.cipher.encrypt(mac ^ block).to_be_bytes());
        }
        output.truncate(self.used_bytes);
        self.number.set_bytes(&output);
        let mut carry = 0;
        for numeral in changes.iter_mut().rev() {
            let added = self.number.divide(self.radix);
            let here = u32::from(*numeral);
            let sum = match direction {
                Direction::Encrypt => here + added + carry,
                Direction::Decrypt => here + self.radix - added - carry,
            };
            let (wrapped, is_over) = if sum >= self.radix { (sum - self.radix, true) } else { (sum, false) };
            carry = u32::from(is_over == (direction == Direction::Encrypt));
            *numeral = u16::try_from(wrapped).unwrap_or_default();
        }
    }
}

/// A natural number of any size: 32 bits a limb, the least significant first, no zeros at the end.
#[derive(Default)]
struct Natural(Vec<u32>);

impl Natural {
    fn set_numerals(&mut self, numerals: impl Iterator<Item = u16>, radix: u32) {
        self.0.clear();
        for numeral in numerals {
            let mut carry = u64::from(numeral);
            for limb in &mut self.0 {
                carry += u64::from(*limb) * u64::from(radix);
                *limb = low(carry);
                carry >>= 32;
            }
            if carry > 0 {
                self.0.push(low(carry));
            }
        }
    }

    fn set_bytes(&mut self, bytes: &[u8]) {
        self.0.clear();
        self.0.extend(bytes.rchunks(4).map(|chunk| chunk.iter().fold(0, |limb, byte| limb << 8 | u32::from(*byte))));
        self.trim();
    }

    /// Most significant byte first, zeros before it.
    fn write_bytes(&self, out: &mut [u8]) {
        let bytes = self.0.iter().flat_map(|limb| limb.to_le_bytes()).chain(std::iter::repeat(0));
        out.iter_mut().rev().zip(bytes).for_each(|(place, byte)| *place = byte);
    }

    /// Divides, and gives the remainder.
    fn divide(&mut self, divisor: u32) -> u32 {
        let mut rest = 0;
        for limb in self.0.iter_mut().rev() {
            let part = rest << 32 | u64::from(*limb);
            *limb = low(part / u64::from(divisor));
            rest = part % u64::from(divisor);
        }
        self.trim();
        low(rest)
    }

    fn bits(&self) -> u32 {
        let limbs = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        self.0.last().map_or(0, |last| limbs * 32 - last.leading_zeros())
    }

    fn trim(&mut self) {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }
}

/// The low 32 bits.
fn low(number: u64) -> u32 {
    u32::try_from(number & u64::from(u32::MAX)).unwrap_or_default()
}
