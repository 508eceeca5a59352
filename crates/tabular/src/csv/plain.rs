//! Cells that can be written as they are: found and copied sixteen bytes at a time.

#![expect(
    clippy::indexing_slicing,
    clippy::inline_always,
    reason = "measured kernel: a table of 256 is indexed by bytes; what is done for each cell is part of the loop over cells, \
              which took half the time of the loop that called and looked at bytes one by one"
)]

use wide::u8x16;

use crate::csv::formula::may_begin_formula;
use crate::options::CsvOptions;

/// Bytes that are looked at in one step.
const STEP: usize = 16;

/// What a cell must not have in order to be written as it is. Whatever has some of it is looked at again, exactly.
#[derive(Debug)]
pub(crate) struct Plain {
    /// By byte: whether a cell that begins with it may be plain.
    may_begin: [bool; 256],
    delimiter: u8x16,
    quote: u8x16,
}

impl Plain {
    pub(crate) fn new(options: &CsvOptions, neutralise_formulas: bool) -> Self {
        let mut may_begin = [true; 256];
        // An empty cell, which is quoted, looks like one of NUL here. A byte order mark and the wide signs of formulas begin
        // with 0xef.
        let exceptions = [0, 0xef].into_iter().chain(options.null_text.iter().filter_map(|text| text.bytes().next()));
        for byte in exceptions.chain((0..0x80).filter(|byte| neutralise_formulas && may_begin_formula(*byte))) {
            may_begin[usize::from(byte)] = false;
        }
        Self {
            may_begin,
            delimiter: u8x16::splat(options.delimiter),
            quote: u8x16::splat(options.quote.unwrap_or(options.delimiter)),
        }
    }

    /// Appends a text of at most 12 bytes that a view holds itself, if it is plain.
    #[inline(always)]
    pub(crate) fn push_inline(&self, view: u128, length: usize, out: &mut Vec<u8>) -> bool {
        let bytes = (view >> 32).to_le_bytes();
        // What follows the text in a view are zeros, which are no special bytes.
        if !self.may_begin[usize::from(bytes[0])] || self.is_special(&bytes) {
            return false;
        }
        let end = out.len() + length;
        out.extend_from_slice(&bytes);
        out.truncate(end);
        true
    }

    /// Appends a text if it is plain.
    #[inline(always)]
    pub(crate) fn push(&self, text: &[u8], out: &mut Vec<u8>) -> bool {
        match (text.first_chunk::<STEP>(), text.last_chunk::<STEP>()) {
            (Some(first), Some(last)) if text.len() <= 2 * STEP => self.push_overlapping(first, last, text.len(), out),
            (Some(_), Some(last)) => self.push_long(text, last, out),
            _ => self.push_few(text, out),
        }
    }

    /// A text that its first and last sixteen bytes cover.
    #[inline(always)]
    fn push_overlapping(&self, first: &[u8; STEP], last: &[u8; STEP], length: usize, out: &mut Vec<u8>) -> bool {
        if !self.may_begin[usize::from(first[0])] || self.is_special(first) || self.is_special(last) {
            return false;
        }
        // Copies of a known size are a move each; the second overwrites what it has in common with the first.
        let begin = out.len();
        out.extend_from_slice(first);
        out.truncate(begin + length - STEP);
        out.extend_from_slice(last);
        true
    }

    fn push_long(&self, text: &[u8], last: &[u8; STEP], out: &mut Vec<u8>) -> bool {
        let (steps, _rest_is_in_last) = text.as_chunks::<STEP>();
        let is_plain = self.may_begin[usize::from(text[0])]
            && !self.is_special(last)
            && steps.iter().all(|step| !self.is_special(step));
        if is_plain {
            out.extend_from_slice(text);
        }
        is_plain
    }

    /// A text of fewer than sixteen bytes, in the same way by eight. Texts of fewer than eight are in their views.
    #[inline(always)]
    fn push_few(&self, text: &[u8], out: &mut Vec<u8>) -> bool {
        let (Some(first), Some(last)) = (text.first_chunk::<8>(), text.last_chunk::<8>()) else { return false };
        let both = u128::from(u64::from_le_bytes(*first)) | u128::from(u64::from_le_bytes(*last)) << 64;
        if !self.may_begin[usize::from(first[0])] || self.is_special(&both.to_le_bytes()) {
            return false;
        }
        let begin = out.len();
        out.extend_from_slice(first);
        out.truncate(begin + text.len() - first.len());
        out.extend_from_slice(last);
        true
    }

    /// Whether a text has a delimiter, a quote or a line break.
    pub(crate) fn has_special(&self, text: &[u8]) -> bool {
        let (steps, rest) = text.as_chunks::<STEP>();
        let mut last = [0; STEP];
        last[..rest.len()].copy_from_slice(rest);
        steps.iter().any(|step| self.is_special(step)) || self.is_special(&last)
    }

    /// Whether some byte is a delimiter, a quote or a line break.
    #[inline(always)]
    fn is_special(&self, bytes: &[u8; STEP]) -> bool {
        let bytes = u8x16::new(*bytes);
        let special = bytes.simd_eq(self.delimiter)
            | bytes.simd_eq(self.quote)
            | bytes.simd_eq(u8x16::splat(b'\n'))
            | bytes.simd_eq(u8x16::splat(b'\r'));
        special.to_bitmask() != 0
    }
}
