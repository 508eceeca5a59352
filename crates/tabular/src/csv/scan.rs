//! Finds the ends of cells, 64 bytes at a time.
//!
//! A cell ends at a delimiter or line feed outside quotes. Whether a byte is inside quotes is the parity of the quotes
//! up to it: a prefix xor over the quote mask (Langdale and Lemire, "Parsing Gigabytes of JSON per Second", 2019).
//! Parity is right only if every quote opens or closes a cell or is doubled inside one. Other quotes are reported as
//! stray, and [`super::walk`] then reads the block byte by byte.

#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "measured kernel: windows of 64 entries are reserved before they are written, and a block is shorter \
              than 4 GiB (Caps::check)"
)]

use wide::{u8x16, u8x32};

/// Bytes looked at in one step: one bit each in a mask.
const STEP: usize = 64;

/// Ends of cells that are written at once.
const AT_ONCE: usize = 8;

/// Positions of the ends of cells. The vector only grows, so that a step writes without asking for room.
#[derive(Debug, Default)]
pub(crate) struct Ends {
    positions: Vec<u32>,
    used: usize,
}

impl Ends {
    pub(crate) fn as_slice(&self) -> &[u32] {
        &self.positions[..self.used]
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [u32] {
        &mut self.positions[..self.used]
    }

    pub(crate) fn clear(&mut self) {
        self.used = 0;
    }

    pub(crate) fn truncate(&mut self, used: usize) {
        self.used = self.used.min(used);
    }

    pub(crate) fn push(&mut self, position: usize) {
        self.positions.truncate(self.used);
        self.positions.push(position as u32);
        self.used += 1;
    }

    #[cold]
    fn grow(&mut self) {
        self.positions.resize((self.used + STEP).max(self.positions.len() * 2), 0);
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "measured: a call in the loop over steps empties the vector registers")]
    fn push_mask(&mut self, base: usize, mut mask: u64) {
        if self.positions.len() < self.used + STEP {
            self.grow();
        }
        let (windows, _) = self.positions[self.used..self.used + STEP].as_chunks_mut::<AT_ONCE>();
        self.used += mask.count_ones() as usize;
        // More are written than there are: how many there are differs from step to step, and a loop to the last is guessed
        // wrongly.
        for window in windows {
            for position in window {
                *position = (base as u32).wrapping_add(mask.trailing_zeros());
                mask &= mask.wrapping_sub(1);
            }
            if mask == 0 {
                return;
            }
        }
    }
}

/// What a scan saw.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent findings of one pass")]
pub(crate) struct Seen {
    /// Line feeds outside quotes.
    pub(crate) rows: usize,
    /// Line feeds inside quotes.
    pub(crate) quoted_feeds: usize,
    /// At least one quote.
    pub(crate) quotes: bool,
    /// At least one doubled quote inside a quoted cell.
    pub(crate) doubled: bool,
    /// A quote that neither opens nor closes a cell nor is doubled: parity means nothing.
    pub(crate) stray: bool,
    /// At least one NUL byte.
    pub(crate) nul: bool,
    /// The bytes end inside quotes.
    pub(crate) open: bool,
}

/// State carried from one step to the next.
struct Carry {
    /// All ones when the step begins inside quotes.
    inside: u64,
    /// Bit 0: the byte before the step ends a cell.
    ended: u64,
    /// Bit 0: the byte before the step is a closing quote.
    closed: u64,
    /// Bit 0: the byte before the step is a CR after a closing quote.
    returned: u64,
}

/// The bytes looked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dialect {
    pub(crate) delimiter: u8,
    pub(crate) quote: Option<u8>,
}

/// Appends the end of each cell of `bytes` to `ends`. `bytes` begins outside quotes, at the start of a row.
pub(crate) fn scan(bytes: &[u8], dialect: Dialect, ends: &mut Ends) -> Seen {
    let mut seen = Seen::default();
    let mut carry = Carry { inside: 0, ended: 1, closed: 0, returned: 0 };
    let mut least = u8x16::splat(0xff);
    let (steps, rest) = bytes.as_chunks::<STEP>();
    for (i, step) in steps.iter().enumerate() {
        one_step(step, !0, i * STEP, dialect, &mut carry, &mut least, &mut seen, ends);
    }
    if !rest.is_empty() {
        let mut step = [1; STEP];
        step[..rest.len()].copy_from_slice(rest);
        let valid = !0 >> (STEP - rest.len());
        one_step(&step, valid, steps.len() * STEP, dialect, &mut carry, &mut least, &mut seen, ends);
    }
    seen.open = carry.inside != 0;
    seen.nul = least.to_array().contains(&0);
    seen
}

#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "inlined into the two loops of `scan`; a struct costs registers")]
#[expect(clippy::inline_always, reason = "measured: the loop must keep its constants in registers")]
fn one_step(
    step: &[u8; STEP],
    valid: u64,
    base: usize,
    dialect: Dialect,
    carry: &mut Carry,
    least: &mut u8x16,
    seen: &mut Seen,
    ends: &mut Ends,
) {
    let lanes = Lanes::load(step);
    *least = least.min(lanes.least());
    let feeds = lanes.equal(b'\n') & valid;
    let delimiters = lanes.equal(dialect.delimiter) & valid;
    let quotes = dialect.quote.map_or(0, |quote| lanes.equal(quote) & valid);
    let mut cell_ends = feeds | delimiters;
    let mut row_ends = feeds;
    if quotes | carry.inside | carry.closed | carry.returned != 0 {
        let inside = prefix_xor(quotes) ^ carry.inside;
        carry.inside = 0u64.wrapping_sub(inside >> 63);
        cell_ends &= !inside;
        row_ends &= !inside;
        seen.quoted_feeds += (feeds & inside).count_ones() as usize;
        let opening = quotes & inside;
        let closing = quotes & !inside;
        let after_end = (cell_ends << 1) | carry.ended;
        let after_close = (closing << 1) | carry.closed;
        let returns = lanes.equal(b'\r') & after_close;
        let after_return = (returns << 1) | carry.returned;
        // An opening quote begins a cell or is the second half of a doubled one. After a closing quote comes the end of
        // the cell, its double, or the CR of a CR LF.
        let stray = (opening & !(after_end | after_close))
            | (after_close & valid & !(cell_ends | returns | opening))
            | (after_return & valid & !row_ends);
        seen.quotes = true;
        seen.stray |= stray != 0;
        seen.doubled |= opening & after_close != 0;
        carry.closed = closing >> 63;
        carry.returned = returns >> 63;
    }
    carry.ended = cell_ends >> 63;
    seen.rows += row_ends.count_ones() as usize;
    ends.push_mask(base, cell_ends);
}

/// Bit `i` of the answer is the parity of bits `0..=i`.
#[inline]
fn prefix_xor(mut bits: u64) -> u64 {
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    bits ^ (bits << 32)
}

/// 64 bytes in two vectors.
struct Lanes {
    low: u8x32,
    high: u8x32,
    quarters: [u8x16; 4],
}

impl Lanes {
    #[inline]
    fn load(step: &[u8; STEP]) -> Self {
        let (quarters, _) = step.as_chunks::<16>();
        let (halves, _) = step.as_chunks::<32>();
        Self {
            low: u8x32::new(halves[0]),
            high: u8x32::new(halves[1]),
            quarters: [0, 1, 2, 3].map(|i| u8x16::new(quarters[i])),
        }
    }

    #[inline]
    fn equal(&self, byte: u8) -> u64 {
        let byte = u8x32::splat(byte);
        let low = u64::from(self.low.simd_eq(byte).to_bitmask());
        let high = u64::from(self.high.simd_eq(byte).to_bitmask());
        low | high << 32
    }

    #[inline]
    fn least(&self) -> u8x16 {
        let [a, b, c, d] = self.quarters;
        a.min(b).min(c.min(d))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefix_xor_is_running_parity() {
        for bits in [0u64, 1, 0x8000_0000_0000_0001, 0b1010_0110, u64::MAX] {
            let mut parity = 0;
            for i in 0..64 {
                parity ^= bits >> i & 1;
                assert_eq!(prefix_xor(bits) >> i & 1, parity, "bit {i} of {bits:b}");
            }
        }
    }

    #[test]
    fn ends_are_found_at_every_alignment() {
        let dialect = Dialect { delimiter: b',', quote: Some(b'"') };
        for pad in 0..130 {
            let text = format!("{}\"a,\n\"\"b\",c\r\nd,e\n", "x,".repeat(pad));
            let mut ends = Ends::default();
            let seen = scan(text.as_bytes(), dialect, &mut ends);
            let start = pad * 2;
            let mut expected: Vec<usize> = (0..pad).map(|i| i * 2 + 1).collect();
            expected.extend([8, 11, 13, 15].map(|at| start + at));
            let found: Vec<usize> = ends.as_slice().iter().map(|end| *end as usize).collect();
            assert_eq!(found, expected, "pad {pad}");
            assert_eq!((seen.rows, seen.doubled, seen.stray, seen.open, seen.nul), (2, true, false, false, false));
        }
    }

    #[test]
    fn stray_quotes_and_nul_are_seen_at_every_alignment() {
        let dialect = Dialect { delimiter: b',', quote: Some(b'"') };
        for pad in 0..130 {
            for (tail, stray, nul) in [
                ("5\" pipe,b\n", true, false),
                ("\"a\"b,c\n", true, false),
                ("\"a\"\rb\n", true, false),
                ("\"a\"\r\n", false, false),
                ("a\0\n", false, true),
            ] {
                let text = format!("{}{tail}", "x,".repeat(pad));
                let seen = scan(text.as_bytes(), dialect, &mut Ends::default());
                assert_eq!((seen.stray, seen.nul), (stray, nul), "pad {pad} {tail:?}");
            }
        }
    }
}
