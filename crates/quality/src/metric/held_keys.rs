//! Keys in memory, in as few bytes as they need and in pieces, so that growing copies nothing.

use super::spill::Segment;

/// Records of a partition's first piece; each later one has twice as many as the one before, so that few keys take little
/// memory and many take few pieces.
const FIRST_RECORDS: usize = 1 << 4;
/// Doublings at most: to 32 KiB of wide keys.
const DOUBLINGS: usize = 7;
const NARROW_BYTES: usize = size_of::<u64>();
const WIDE_BYTES: usize = size_of::<u128>();
const ENTRY_BYTES: usize = size_of::<(u128, u64)>();

/// Texts of so many bytes are longer than what stands in the low half of a key, and yet fit eight bytes with their length.
const PACKED_LENGTHS: std::ops::RangeInclusive<u128> = 5..=7;
/// The highest byte of a packed text, its length left out.
const TEXT_MARK: u64 = 0x80;
/// Bits of a key that hold the bytes of a packed text, and where they begin.
const TEXT_BITS: u128 = (1 << 56) - 1;
const TEXT_SHIFT: u32 = 32;
const MARK_SHIFT: u32 = 56;

/// A key in eight bytes, if it is a number or a text of at most seven bytes.
///
/// Numbers and texts of four bytes stand in the low half alone and are taken as they are; a text of five to seven bytes has
/// its length in the low 32 bits and its bytes above, which become one byte of mark and length, and the text. The numbers
/// that would look like such a text stay wide.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "what is cut off was seen to be zero")]
pub(super) const fn narrow(key: u128) -> Option<u64> {
    let length = key & u32::MAX as u128;
    if key >> u64::BITS == 0 {
        let low = key as u64;
        return if is_text(low) { None } else { Some(low) };
    }
    let is_short = *PACKED_LENGTHS.start() <= length && length <= *PACKED_LENGTHS.end();
    let text = key >> TEXT_SHIFT;
    if is_short && text <= TEXT_BITS {
        return Some((TEXT_MARK | length as u64) << MARK_SHIFT | text as u64);
    }
    None
}

const fn is_text(narrow: u64) -> bool {
    let mark = narrow >> MARK_SHIFT;
    let length = (mark ^ TEXT_MARK) as u128;
    *PACKED_LENGTHS.start() <= length && length <= *PACKED_LENGTHS.end()
}

/// The key that [`narrow`] made `narrow` of.
#[inline]
pub(super) const fn widen(narrow: u64) -> u128 {
    if is_text(narrow) {
        let length = (narrow >> MARK_SHIFT) ^ TEXT_MARK;
        (narrow as u128 & TEXT_BITS) << TEXT_SHIFT | length as u128
    } else {
        narrow as u128
    }
}

/// Records in pieces.
#[derive(Debug)]
pub(super) struct Pieces<T> {
    full: Vec<Vec<T>>,
    open: Vec<T>,
}

impl<T> Default for Pieces<T> {
    fn default() -> Self {
        Self { full: Vec::new(), open: Vec::new() }
    }
}

impl<T: Copy> Pieces<T> {
    #[inline]
    fn push(&mut self, record: T) {
        if self.open.len() == self.open.capacity() {
            self.renew();
        }
        self.open.push(record);
    }

    #[cold]
    fn renew(&mut self) {
        if self.open.capacity() > 0 {
            self.full.push(std::mem::take(&mut self.open));
        }
        self.open.reserve_exact(FIRST_RECORDS << self.full.len().min(DOUBLINGS));
    }

    fn len(&self) -> usize {
        self.full.iter().map(Vec::len).sum::<usize>() + self.open.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = T> + '_ {
        self.full.iter().chain([&self.open]).flatten().copied()
    }
}

/// The keys of one partition that are in memory, and where the others are in the file.
#[derive(Debug, Default)]
pub(super) struct Partition {
    /// Keys that came once, and that [`narrow`] takes.
    pub(super) narrow: Pieces<u64>,
    /// Other keys that came once.
    pub(super) wide: Pieces<u128>,
    /// Keys that came more often, and how often.
    pub(super) counted: Pieces<(u128, u64)>,
    pub(super) segments: Vec<Segment>,
}

impl Partition {
    /// Holds a key that came once; says how many bytes that takes.
    #[inline]
    pub(super) fn hold(&mut self, key: u128) -> usize {
        if let Some(narrow) = narrow(key) {
            self.narrow.push(narrow);
            return NARROW_BYTES;
        }
        self.wide.push(key);
        WIDE_BYTES
    }

    /// Holds a key that came `times` times; says how many bytes that takes.
    #[inline]
    pub(super) fn hold_counted(&mut self, key: u128, times: u64) -> usize {
        if times == 1 {
            return self.hold(key);
        }
        self.counted.push((key, times));
        ENTRY_BYTES
    }

    /// Records in memory.
    pub(super) fn held(&self) -> usize {
        self.narrow.len() + self.wide.len() + self.counted.len()
    }

    /// Records in memory and in the file.
    pub(super) fn records(&self) -> usize {
        self.held() + self.segments.iter().map(|segment| segment.records()).sum::<usize>()
    }

    /// Hands over each key in memory with its count.
    pub(super) fn for_each_held(&self, mut each: impl FnMut(u128, u64)) {
        self.narrow.iter().for_each(|key| each(widen(key), 1));
        self.wide.iter().for_each(|key| each(key, 1));
        self.counted.iter().for_each(|(key, times)| each(key, times));
    }

    /// Forgets the keys in memory.
    pub(super) fn clear_held(&mut self) {
        (self.narrow, self.wide, self.counted) = (Pieces::default(), Pieces::default(), Pieces::default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text_key(text: &str) -> u128 {
        arrow_array::builder::make_view(text.as_bytes(), 0, 0)
    }

    proptest! {
        #[test]
        fn a_narrow_key_is_read_back(key in prop_oneof![
            any::<u128>(),
            any::<u64>().prop_map(u128::from),
            (0x84u128..=0x89, any::<u32>()).prop_map(|(mark, rest)| mark << 56 | u128::from(rest)),
            (0u128..16, any::<u64>(), 0u32..64).prop_map(|(length, text, shift)| u128::from(text >> shift) << 32 | length),
        ]) {
            if let Some(narrow) = narrow(key) {
                prop_assert_eq!(widen(narrow), key);
            }
        }

        #[test]
        fn short_texts_and_small_numbers_are_narrow(text in "[ -~]{0,7}", longer in "[ -~]{8,12}", number: u32) {
            prop_assert!(narrow(text_key(&text)).is_some());
            prop_assert!(narrow(number.into()).is_some());
            prop_assert!(narrow(text_key(&longer)).is_none());
        }
    }

    #[test]
    fn what_is_held_is_handed_over() {
        let mut partition = Partition::default();
        let keys: Vec<u128> = (0..1000).map(|key| key << (key % 100)).collect();
        let bytes: usize = keys.iter().map(|key| partition.hold_counted(*key, 1 + u64::from(*key == 999 << 99))).sum();
        assert!(bytes < keys.len() * WIDE_BYTES, "{bytes}");
        assert_eq!(partition.records(), keys.len());
        let mut found = Vec::new();
        partition.for_each_held(|key, _| found.push(key));
        found.sort_unstable();
        let mut wanted = keys;
        wanted.sort_unstable();
        assert_eq!(found, wanted);
        partition.clear_held();
        assert_eq!(partition.held(), 0);
    }
}
