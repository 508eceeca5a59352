//! What can be done to the values of a column, with its parameters. `transforms` is the only place that makes these values.

use std::fmt;

use serde::{Serialize, Serializer};

use super::comprehend::ComprehendSpec;

/// What is done to the values of a column. Nulls stay nulls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "transform", rename_all = "snake_case")]
pub enum Transform {
    /// Publish as it is.
    Keep,
    /// Leave the column out.
    Drop,
    /// Put the same text in place of each value.
    Redact {
        /// The text. Default `[REDACTED]`; at most 256 bytes without control characters.
        with: String,
    },
    /// Put a character in place of each character, save at the ends. A value that the ends would show whole is masked
    /// whole.
    Mask {
        /// The character (`char`). Default `*`; not a control character.
        character: char,
        /// Characters to show at the start. Default 0, at most 64.
        keep_first: u16,
        /// Characters to show at the end. Default 0, at most 64.
        keep_last: u16,
        /// Mask so many characters at the start, and show the rest. Not with the two above.
        #[serde(skip_serializing_if = "Option::is_none")]
        mask_first: Option<u16>,
        /// Mask so many characters at the end, and show the rest. Not with the others.
        #[serde(skip_serializing_if = "Option::is_none")]
        mask_last: Option<u16>,
    },
    /// A keyed digest (HMAC-SHA-256) of 128 bits: equal values, equal tokens within the domain; no way back.
    Token {
        /// Whose key.
        #[serde(skip_serializing_if = "KeyScope::is_domain")]
        key: KeyScope,
    },
    /// Deterministic encryption (AES-SIV): equal values, equal texts within the domain; `reidentify` can open them.
    Encrypt {
        /// Whose key.
        #[serde(skip_serializing_if = "KeyScope::is_domain")]
        key: KeyScope,
    },
    /// Put NULL in place of each value, in the column's own type.
    Null,
    /// Put the same value in place of each, in the column's own type where that can say it.
    Replace {
        /// The value, as text. At most 256 bytes without control characters.
        with: String,
    },
    /// A keyed digest in hexadecimal digits, as other tools expect it. Never one without a key.
    Hash {
        /// The hash function. Default `sha256`.
        algorithm: HashAlgorithm,
        /// How key and value meet. Default `hmac`.
        construction: HashConstruction,
        /// Whose key.
        #[serde(skip_serializing_if = "KeyScope::is_domain")]
        key: KeyScope,
    },
    /// Format-preserving encryption (FF1): the same length, the same alphabet; `reidentify` can open it.
    Fpe(Fpe),
    /// A coarser value.
    Generalize(Generalize),
    /// A value below or above the bounds becomes the bound. At least one is set.
    Clip {
        /// The least value.
        #[serde(skip_serializing_if = "Option::is_none")]
        min: Option<Number>,
        /// The greatest value.
        #[serde(skip_serializing_if = "Option::is_none")]
        max: Option<Number>,
        /// What becomes of a value that is no number.
        unfit: Unfit,
    },
    /// All dates of a subject move by the same number of days, which the domain's key decides.
    ShiftDate(ShiftDate),
    /// A random number is added, which the domain's key, the column, the row and the value decide.
    Noise {
        /// The distribution. Default `laplace`.
        distribution: NoiseDistribution,
        /// Laplace: the scale b. Gaussian: the standard deviation. Above 0.
        scale: Number,
        /// What becomes of a value that is no number.
        unfit: Unfit,
    },
    /// A made-up e-mail address or name, the same for equal values within the domain; no way back.
    Surrogate {
        /// What is made up.
        kind: SurrogateKind,
        /// E-mail: keep what follows the `@`. Default false: it becomes a domain reserved for examples.
        #[serde(skip_serializing_if = "is_false")]
        keep_domain: bool,
        /// Whose key.
        #[serde(skip_serializing_if = "KeyScope::is_domain")]
        key: KeyScope,
    },
    /// Personal data inside free text is replaced, the rest stays.
    RedactText {
        /// The entities to look for. Default: those of the section's `detect`.
        #[serde(skip_serializing_if = "Option::is_none")]
        entities: Option<Vec<String>>,
        /// What is put in place of it. Default `entity`.
        with: RedactWith,
        /// What Amazon Comprehend is asked beside our own detectors. Default nothing: no text leaves the account's function.
        #[serde(skip_serializing_if = "Option::is_none")]
        comprehend: Option<ComprehendSpec>,
        /// Whose key.
        #[serde(skip_serializing_if = "KeyScope::is_domain")]
        key: KeyScope,
    },
}

impl Transform {
    /// Whether it needs the key of the domain.
    pub fn is_keyed(&self) -> bool {
        self.key_scope().is_some()
    }

    /// Whose key it needs; none when it needs none.
    pub fn key_scope(&self) -> Option<KeyScope> {
        match self {
            Self::Keep
            | Self::Drop
            | Self::Redact { .. }
            | Self::Mask { .. }
            | Self::Null
            | Self::Replace { .. }
            | Self::Generalize(_)
            | Self::Clip { .. }
            | Self::RedactText { with: RedactWith::Entity, .. } => None,
            Self::Token { key }
            | Self::Encrypt { key }
            | Self::Hash { key, .. }
            | Self::Surrogate { key, .. }
            | Self::RedactText { key, .. } => Some(*key),
            Self::Fpe(fpe) => Some(fpe.key),
            // A subject's shift is the same in every column of the domain, so that the time between two events stays.
            Self::ShiftDate(_) => Some(KeyScope::Domain),
            // Two columns with the same noise would give their difference away.
            Self::Noise { .. } => Some(KeyScope::Column),
        }
    }

    /// Whether a value can be turned back with the key.
    pub fn is_reversible(&self) -> bool {
        matches!(self, Self::Encrypt { .. } | Self::Fpe(_))
    }

    /// A further column that it reads.
    pub fn subject(&self) -> Option<&str> {
        match self {
            Self::ShiftDate(shift) => Some(&shift.per),
            _ => None,
        }
    }
}

/// Whose key a transform uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyScope {
    /// The domain's: equal values are equal across its columns and datasets.
    #[default]
    Domain,
    /// The column's: equal values are equal in columns of that name only.
    Column,
}

impl KeyScope {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
    fn is_domain(&self) -> bool {
        *self == Self::Domain
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}

/// A hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HashAlgorithm {
    /// SHA-256.
    #[default]
    Sha256,
    /// SHA-512.
    Sha512,
}

/// How key and value meet in a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HashConstruction {
    /// HMAC (RFC 2104).
    #[default]
    Hmac,
    /// The hash of value and salt, the salt being a secret of the domain.
    Salted,
}

/// What becomes of a value that a transform cannot take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unfit {
    /// The whole object is refused, and the row named.
    #[default]
    Refuse,
    /// The value becomes NULL.
    Null,
    /// The value becomes a token.
    Token,
}

/// Parameters of `fpe`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fpe {
    /// The characters that are encrypted and that the result consists of, in the order of their numerals; others stay
    /// where they are. Default: the digits.
    pub alphabet: String,
    /// Characters of the alphabet that stay, at the start. Default 0, at most 64.
    pub keep_first: u16,
    /// Characters of the alphabet that stay, at the end. Default 0, at most 64.
    pub keep_last: u16,
    /// A check digit that is kept valid. Default `none`.
    pub check: CheckDigit,
    /// What becomes of a value that is too short. Default `refuse`.
    pub unfit: Unfit,
    /// Whose key.
    #[serde(skip_serializing_if = "KeyScope::is_domain")]
    pub key: KeyScope,
}

/// A check digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckDigit {
    /// None.
    #[default]
    None,
    /// ISO/IEC 7812-1, annex B: a number that is valid stays valid, and one that is not stays so.
    Luhn,
}

/// Parameters of `generalize`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum Generalize {
    /// The least number of the bucket that a number is in.
    Number {
        /// The width of a bucket; above 0.
        width: Number,
        /// Where buckets begin; what is below becomes it.
        #[serde(skip_serializing_if = "Option::is_none")]
        min: Option<Number>,
        /// What is above becomes it. A whole number of buckets above `min`, or above 0.
        #[serde(skip_serializing_if = "Option::is_none")]
        max: Option<Number>,
        /// What becomes of a value that is no number.
        unfit: Unfit,
    },
    /// The beginning of the period that a date is in.
    Date {
        /// The period.
        part: DatePart,
        /// How dates are written in text.
        order: DateOrder,
        /// What becomes of a value that is no date.
        unfit: Unfit,
    },
    /// The first three digits of a US ZIP code; `000` where 20,000 people or fewer live (45 CFR 164.514(b)(2)(i)(B)).
    Zip3 {
        /// What becomes of a value that is no ZIP code.
        unfit: Unfit,
    },
    /// A latitude or longitude with fewer decimals, rounded towards zero.
    Coordinate {
        /// Decimals that stay, 0 to 4; two are about a kilometre.
        decimals: u8,
        /// What becomes of a value that is no number.
        unfit: Unfit,
    },
}

/// A period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DatePart {
    /// From January 1st.
    Year,
    /// From the first day of January, April, July or October.
    Quarter,
    /// From the first.
    Month,
    /// From Monday (ISO 8601).
    Week,
    /// From midnight.
    Day,
    /// From the full hour.
    Hour,
}

/// The order of year, month and day in text; `-`, `/` or `.` stand between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DateOrder {
    /// 2025-01-31.
    #[default]
    Ymd,
    /// 01/31/2025.
    Mdy,
    /// 31.01.2025.
    Dmy,
}

/// Parameters of `shift_date`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShiftDate {
    /// The column that names the subject. A row without one gets no date.
    pub per: String,
    /// The most days a date moves, either way; 1 to 3,650. It never moves by none.
    pub max_days: u16,
    /// How dates are written in text.
    pub order: DateOrder,
    /// What becomes of a value that is no date.
    pub unfit: Unfit,
}

/// The distribution of noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NoiseDistribution {
    /// Laplace.
    #[default]
    Laplace,
    /// Gaussian.
    Gaussian,
}

/// What is put in place of personal data inside text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RedactWith {
    /// Its entity: `[EMAIL_ADDRESS]`.
    #[default]
    Entity,
    /// Its entity and the token that the value has in a column: `[EMAIL_ADDRESS:tk1_…]`.
    Token,
}

/// What is made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SurrogateKind {
    /// An e-mail address.
    Email,
    /// A person's name.
    Name,
}

/// A decimal number of at most 18 digits, kept exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number {
    unscaled: i64,
    scale: u8,
}

impl Number {
    /// The most digits.
    pub const MAX_DIGITS: usize = 18;

    /// Reads digits with an optional sign and decimals.
    pub fn parse(text: &str) -> Option<Self> {
        let (is_negative, digits) = match text.strip_prefix(['-', '+']) {
            Some(digits) => (text.starts_with('-'), digits),
            None => (false, text),
        };
        let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
        let all: String = [whole, decimals].concat();
        let is_number = !whole.is_empty() && all.len() <= Self::MAX_DIGITS && all.bytes().all(|b| b.is_ascii_digit());
        if !is_number || (decimals.is_empty() && digits.contains('.')) {
            return None;
        }
        let unscaled: i64 = all.parse().ok()?;
        let scale = u8::try_from(decimals.len()).ok()?;
        Some(Self { unscaled: if is_negative { -unscaled } else { unscaled }, scale }.shortest())
    }

    /// Without zeros at the end of the decimals, so that equal numbers are equal values.
    fn shortest(mut self) -> Self {
        while self.scale > 0 && self.unscaled % 10 == 0 {
            self.unscaled /= 10;
            self.scale -= 1;
        }
        self
    }

    /// The number times ten to the power of [`Self::scale`].
    pub fn unscaled(self) -> i64 {
        self.unscaled
    }

    /// How many decimals it has; at most 18.
    pub fn scale(self) -> u8 {
        self.scale
    }

    /// Whether it is above zero.
    pub fn is_positive(self) -> bool {
        self.unscaled > 0
    }

    /// Twice the number, unless it has too many digits then.
    pub fn doubled(self) -> Option<Self> {
        let unscaled = self.unscaled.checked_mul(2)?;
        let fits = unscaled.unsigned_abs().checked_ilog10().is_none_or(|last| last < 18);
        fits.then_some(Self { unscaled, ..self }.shortest())
    }

    /// The nearest number of floating point.
    #[expect(clippy::cast_precision_loss, reason = "the nearest one is what is asked for")]
    pub fn to_f64(self) -> f64 {
        self.unscaled as f64 / 10_f64.powi(self.scale.into())
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = usize::from(self.scale);
        let digits = format!("{:0>1$}", self.unscaled.unsigned_abs(), scale + 1);
        let (whole, decimals) = digits.split_at(digits.len() - scale);
        let sign = if self.unscaled < 0 { "-" } else { "" };
        if scale == 0 { write!(f, "{sign}{whole}") } else { write!(f, "{sign}{whole}.{decimals}") }
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact_and_have_one_writing() {
        for (text, written) in [
            ("0", "0"),
            ("-0.0", "0"),
            ("10", "10"),
            ("+1.50", "1.5"),
            ("-0.001", "-0.001"),
            ("007", "7"),
            ("999999999999999999", "999999999999999999"),
            ("0.00000000000000001", "0.00000000000000001"),
        ] {
            let number = Number::parse(text);
            assert_eq!(number.unwrap().to_string(), written);
        }
        for bad in ["", "-", ".5", "1.", "1e5", "0x1", "1 ", "1,5", "nan", "inf", "1234567890123456789", "--1", "١"] {
            assert_eq!(Number::parse(bad), None, "{bad}");
        }
    }
}
