use std::cmp::Ordering;

/// The place of an event among the events *of the same key*: hexadecimal digits.
///
/// There is no order between the sequencers of different keys, so there is no `Ord`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequencer(String);

impl Sequencer {
    /// Longer ones are not read. S3 sends 16 to 18 digits.
    const MAX_DIGITS: usize = 64;

    /// Takes 1 to 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = (1..=Self::MAX_DIGITS).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
        digits.then(|| Self(text.to_ascii_uppercase()))
    }

    /// The digits, upper case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Which of two events of one key came later. The shorter sequencer is padded with zeros on the right.
    ///
    /// Source: "Event message structure", Amazon S3 User Guide.
    pub fn compare_same_key(&self, other: &Self) -> Ordering {
        let (mine, theirs) = (self.0.as_bytes(), other.0.as_bytes());
        let digit = |digits: &[u8], index: usize| digits.get(index).copied().unwrap_or(b'0');
        (0..mine.len().max(theirs.len()))
            .map(|index| digit(mine, index).cmp(&digit(theirs, index)))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sequencer(digits: &str) -> Sequencer {
        Sequencer::parse(digits).unwrap()
    }

    #[test]
    fn shorter_is_padded_on_the_right() {
        for (a, b, order) in [
            ("0055AED6DCD90281E5", "0055AED6DCD90281E6", Ordering::Less),
            ("0055AED6DCD90281E5", "0055aed6dcd90281e5", Ordering::Equal),
            ("617f", "617f00", Ordering::Equal),
            // Padding on the left would turn these two round.
            ("9", "10", Ordering::Greater),
            ("A0", "9F", Ordering::Greater),
        ] {
            assert_eq!(sequencer(a).compare_same_key(&sequencer(b)), order, "{a} {b}");
        }
    }

    #[test]
    fn only_hexadecimal_digits() {
        for bad in ["", "xyz", "0x1", " 1", &"0".repeat(65)] {
            assert_eq!(Sequencer::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn comparing_is_consistent(a in "[0-9A-F]{1,20}", b in "[0-9A-F]{1,20}", zeros in 0usize..8) {
            let (left, right) = (sequencer(&a), sequencer(&b));
            prop_assert_eq!(left.compare_same_key(&right), right.compare_same_key(&left).reverse());
            let padded = sequencer(&format!("{a}{}", "0".repeat(zeros)));
            prop_assert_eq!(left.compare_same_key(&right), padded.compare_same_key(&right));
        }
    }
}
