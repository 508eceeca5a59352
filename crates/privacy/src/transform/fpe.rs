mod alphabet;
mod decimal;
mod luhn;
mod mark;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::{Array as _, ArrayRef, StringViewArray};
use arrow_schema::DataType;
use sluice_common::policy::{self, CheckDigit, Unfit};
use sluice_tabular::Texts;
use zeroize::{Zeroize as _, Zeroizing};

use super::text::{CHUNK_ROWS, bytes_of, chunks, finish, has_text, text_of};
use super::token::Token;
use super::{ColumnTransform, TransformError};
use crate::crypto::{Ff1, Ff1Error, Ff1Lane};
use crate::keyring::{KeyPurpose, ScopedKey};
use alphabet::Alphabet;
use decimal::Digits;
pub use mark::FpeMark;

/// Format-preserving encryption: FF1 with AES-256 over the characters of an alphabet. Others, such as the hyphens of a
/// number, stay where they are, as do so many of the alphabet's at either end as the policy keeps.
///
/// What is kept is the tweak, so that equal middles of different card numbers are not encrypted alike; where the separators
/// stand is not part of it, so that `4111-1111-…` and `41111111…` have the same digits. The key is named in the statement
/// and in the object's metadata, since a text of the same format has no room for it ([`FpeMark`]).
///
/// With the Luhn check, FF1 is applied to all but one of the encrypted digits, and that one is set so that the sum keeps
/// its remainder: a valid number stays valid, an invalid one stays invalid, and there is one way back. It takes one digit
/// from the domain, so seven are needed in place of six.
///
/// A value whose encrypted part has fewer than a million alternatives is not encrypted: the policy says what becomes of it.
pub struct Fpe {
    ff1: Ff1,
    alphabet: Alphabet,
    is_decimal: bool,
    keep_first: usize,
    keep_last: usize,
    check: CheckDigit,
    unfit: Unfit,
    token: Token,
}

/// Room that is enough for any value that is worked on in one word.
const OPENED_BYTES: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Encrypt,
    Decrypt,
}

/// A value on its way.
struct Row {
    numerals: Numerals,
    /// Those of them that FF1 changes.
    changed: Range<usize>,
    /// What became of the value, in the chunk's text.
    written: Range<usize>,
}

/// The numerals of the alphabet's characters in a value, in their order.
enum Numerals {
    /// Decimal digits in a word, and their lane.
    Digits(Digits, usize),
    /// A range of the chunk's, and their lane, or none when the string is too long for one.
    Listed(Range<usize>, Option<usize>),
}

/// Room for a chunk of rows, used again and again.
#[derive(Default)]
struct Chunk {
    numerals: Vec<u16>,
    lanes: Vec<Ff1Lane>,
    rows: Vec<Option<Row>>,
    /// What is written, in UTF-8.
    text: Vec<u8>,
}

impl Fpe {
    /// Encryption with the parameters of the policy, under a key of a domain.
    ///
    /// # Errors
    /// [`TransformError::Fpe`] when the alphabet has fewer than two characters or more than 65,536.
    pub fn new<'k>(parameters: &policy::Fpe, key: impl Into<ScopedKey<'k>>) -> Result<Self, TransformError> {
        let key = key.into();
        let alphabet = Alphabet::new(&parameters.alphabet);
        Ok(Self {
            ff1: Ff1::aes_256(&key.derive(KeyPurpose::Fpe), alphabet.radix(), &[0; 8])?,
            is_decimal: alphabet.is_decimal(),
            alphabet,
            keep_first: usize::from(parameters.keep_first),
            keep_last: usize::from(parameters.keep_last),
            check: parameters.check,
            unfit: parameters.unfit,
            token: Token::new(key),
        })
    }

    /// Decrypts what [`ColumnTransform::apply`] gave. FF1 authenticates nothing: what was made under another key, or with
    /// other parameters, opens to something else of the same format.
    ///
    /// # Errors
    /// As [`ColumnTransform::apply`]; a value that is too short was never encrypted.
    pub fn decrypt(&self, input: &ArrayRef) -> Result<ArrayRef, TransformError> {
        self.map(input, Direction::Decrypt)
    }

    /// Decrypts one value. None when it was never encrypted: it has too few characters of the alphabet, or too many.
    pub fn open(&self, text: &str) -> Option<Zeroizing<String>> {
        let mut chunk = Chunk::default();
        let row = self.read(text, &mut chunk)?;
        self.ff1.decrypt_lanes(&mut chunk.lanes);
        let Chunk { numerals, lanes, .. } = &mut chunk;
        // Room for all of it from the start, so that growing leaves no copies behind.
        let mut opened = Zeroizing::new(Vec::with_capacity(text.len().saturating_mul(4).max(OPENED_BYTES)));
        let finished = self.finish(text, &row, numerals, lanes, Direction::Decrypt, &mut opened);
        numerals.zeroize();
        finished.ok()?;
        String::from_utf8(std::mem::take(&mut *opened)).ok().map(Zeroizing::new)
    }

    fn map(&self, input: &ArrayRef, direction: Direction) -> Result<ArrayRef, TransformError> {
        let texts = text_of(input)?;
        let mut out = Texts::with_capacity(texts.len(), bytes_of(&texts));
        let mut chunk = Chunk::default();
        for (texts, first_row) in chunks(&texts).zip((0..).step_by(CHUNK_ROWS)) {
            self.read_all(&texts, &mut chunk);
            match direction {
                Direction::Encrypt => self.ff1.encrypt_lanes(&mut chunk.lanes),
                Direction::Decrypt => self.ff1.decrypt_lanes(&mut chunk.lanes),
            }
            self.write_all(&texts, &mut chunk, direction, first_row, &mut out)?;
        }
        Ok(Arc::new(finish(out)?))
    }

    fn read_all(&self, texts: &StringViewArray, chunk: &mut Chunk) {
        chunk.numerals.clear();
        chunk.lanes.clear();
        chunk.rows.clear();
        for text in texts {
            let read = self.read(text.unwrap_or_default(), chunk);
            chunk.rows.push(read);
        }
    }

    fn write_all(
        &self,
        texts: &StringViewArray,
        chunk: &mut Chunk,
        direction: Direction,
        first_row: usize,
        out: &mut Texts,
    ) -> Result<(), TransformError> {
        self.write_chunk(texts, chunk, direction)?;
        // One look for the whole chunk: at each text alone it was a twentieth of what a text costs.
        let written = std::str::from_utf8(&chunk.text).unwrap_or_default();
        for ((text, read), row) in texts.iter().zip(&chunk.rows).zip(first_row..) {
            match (text, read) {
                (None, _) => out.push_null(),
                (Some(""), _) => out.push(""),
                (Some(_), Some(read)) => out.push(written.get(read.written.clone()).unwrap_or_default()),
                (Some(text), None) => match self.unfit {
                    Unfit::Null => out.push_null(),
                    Unfit::Token if direction == Direction::Encrypt => {
                        out.push_with(|out| self.token.token(text, out));
                    }
                    Unfit::Token | Unfit::Refuse => return Err(self.too_short(text, row)),
                },
            }
        }
        Ok(())
    }

    /// Writes what becomes of the values that were read.
    fn write_chunk(
        &self,
        texts: &StringViewArray,
        chunk: &mut Chunk,
        direction: Direction,
    ) -> Result<(), TransformError> {
        let Chunk { numerals, lanes, rows, text: written } = chunk;
        written.clear();
        for (text, read) in texts.iter().zip(rows) {
            let (Some(text), Some(read)) = (text, read) else { continue };
            let begin = written.len();
            self.finish(text, read, numerals, lanes, direction, written)?;
            read.written = begin..written.len();
        }
        Ok(())
    }

    /// Brings a text into numerals and its changing part into a lane; none when that part is too short.
    fn read(&self, text: &str, chunk: &mut Chunk) -> Option<Row> {
        if self.is_decimal
            && let Some(row) = Digits::of(text).and_then(|digits| self.read_digits(digits, &mut chunk.lanes))
        {
            return Some(row);
        }
        let begin = chunk.numerals.len();
        self.alphabet.read(text, &mut chunk.numerals);
        let numerals = chunk.numerals.get(begin..)?;
        let changed = self.changed(numerals.len());
        let string = numerals.get(changed.clone())?;
        if self.ff1.check_length(string.len()).is_err() {
            chunk.numerals.truncate(begin);
            return None;
        }
        let kept_last = numerals.len().checked_sub(self.keep_last)?;
        let tweak = tweak(numerals.get(..changed.start)?.iter().copied(), numerals.get(kept_last..)?.iter().copied());
        let lane = self.ff1.push_lane(string, tweak, &mut chunk.lanes).then(|| chunk.lanes.len() - 1);
        Some(Row { numerals: Numerals::Listed(begin..chunk.numerals.len(), lane), changed, written: 0..0 })
    }

    fn read_digits(&self, digits: Digits, lanes: &mut Vec<Ff1Lane>) -> Option<Row> {
        let changed = self.changed(digits.count());
        let kept_last = digits.count().checked_sub(self.keep_last)?;
        let tweak = tweak(digits.numerals(0..changed.start), digits.numerals(kept_last..digits.count()));
        let [left, right] = halves(&changed).map(|half| digits.number(half));
        let lane = self.ff1.push_halves(changed.len(), [left, right], tweak, lanes).then(|| lanes.len() - 1)?;
        Some(Row { numerals: Numerals::Digits(digits, lane), changed, written: 0..0 })
    }

    /// Of so many numerals those that FF1 changes. The one after them is the check's, if there is a check.
    fn changed(&self, numerals: usize) -> Range<usize> {
        let end = numerals.saturating_sub(self.keep_last + usize::from(self.check == CheckDigit::Luhn));
        self.keep_first..end.max(self.keep_first)
    }

    /// Appends a text with the changed numerals in the places of the old ones.
    fn finish(
        &self,
        text: &str,
        row: &Row,
        numerals: &mut [u16],
        lanes: &[Ff1Lane],
        direction: Direction,
        out: &mut Vec<u8>,
    ) -> Result<(), TransformError> {
        match &row.numerals {
            Numerals::Digits(digits, lane) => {
                let lane = lanes.get(*lane).copied().unwrap_or_default();
                self.finish_digits(*digits, &row.changed, &lane).write(text, out);
            }
            Numerals::Listed(range, lane) => {
                let numerals = numerals.get_mut(range.clone()).unwrap_or_default();
                let lane = lane.and_then(|lane| lanes.get(lane));
                self.finish_listed(numerals, &row.changed, lane, direction)?;
                self.alphabet.write(text, numerals, out);
            }
        }
        Ok(())
    }

    fn finish_digits(&self, mut digits: Digits, changed: &Range<usize>, lane: &Ff1Lane) -> Digits {
        let remainder = (self.check == CheckDigit::Luhn).then(|| digits.luhn_remainder());
        for (half, number) in halves(changed).into_iter().zip(lane.halves()) {
            digits.set_number(half, u64::try_from(number).unwrap_or_default());
        }
        if let Some(remainder) = remainder {
            digits.set_luhn(changed.end, remainder);
        }
        digits
    }

    fn finish_listed(
        &self,
        numerals: &mut [u16],
        changed: &Range<usize>,
        lane: Option<&Ff1Lane>,
        direction: Direction,
    ) -> Result<(), TransformError> {
        let remainder = (self.check == CheckDigit::Luhn).then(|| luhn::remainder(numerals));
        let string = numerals.get_mut(changed.clone()).unwrap_or_default();
        match lane {
            Some(lane) => self.ff1.write_numerals(lane, |index, numeral| {
                if let Some(place) = string.get_mut(index) {
                    *place = numeral;
                }
            }),
            None if direction == Direction::Encrypt => self.ff1.encrypt(string)?,
            None => self.ff1.decrypt(string)?,
        }
        if let Some(remainder) = remainder {
            luhn::set(numerals, changed.end, remainder);
        }
        Ok(())
    }

    fn too_short(&self, text: &str, row: usize) -> TransformError {
        let numerals = text.chars().filter(|c| self.alphabet.numeral(*c).is_some()).count();
        match self.ff1.check_length(self.changed(numerals).len()) {
            Err(Ff1Error::TooLong { .. }) => {
                TransformError::Unfit { expected: "short enough for `fpe`, which takes 4,096 characters", row }
            }
            _ => TransformError::Unfit {
                expected: "long enough for `fpe`, whose encrypted part needs a million alternatives; use `unfit: token`, \
                           or `token` or `encrypt` for the column",
                row,
            },
        }
    }
}

/// Sixty-four bits that follow from the numerals that stay: FNV-1a. A tweak need not be secret.
fn tweak(first: impl ExactSizeIterator<Item = u16>, last: impl ExactSizeIterator<Item = u16>) -> [u8; 8] {
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    if first.len() == 0 && last.len() == 0 {
        return [0; 8];
    }
    let hash = first.chain([u16::MAX]).chain(last).fold(0xcbf2_9ce4_8422_2325u64, |hash, numeral| {
        numeral.to_be_bytes().iter().fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME))
    });
    hash.to_be_bytes()
}

/// The halves of what FF1 changes: the shorter first (SP 800-38G §5.2, step 1 of `FF1.Encrypt`).
fn halves(changed: &Range<usize>) -> [Range<usize>; 2] {
    let middle = changed.start + changed.len() / 2;
    [changed.start..middle, middle..changed.end]
}

impl ColumnTransform for Fpe {
    fn output_type(&self, input: &DataType) -> Result<DataType, TransformError> {
        has_text(input).map(|()| DataType::Utf8View)
    }

    fn apply(&self, input: &ArrayRef) -> Result<ArrayRef, TransformError> {
        self.map(input, Direction::Encrypt)
    }
}

impl fmt::Debug for Fpe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fpe({:?}, [redacted])", self.alphabet)
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::cast::AsArray as _;
    use arrow_array::{Int64Array, StringArray};
    use proptest::prelude::*;
    use sluice_common::policy::KeyScope;
    use zeroize::Zeroizing;

    use super::*;
    use crate::keyring::{Domain, DomainKey, Epoch};

    fn parameters() -> policy::Fpe {
        policy::Fpe {
            alphabet: "0123456789".to_owned(),
            keep_first: 0,
            keep_last: 0,
            check: CheckDigit::None,
            unfit: Unfit::Refuse,
            key: KeyScope::Domain,
        }
    }

    fn fpe(parameters: &policy::Fpe, domain: &str) -> Fpe {
        let key = DomainKey::new(Domain::new(domain).unwrap(), Epoch::FIRST, Zeroizing::new([7; 32]));
        Fpe::new(parameters, &key).unwrap()
    }

    fn texts(array: &ArrayRef) -> Vec<Option<String>> {
        array.as_string_view().iter().map(|text| text.map(str::to_owned)).collect()
    }

    fn one(fpe: &Fpe, text: &str) -> String {
        let input: ArrayRef = Arc::new(StringArray::from(vec![text]));
        texts(&fpe.apply(&input).unwrap()).remove(0).unwrap()
    }

    #[test]
    fn separators_and_ends_stay() {
        let fpe = fpe(&policy::Fpe { keep_last: 4, ..parameters() }, "customers");
        let plain = one(&fpe, "4111111111111111");
        assert_eq!((plain.len(), plain.get(12..)), (16, Some("1111")));
        let grouped = one(&fpe, "4111-1111 1111.1111");
        assert_eq!(grouped.replace(['-', ' ', '.'], ""), plain);
        assert_eq!(grouped.get(14..), Some(".1111"));
        // What stays is the tweak.
        assert_ne!(one(&fpe, "4111111111112222").get(..12), plain.get(..12));
    }

    #[test]
    fn numbers_nulls_and_empty_texts() {
        let fpe = fpe(&parameters(), "customers");
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(1_234_567), None]));
        let strings: ArrayRef = Arc::new(StringArray::from(vec![Some("1234567"), None]));
        assert_eq!(fpe.apply(&numbers).unwrap().as_string_view(), fpe.apply(&strings).unwrap().as_string_view());
        assert_eq!(one(&fpe, ""), "");
    }

    #[test]
    fn short_values_become_what_the_policy_says() {
        let input = || -> ArrayRef { Arc::new(StringArray::from(vec!["123456", "12-345"])) };
        let error = fpe(&parameters(), "customers").apply(&input()).unwrap_err();
        assert!(matches!(error, TransformError::Unfit { row: 1, .. }), "{error}");
        assert!(error.to_string().contains("`token`") && !error.to_string().contains("345"), "{error}");
        let null = fpe(&policy::Fpe { unfit: Unfit::Null, ..parameters() }, "customers").apply(&input()).unwrap();
        assert_eq!(texts(&null)[1], None);
        let token = fpe(&policy::Fpe { unfit: Unfit::Token, ..parameters() }, "customers").apply(&input()).unwrap();
        assert!(texts(&token)[1].as_ref().unwrap().starts_with("tk1_1_"));
    }

    #[test]
    fn long_values_take_the_long_way() {
        let fpe = fpe(&parameters(), "customers");
        let long = "1234567890".repeat(30);
        let input: ArrayRef = Arc::new(StringArray::from(vec!["1234567", &long, "7654321"]));
        let output = fpe.apply(&input).unwrap();
        assert_eq!(texts(&output)[1].as_ref().unwrap().len(), 300);
        assert_eq!(texts(&fpe.decrypt(&output).unwrap())[1].as_deref(), Some(long.as_str()));
        let error = fpe.apply(&(Arc::new(StringArray::from(vec!["1".repeat(5_000)])) as ArrayRef)).unwrap_err();
        assert!(error.to_string().contains("4,096"), "{error}");
    }

    #[test]
    fn one_value_opens_as_a_column_does() {
        for (keep_last, luhn) in [(0, CheckDigit::None), (4, CheckDigit::Luhn)] {
            let fpe = fpe(&policy::Fpe { keep_last, check: luhn, ..parameters() }, "customers");
            for value in ["4111-1111 1111.1111", "é1234567 89012", &"1234567890".repeat(30)] {
                assert_eq!(fpe.open(&one(&fpe, value)).unwrap().as_str(), value);
            }
        }
        let fpe = fpe(&parameters(), "customers");
        for never in ["", "12345", "no digits", &"1".repeat(5_000)] {
            assert!(fpe.open(never).is_none(), "{never}");
        }
    }

    #[test]
    fn valid_cards_stay_valid_and_invalid_ones_invalid() {
        for (keep_first, keep_last) in [(0, 0), (0, 4), (6, 0), (4, 4), (0, 1)] {
            let fpe = fpe(&policy::Fpe { keep_first, keep_last, check: CheckDigit::Luhn, ..parameters() }, "customers");
            for (card, is_valid) in [
                ("4111111111111111", true),
                ("4111111111111112", false),
                ("378282246310005", true),
                ("6011-1111-1111-1117", true),
            ] {
                let sealed = one(&fpe, card);
                let digits: Vec<u16> =
                    sealed.chars().filter_map(|c| c.to_digit(10)).map(|d| u16::try_from(d).unwrap()).collect();
                assert_eq!(luhn::remainder(&digits) == 0, is_valid, "{card} keeping {keep_first} and {keep_last}");
                assert_ne!(sealed, card);
                assert_eq!(sealed.get(..usize::from(keep_first)), card.get(..usize::from(keep_first)));
                assert_eq!(
                    sealed.get(sealed.len() - usize::from(keep_last)..),
                    card.get(card.len() - usize::from(keep_last)..)
                );
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn there_is_one_way_back(
            values in prop::collection::vec("[0-9]{0,3}[-a-f0-9 .é]{20,40}[0-9]{12}", 1..40),
            keep_first in 0u16..4,
            keep_last in 0u16..4,
            luhn in any::<bool>(),
        ) {
            let check = if luhn { CheckDigit::Luhn } else { CheckDigit::None };
            let fpe = fpe(&policy::Fpe { keep_first, keep_last, check, ..parameters() }, "customers");
            let input: ArrayRef = Arc::new(StringArray::from(values.clone()));
            let output = fpe.apply(&input).unwrap();
            for (before, after) in values.iter().zip(output.as_string_view()) {
                let after = after.unwrap();
                prop_assert_eq!(before.chars().count(), after.chars().count());
                let same = before.chars().zip(after.chars()).all(|(b, a)| b == a || (b.is_ascii_digit() && a.is_ascii_digit()));
                prop_assert!(same);
            }
            prop_assert_eq!(texts(&fpe.decrypt(&output).unwrap()), values.into_iter().map(Some).collect::<Vec<_>>());
        }

        #[test]
        fn digits_in_a_word_become_what_they_become_one_by_one(
            values in prop::collection::vec("[0-9]{6,18}|[0-9 -]{8,34}|[0-9é]{10,20}", 1..20),
            keep_first in 0u16..4,
            keep_last in 0u16..5,
            luhn: bool,
        ) {
            let check = if luhn { CheckDigit::Luhn } else { CheckDigit::None };
            let parameters = policy::Fpe { keep_first, keep_last, check, unfit: Unfit::Null, ..parameters() };
            let slow = Fpe { is_decimal: false, ..fpe(&parameters, "customers") };
            let fpe = fpe(&parameters, "customers");
            let input: ArrayRef = Arc::new(StringArray::from(values));
            let output = fpe.apply(&input).unwrap();
            prop_assert_eq!(texts(&output), texts(&slow.apply(&input).unwrap()));
            prop_assert_eq!(texts(&fpe.decrypt(&output).unwrap()), texts(&slow.decrypt(&output).unwrap()));
        }

        #[test]
        fn any_alphabet_and_any_domain(
            value in "[α-ω]{6,30}",
        ) {
            let greek: String = ('α'..='ω').collect();
            let parameters = policy::Fpe { alphabet: greek.clone(), ..parameters() };
            let (one_domain, other_domain) = (fpe(&parameters, "customers"), fpe(&parameters, "staff"));
            let sealed = one(&one_domain, &value);
            prop_assert!(sealed.chars().all(|c| greek.contains(c)));
            prop_assert_eq!(&one(&one_domain, &value), &sealed);
            prop_assert_ne!(one(&other_domain, &value), sealed);
        }
    }
}
