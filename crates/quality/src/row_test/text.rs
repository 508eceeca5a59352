//! Texts against a list, in which NULL, EMPTY and `WHITESPACES_ONLY` may stand.

use std::collections::HashSet;

use arrow_buffer::BooleanBuffer;

use super::{mark_texts, with_nulls};
use crate::cells::{Cells, INLINE_BYTES, Texts, view_length};
use crate::frame::Frame;
use crate::plan::ColumnId;

/// Above this many short texts a hash set is faster than comparing with each.
const MAX_LINEAR: usize = 16;

/// A list of texts, and the words that stand for classes of them.
#[derive(Debug, Clone, PartialEq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each word may stand in the list or not")]
pub(crate) struct TextSet {
    /// Texts that their Arrow view holds completely, as views.
    short: Vec<u128>,
    short_set: HashSet<u128>,
    long: HashSet<Box<[u8]>>,
    /// `NULL` is named.
    pub(crate) null: bool,
    /// `EMPTY` is named.
    pub(crate) empty: bool,
    /// `WHITESPACES_ONLY` is named.
    pub(crate) whitespace: bool,
    /// The condition is `!=` or `not in`.
    pub(crate) negated: bool,
}

impl TextSet {
    /// A list without texts.
    pub(crate) fn new(negated: bool) -> Self {
        Self { negated, ..Self::default() }
    }

    /// Adds a text.
    pub(crate) fn insert(&mut self, text: &str) {
        match u32::try_from(text.len()) {
            Ok(length) if length <= INLINE_BYTES => {
                let view = arrow_array::builder::make_view(text.as_bytes(), 0, 0);
                if !self.short.contains(&view) {
                    self.short.push(view);
                }
                if self.short.len() > MAX_LINEAR {
                    self.short_set = self.short.iter().copied().collect();
                }
            }
            _ => {
                self.long.insert(text.as_bytes().into());
            }
        }
    }

    /// Whether a NULL row passes. A negated class of texts compares with NULL and so fails it, as it does in SQL.
    fn null_passes(&self) -> bool {
        if self.negated { !(self.null || self.empty || self.whitespace) } else { self.null }
    }

    pub(super) fn mark(&self, frame: &Frame<'_>, column: ColumnId) -> BooleanBuffer {
        let cells = frame.cells(column);
        let Cells::Text(array) = cells else {
            return mark_texts(frame, column, self.null_passes(), |text| self.contains_bytes(text) != self.negated);
        };
        let texts = Texts::new(array);
        let views = texts.views();
        let linear = self.short_set.is_empty() && self.long.is_empty() && !self.whitespace && !self.empty;
        let marks = if linear {
            mark_views(views, &self.short, self.negated)
        } else {
            let passes = |row| {
                let view = views.get(row).copied().unwrap_or_default();
                self.contains(view, || texts.bytes(row)) != self.negated
            };
            BooleanBuffer::collect_bool(frame.rows, passes)
        };
        with_nulls(marks, cells.valid(), self.null_passes())
    }

    #[inline]
    fn contains<'t>(&self, view: u128, text: impl Fn() -> &'t [u8]) -> bool {
        let length = view_length(view);
        if length == 0 && self.empty {
            return true;
        }
        let listed = if length > INLINE_BYTES {
            !self.long.is_empty() && self.long.contains(text())
        } else if self.short_set.is_empty() {
            self.short.contains(&view)
        } else {
            self.short_set.contains(&view)
        };
        listed || (self.whitespace && length > 0 && is_blank(text()))
    }

    fn contains_bytes(&self, text: &[u8]) -> bool {
        let view = match u32::try_from(text.len()) {
            Ok(length) if length <= INLINE_BYTES => arrow_array::builder::make_view(text, 0, 0),
            _ => u128::from(u32::MAX),
        };
        self.contains(view, || text)
    }
}

fn is_blank(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| text.trim().is_empty())
}

/// Looks for each view among the listed ones, without a branch.
fn mark_views(views: &[u128], listed: &[u128], negated: bool) -> BooleanBuffer {
    if let Some(places) = Places::of(listed) {
        return mark_each(views, negated, |view| places.holds(view));
    }
    // No early exit: a fixed number of comparisons is what the compiler makes vectors of.
    mark_each(views, negated, |view| listed.iter().map(|other| u64::from(*other == view)).sum::<u64>() > 0)
}

fn mark_each(views: &[u128], negated: bool, is_listed: impl Fn(u128) -> bool) -> BooleanBuffer {
    let mut words: Vec<u64> = Vec::with_capacity(views.len().div_ceil(64));
    for block in views.chunks(64) {
        let mut word = 0;
        for (bit, view) in block.iter().enumerate() {
            word |= u64::from(is_listed(*view) != negated) << bit;
        }
        words.push(word);
    }
    BooleanBuffer::new(words.into(), 0, views.len())
}

/// A few views, each in a place of its own, so that one comparison tells whether a view is among them.
struct Places {
    views: [u128; 1 << PLACE_BITS],
    factor: u64,
}

const PLACE_BITS: u32 = 7;
/// Factors that are tried; of sixteen views every third factor gives each its own place.
const FACTORS: u64 = 64;
/// No text that stands in its view is so long.
const NO_VIEW: u128 = u128::MAX;

impl Places {
    fn of(listed: &[u128]) -> Option<Self> {
        (0..FACTORS).find_map(|attempt| {
            // Odd multiples of the golden ratio's bits (D. Knuth, TAOCP 6.4).
            let factor = 0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(2 * attempt + 1);
            let mut places = Self { views: [NO_VIEW; 1 << PLACE_BITS], factor };
            for view in listed {
                let place = places.views.get_mut(place_of(*view, factor)).filter(|place| **place == NO_VIEW)?;
                *place = *view;
            }
            Some(places)
        })
    }

    #[inline]
    fn holds(&self, view: u128) -> bool {
        self.views.get(place_of(view, self.factor)) == Some(&view)
    }
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "both halves are used, and of the product the highest bits")]
const fn place_of(view: u128, factor: u64) -> usize {
    let (low, high) = (view as u64, (view >> 64) as u64);
    let mixed = low.wrapping_mul(factor) ^ high.wrapping_mul(factor.rotate_left(32) | 1);
    (mixed >> (u64::BITS - PLACE_BITS)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_listed_is_found_and_nothing_else(
            listed in prop::collection::hash_set("[a-c]{0,12}", 0..=MAX_LINEAR), others in prop::collection::vec("[a-c]{0,12}", 0..200)
        ) {
            let view = |text: &String| arrow_array::builder::make_view(text.as_bytes(), 0, 0);
            let listed_views: Vec<u128> = listed.iter().map(view).collect();
            let views: Vec<u128> = others.iter().chain(&listed).map(view).collect();
            let wanted: BooleanBuffer = others.iter().chain(&listed).map(|text| listed.contains(text)).collect();
            prop_assert_eq!(mark_views(&views, &listed_views, false), wanted.clone());
            prop_assert_eq!(mark_views(&views, &listed_views, true), !&wanted);
        }
    }
}
