//! Keys that count up by one, as identifiers do in most tables: a run of them is held by its first and its last.

use std::collections::BTreeMap;

/// Shorter runs are not worth an entry of their own.
const LEAST_KEYS: usize = 64;
/// Runs that are held at most, so that their memory is bounded.
const MOST_RUNS: usize = 1 << 12;

/// Digits that a key can hold as text.
const MOST_DIGITS: u32 = 12;
/// A key's text stands above its length.
const TEXT_SHIFT: u32 = u32::BITS;

/// What comes after a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counting {
    /// A text of decimal digits without leading zeros: the next such text.
    Decimals,
    /// The next 64-bit number.
    Integers,
}

impl Counting {
    fn of(key: u128) -> Option<Self> {
        [Self::Decimals, Self::Integers].into_iter().find(|counting| counting.place(key).is_some())
    }

    /// Which of the keys that are counted this one is.
    fn place(self, key: u128) -> Option<u64> {
        match self {
            Self::Decimals => decimal(key),
            Self::Integers => u64::try_from(key).ok(),
        }
    }

    fn key(self, place: u64) -> u128 {
        match self {
            Self::Decimals => decimal_key(place),
            Self::Integers => place.into(),
        }
    }

    /// The key after one that is counted. Behind the last there is one that is not.
    #[inline]
    fn after(self, key: u128) -> u128 {
        match self {
            Self::Integers => key.wrapping_add(1),
            Self::Decimals => {
                // Nine of ten times the last digit alone differs.
                let last = TEXT_SHIFT + 8 * (digits(key).saturating_sub(1));
                match (key >> last) & 0xff {
                    digit if digit < u128::from(b'9') => key + (1 << last),
                    _ => decimal(key).map_or(0, |number| decimal_key(number.saturating_add(1))),
                }
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the length is what is wanted")]
const fn digits(key: u128) -> u32 {
    let length = key as u32;
    if length < MOST_DIGITS { length } else { MOST_DIGITS }
}

/// The number that a key's text is in decimal digits, if it has no leading zero.
fn decimal(key: u128) -> Option<u64> {
    let length = u32::try_from(key & u128::from(u32::MAX)).ok().filter(|length| (1..=MOST_DIGITS).contains(length))?;
    let text = (key >> TEXT_SHIFT).to_le_bytes();
    let text = text.get(..usize::try_from(length).ok()?)?;
    let is_plain = text.first() != Some(&b'0') || text.len() == 1;
    let nothing_follows = key.checked_shr(TEXT_SHIFT + 8 * length).unwrap_or_default() == 0;
    (is_plain && nothing_follows).then_some(())?;
    text.iter().try_fold(0, |number, byte| Some(number * 10 + u64::from(byte.is_ascii_digit().then(|| byte - b'0')?)))
}

/// The key of a number's decimal digits; of one with too many there is none, and 0 is nobody's.
fn decimal_key(number: u64) -> u128 {
    let (mut text, mut length, mut rest) = (0u128, 0, number);
    loop {
        text = text << 8 | u128::from(rest % 10 + u64::from(b'0'));
        length += 1;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if length > MOST_DIGITS { 0 } else { text << TEXT_SHIFT | u128::from(length) }
}

/// What stands at the beginning of some keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beginning {
    /// So many keys, which are held now.
    Held(usize),
    /// So many keys, at least one, that are to be held one by one.
    Single(usize),
}

/// Runs of keys, none of which is in two.
#[derive(Debug, Default)]
pub(super) struct KeyRuns {
    /// All runs of a column count alike: a key could be a text for one and a number for another.
    counting: Option<Counting>,
    /// First and last place.
    runs: BTreeMap<u64, u64>,
}

impl KeyRuns {
    /// Holds the run at the beginning of `keys`, if there is one.
    pub(super) fn hold(&mut self, keys: &[u128]) -> Beginning {
        let one_by_one = Beginning::Single(keys.len().min(LEAST_KEYS));
        let Some(first) = keys.first() else { return one_by_one };
        let Some(counting) = self.counting.or_else(|| Counting::of(*first)) else { return one_by_one };
        let Some(place) = counting.place(*first) else { return one_by_one };
        let mut next = *first;
        let mut length = 0;
        for key in keys {
            if *key != next {
                break;
            }
            length += 1;
            next = counting.after(next);
        }
        if length < LEAST_KEYS {
            return one_by_one;
        }
        let last = place.checked_add(crate::value::count(length - 1));
        match last {
            Some(last) if self.insert(counting, place, last) => Beginning::Held(length),
            _ => Beginning::Single(length),
        }
    }

    /// Adds a run unless some of its keys are held, or too many runs.
    fn insert(&mut self, counting: Counting, first: u64, last: u64) -> bool {
        let before = self.runs.range(..=last).next_back().map(|(first, last)| (*first, *last));
        if before.is_some_and(|(_, end)| end >= first) || self.counting.is_some_and(|known| known != counting) {
            return false;
        }
        match before {
            // What a block ends with goes on in the next one.
            Some((begin, end)) if end + 1 == first => {
                self.runs.insert(begin, last);
            }
            _ if self.runs.len() == MOST_RUNS => return false,
            _ => {
                self.runs.insert(first, last);
            }
        }
        self.counting = Some(counting);
        true
    }

    /// Takes over the runs of another, and gives back those that it cannot hold.
    pub(super) fn merge(&mut self, mut other: Self) -> Self {
        if let Some(counting) = other.counting {
            other.runs.retain(|first, last| !self.insert(counting, *first, *last));
        }
        other
    }

    /// Whether the key is in a run.
    #[inline]
    pub(super) fn contains(&self, key: u128) -> bool {
        let Some(place) = self.counting.and_then(|counting| counting.place(key)) else { return false };
        self.runs.range(..=place).next_back().is_some_and(|(_, last)| *last >= place)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// How many keys there are.
    pub(super) fn count(&self) -> u64 {
        self.runs.iter().map(|(first, last)| last - first + 1).sum()
    }

    /// The keys.
    pub(super) fn keys(&self) -> impl Iterator<Item = u128> {
        let counting = self.counting;
        self.runs.iter().flat_map(|(first, last)| *first..=*last).filter_map(move |place| Some(counting?.key(place)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text_key(text: &str) -> u128 {
        arrow_array::builder::make_view(text.as_bytes(), 0, 0)
    }

    fn texts(numbers: impl Iterator<Item = u64>) -> Vec<u128> {
        numbers.map(|number| text_key(&number.to_string())).collect()
    }

    #[test]
    fn what_counts_up_is_a_run_and_what_does_not_is_none() {
        let mut runs = KeyRuns::default();
        assert_eq!(runs.hold(&texts(95..1_200)), Beginning::Held(1_105));
        // A block goes on where the last one ended.
        assert_eq!(runs.hold(&texts((1_200..1_300).chain([7]))), Beginning::Held(100));
        assert_eq!(runs.count(), 1_205);
        // Twice the same is left to those who count.
        assert_eq!(runs.hold(&texts(1_299..1_400)), Beginning::Single(101));
        assert_eq!(runs.hold(&texts(1_400..1_420)), Beginning::Single(20));
        assert_eq!(runs.hold(&texts((0..100).map(|number| number * 2))), Beginning::Single(LEAST_KEYS));
        assert!(runs.contains(text_key("95")) && runs.contains(text_key("1299")) && runs.contains(text_key("1000")));
        for other in ["94", "1300", "0095", "95 ", "", "x", "+95", "999999999999"] {
            assert!(!runs.contains(text_key(other)), "{other}");
        }
        // Numbers are not texts.
        assert_eq!(runs.hold(&(0..100).collect::<Vec<_>>()), Beginning::Single(LEAST_KEYS));
        assert!(runs.keys().eq(texts(95..1_300)));
    }

    #[test]
    fn the_last_of_what_can_be_counted_ends_a_run() {
        let decimals = texts(999_999_999_900..=999_999_999_999);
        assert_eq!(KeyRuns::default().hold(&decimals), Beginning::Held(100));
        let mut integers: Vec<u128> = (u64::MAX - 99..=u64::MAX).map(u128::from).collect();
        assert_eq!(KeyRuns::default().hold(&integers), Beginning::Held(100));
        integers.push(1 << 64);
        assert_eq!(KeyRuns::default().hold(&integers), Beginning::Single(101));
    }

    #[test]
    fn memory_is_bounded() {
        let mut runs = KeyRuns::default();
        let held = |runs: &mut KeyRuns, run: u128| runs.hold(&(run * 1000..run * 1000 + 64).collect::<Vec<_>>());
        assert!((0..4_096).all(|run| held(&mut runs, run) == Beginning::Held(64)));
        assert_eq!(held(&mut runs, 4_096), Beginning::Single(64));
    }

    proptest! {
        #[test]
        fn decimals_are_read_and_written(number in 0u64..=999_999_999_999) {
            let key = text_key(&number.to_string());
            prop_assert_eq!(decimal(key), Some(number));
            prop_assert_eq!(decimal_key(number), key);
            if number < 999_999_999_999 {
                prop_assert_eq!(Counting::Decimals.after(key), text_key(&(number + 1).to_string()));
            }
        }

        #[test]
        fn other_texts_are_no_decimals(text in "0[0-9]{1,5}|[0-9]{0,4}[^0-9][0-9]{0,4}") {
            if text.len() <= 12 {
                prop_assert_eq!(decimal(text_key(&text)), None);
            }
        }
    }
}
