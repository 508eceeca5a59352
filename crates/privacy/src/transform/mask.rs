use arrow_array::ArrayRef;
use arrow_schema::DataType;

use super::text::{has_text, map_text};
use super::{ColumnTransform, TransformError};

/// Puts a character in place of each character, save at the ends.
///
/// Characters are Unicode code points, as in Presidio's `mask`: what a person sees as one may be several. The number of
/// characters shows; use `redact` to hide it.
#[derive(Debug, Clone, Copy)]
pub struct Mask {
    character: char,
    extent: Extent,
}

#[derive(Debug, Clone, Copy)]
enum Extent {
    AllBut { first: usize, last: usize },
    First(usize),
    Last(usize),
}

impl Mask {
    /// Masks with a character, and shows some at the start and the end.
    pub fn new(character: char, keep_first: usize, keep_last: usize) -> Self {
        Self { character, extent: Extent::AllBut { first: keep_first, last: keep_last } }
    }

    /// Masks so many characters at the start, and shows the rest: Presidio's `chars_to_mask`.
    pub fn first(character: char, characters: usize) -> Self {
        Self { character, extent: Extent::First(characters) }
    }

    /// Masks so many characters at the end, and shows the rest: Presidio's `from_end`.
    pub fn last(character: char, characters: usize) -> Self {
        Self { character, extent: Extent::Last(characters) }
    }

    /// Appends the masked text. A text that the ends would show whole is masked whole.
    pub fn mask(&self, text: &str, out: &mut String) {
        let count = if text.is_ascii() { text.len() } else { text.chars().count() };
        let (first, last) = match self.extent {
            Extent::AllBut { first, last } if first.saturating_add(last) >= count => (0, count),
            Extent::AllBut { first, last } => (first, count - last),
            Extent::First(characters) => (0, characters.min(count)),
            Extent::Last(characters) => (count.saturating_sub(characters), count),
        };
        if text.is_ascii()
            && let (Some(begin), Some(end)) = (text.get(..first), text.get(last..))
        {
            out.push_str(begin);
            push_repeated(self.character, last - first, out);
            out.push_str(end);
            return;
        }
        out.reserve(text.len());
        out.extend(text.chars().enumerate().map(|(i, c)| if (first..last).contains(&i) { self.character } else { c }));
    }
}

/// Appends a character so many times. The usual ones are copied from a text of many.
fn push_repeated(character: char, count: usize, out: &mut String) {
    const ASTERISKS: &str = "****************************************************************";
    match ASTERISKS.get(..count) {
        Some(asterisks) if character == '*' => out.push_str(asterisks),
        _ => out.extend(std::iter::repeat_n(character, count)),
    }
}

impl ColumnTransform for Mask {
    fn output_type(&self, input: &DataType) -> Result<DataType, TransformError> {
        has_text(input).map(|()| DataType::Utf8View)
    }

    fn apply(&self, input: &ArrayRef) -> Result<ArrayRef, TransformError> {
        map_text(input, |text, out| self.mask(text, out))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mask(character: char, keep_first: usize, keep_last: usize, text: &str) -> String {
        let mut out = String::new();
        Mask::new(character, keep_first, keep_last).mask(text, &mut out);
        out
    }

    #[test]
    fn ends_show_and_the_middle_does_not() {
        for (keep_first, keep_last, text, masked) in [
            (0, 0, "secret", "******"),
            (2, 0, "secret", "se****"),
            (0, 4, "4111111111111111", "************1111"),
            (1, 1, "abc", "a*c"),
            (0, 1, "a", "*"),
            (1, 1, "ab", "**"),
            (3, 3, "abcdef", "******"),
            (2, 2, "", ""),
            (1, 1, "Zoë😀!", "Z***!"),
            (usize::MAX, usize::MAX, "abc", "***"),
        ] {
            assert_eq!(mask('*', keep_first, keep_last, text), masked, "{keep_first} {keep_last}");
        }
        assert_eq!(mask('😈', 0, 1, "tex"), "😈😈x");
    }

    #[test]
    fn so_many_at_an_end() {
        for (mask, text, masked) in [
            (Mask::first('*', 3), "text", "***t"),
            (Mask::first('*', 9), "text", "****"),
            (Mask::first('*', 0), "text", "text"),
            (Mask::last('*', 3), "text", "t***"),
            (Mask::last('*', 9), "é😀", "**"),
        ] {
            let mut out = String::new();
            mask.mask(text, &mut out);
            assert_eq!(out, masked);
        }
    }

    proptest! {
        #[test]
        fn length_is_kept_and_something_is_hidden(text in "\\PC{1,20}", first in 0usize..8, last in 0usize..8) {
            let masked = mask('\0', first, last, &text);
            prop_assert_eq!(masked.chars().count(), text.chars().count());
            prop_assert!(masked.chars().any(|c| c == '\0'));
            let shown: Vec<_> = masked.chars().zip(text.chars()).filter(|(m, _)| *m != '\0').collect();
            prop_assert!(shown.len() <= first + last);
            prop_assert!(shown.iter().all(|(m, t)| m == t));
        }
    }
}
