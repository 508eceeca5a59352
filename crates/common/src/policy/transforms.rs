//! Reads the transforms and their parameters.

use super::reader::{Fields, Reader, join, kind};
use super::transform::{
    CheckDigit, DateOrder, DatePart, Fpe, Generalize, HashAlgorithm, HashConstruction, KeyScope, NoiseDistribution,
    Number, RedactWith, ShiftDate, SurrogateKind, Transform, Unfit,
};
use super::yaml::{Node, Yaml};

const MAX_REPLACEMENT_BYTES: usize = 256;
const MAX_SHOWN_CHARACTERS: u32 = 64;
const MAX_MASKED_CHARACTERS: u32 = 65_535;
const MAX_SHIFT_DAYS: u32 = 3_650;
const MAX_COORDINATE_DECIMALS: u32 = 4;
const ALPHABET_CHARACTERS: std::ops::RangeInclusive<usize> = 2..=1_024;
const DEFAULT_REPLACEMENT: &str = "[REDACTED]";
pub(super) const MAX_COLUMN_NAME_BYTES: usize = 1_024;

#[derive(Clone, Copy)]
pub(super) enum TransformName {
    Keep,
    Drop,
    Redact,
    Mask,
    Token,
    Encrypt,
    Null,
    Replace,
    Hash,
    Fpe,
    Generalize,
    Clip,
    ShiftDate,
    Noise,
    Surrogate,
    RedactText,
}

impl TransformName {
    /// The parameters of a transform.
    pub(super) fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Keep | Self::Drop | Self::Null => &["transform"],
            Self::Token | Self::Encrypt => &["transform", "key"],
            Self::Redact | Self::Replace => &["transform", "with"],
            Self::Mask => &["transform", "char", "keep_first", "keep_last", "mask_first", "mask_last"],
            Self::Hash => &["transform", "algorithm", "construction", "key"],
            Self::Fpe => &["transform", "alphabet", "keep_first", "keep_last", "check", "unfit", "key"],
            Self::Generalize => &["transform", "to", "width", "min", "max", "part", "order", "decimals", "unfit"],
            Self::Clip => &["transform", "min", "max", "unfit"],
            Self::ShiftDate => &["transform", "per", "max_days", "order", "unfit"],
            Self::Noise => &["transform", "distribution", "scale", "unfit"],
            Self::Surrogate => &["transform", "kind", "keep_domain", "key"],
            Self::RedactText => &["transform", "entities", "with", "key", "comprehend"],
        }
    }
}

/// Every transform. The schema lists them in this order.
pub(super) const TRANSFORMS: &[(&str, TransformName)] = &[
    ("keep", TransformName::Keep),
    ("drop", TransformName::Drop),
    ("redact", TransformName::Redact),
    ("mask", TransformName::Mask),
    ("token", TransformName::Token),
    ("encrypt", TransformName::Encrypt),
    ("null", TransformName::Null),
    ("replace", TransformName::Replace),
    ("hash", TransformName::Hash),
    ("fpe", TransformName::Fpe),
    ("generalize", TransformName::Generalize),
    ("clip", TransformName::Clip),
    ("shift_date", TransformName::ShiftDate),
    ("noise", TransformName::Noise),
    ("surrogate", TransformName::Surrogate),
    ("redact_text", TransformName::RedactText),
];
pub(super) const LATER_TRANSFORMS: &[&str] = &[];

pub(super) const KEY_SCOPES: &[(&str, KeyScope)] = &[("domain", KeyScope::Domain), ("column", KeyScope::Column)];
pub(super) const HASH_ALGORITHMS: &[(&str, HashAlgorithm)] =
    &[("sha256", HashAlgorithm::Sha256), ("sha512", HashAlgorithm::Sha512)];
pub(super) const HASH_CONSTRUCTIONS: &[(&str, HashConstruction)] =
    &[("hmac", HashConstruction::Hmac), ("salted", HashConstruction::Salted)];
pub(super) const CHECK_DIGITS: &[(&str, CheckDigit)] = &[("none", CheckDigit::None), ("luhn", CheckDigit::Luhn)];
pub(super) const UNFIT: &[(&str, Unfit)] = &[("refuse", Unfit::Refuse), ("null", Unfit::Null)];
pub(super) const UNFIT_OR_TOKEN: &[(&str, Unfit)] =
    &[("refuse", Unfit::Refuse), ("null", Unfit::Null), ("token", Unfit::Token)];
pub(super) const DATE_PARTS: &[(&str, DatePart)] = &[
    ("year", DatePart::Year),
    ("quarter", DatePart::Quarter),
    ("month", DatePart::Month),
    ("week", DatePart::Week),
    ("day", DatePart::Day),
    ("hour", DatePart::Hour),
];
pub(super) const DATE_ORDERS: &[(&str, DateOrder)] =
    &[("ymd", DateOrder::Ymd), ("mdy", DateOrder::Mdy), ("dmy", DateOrder::Dmy)];
pub(super) const DISTRIBUTIONS: &[(&str, NoiseDistribution)] =
    &[("laplace", NoiseDistribution::Laplace), ("gaussian", NoiseDistribution::Gaussian)];
pub(super) const REDACT_WITH: &[(&str, RedactWith)] = &[("entity", RedactWith::Entity), ("token", RedactWith::Token)];
pub(super) const SURROGATES: &[(&str, SurrogateKind)] =
    &[("email", SurrogateKind::Email), ("name", SurrogateKind::Name)];

#[derive(Clone, Copy)]
pub(super) enum GeneralizeTo {
    Number,
    Date,
    Zip3,
    Coordinate,
}

pub(super) const GENERALIZE_TO: &[(&str, GeneralizeTo)] = &[
    ("number", GeneralizeTo::Number),
    ("date", GeneralizeTo::Date),
    ("zip3", GeneralizeTo::Zip3),
    ("coordinate", GeneralizeTo::Coordinate),
];

/// Alphabets of `fpe` by name, the default first.
pub const ALPHABETS: &[(&str, &str)] = &[
    ("digits", "0123456789"),
    ("hex", "0123456789abcdef"),
    ("lower", "abcdefghijklmnopqrstuvwxyz"),
    ("upper", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    ("letters", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
    ("alphanumeric_lower", "0123456789abcdefghijklmnopqrstuvwxyz"),
    ("alphanumeric_upper", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    ("alphanumeric", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
];

impl Reader {
    pub(super) fn transform(&mut self, node: &Node, path: &str) -> Option<Transform> {
        let Yaml::Mapping(entries) = &node.yaml else {
            let message = format!("expected {{ transform: … }}, found {}", kind(node));
            self.report(path, node.at, message);
            return None;
        };
        // The name decides which parameters there are, so it is read before them.
        let Some(entry) = entries.iter().find(|entry| entry.key == "transform") else {
            self.report(&join(path, "transform"), node.at, "missing");
            return None;
        };
        let path_of_name = join(path, "transform");
        // `null` without quotes is YAML's nothing, and what is meant.
        let is_null = matches!(&entry.value.yaml, Yaml::Scalar { text, plain: true } if text == "null");
        let name = if is_null {
            TransformName::Null
        } else {
            self.one_of(&entry.value, &path_of_name, "transform", TRANSFORMS, LATER_TRANSFORMS)?
        };
        let fields = self.fields(node, path, name.fields(), &[])?;
        match name {
            TransformName::Keep => Some(Transform::Keep),
            TransformName::Drop => Some(Transform::Drop),
            TransformName::Null => Some(Transform::Null),
            TransformName::Token => Some(Transform::Token { key: self.key(&fields)? }),
            TransformName::Encrypt => Some(Transform::Encrypt { key: self.key(&fields)? }),
            TransformName::Redact => {
                let with = self.optional(&fields, "with", DEFAULT_REPLACEMENT.to_owned(), Self::with);
                Some(Transform::Redact { with: with? })
            }
            TransformName::Replace => {
                let node = self.required(&fields, "with")?;
                Some(Transform::Replace { with: self.replacement(node, &fields.path_of("with"))? })
            }
            TransformName::Mask => self.mask(&fields),
            TransformName::Hash => self.hash(&fields),
            TransformName::Fpe => self.fpe(&fields),
            TransformName::Generalize => self.generalize(&fields).map(Transform::Generalize),
            TransformName::Clip => self.clip(&fields, node),
            TransformName::ShiftDate => self.shift_date(&fields),
            TransformName::Noise => self.noise(&fields),
            TransformName::Surrogate => self.surrogate(&fields),
            TransformName::RedactText => self.redact_text(&fields),
        }
    }

    fn key(&mut self, fields: &Fields<'_>) -> Option<KeyScope> {
        self.word(fields, "key", KeyScope::Domain, KEY_SCOPES)
    }

    fn word<T: Copy>(&mut self, fields: &Fields<'_>, field: &str, default: T, words: &[(&str, T)]) -> Option<T> {
        self.optional(fields, field, default, |reader, node, path| reader.one_of(node, path, field, words, &[]))
    }

    fn required_word<T: Copy>(&mut self, fields: &Fields<'_>, field: &str, words: &[(&str, T)]) -> Option<T> {
        let node = self.required(fields, field)?;
        self.one_of(node, &fields.path_of(field), field, words, &[])
    }

    fn with(&mut self, node: &Node, path: &str) -> Option<String> {
        let rule = "a replacement: expected at most 256 bytes without control characters";
        let bounded = |text: &str| text.len() <= MAX_REPLACEMENT_BYTES && !text.chars().any(char::is_control);
        self.text_where(node, path, rule, bounded).map(str::to_owned)
    }

    /// As [`Self::with`]; a number or truth value need not stand in quotes.
    fn replacement(&mut self, node: &Node, path: &str) -> Option<String> {
        match &node.yaml {
            Yaml::Scalar { text, plain: true } if matches!(kind(node), "a number" | "true or false") => {
                Some(text.clone())
            }
            _ => self.with(node, path),
        }
    }

    fn mask(&mut self, fields: &Fields<'_>) -> Option<Transform> {
        let character = self.optional(fields, "char", '*', |reader, node, path| {
            let single = |text: &str| text.chars().count() == 1 && !text.chars().any(char::is_control);
            reader.text_where(node, path, "one visible character", single)?.chars().next()
        });
        let keep_first = self.shown(fields, "keep_first");
        let keep_last = self.shown(fields, "keep_last");
        let masked = |reader: &mut Self, node: &Node, path: &str| {
            let count = reader.integer(node, path, 1..=MAX_MASKED_CHARACTERS)?;
            u16::try_from(count).ok().map(Some)
        };
        let mask_first = self.optional(fields, "mask_first", None, masked);
        let mask_last = self.optional(fields, "mask_last", None, masked);
        let extents = ["mask_first", "mask_last", "keep_first", "keep_last"];
        let given: Vec<&str> = extents.into_iter().filter(|field| fields.get(field).is_some()).collect();
        if let [first, second, ..] = given[..]
            && first.starts_with("mask_")
        {
            let node = fields.get(first)?;
            self.report(&fields.path_of(first), node.at, format!("does not go with {second}; give one of the two"));
            return None;
        }
        Some(Transform::Mask {
            character: character?,
            keep_first: keep_first?,
            keep_last: keep_last?,
            mask_first: mask_first?,
            mask_last: mask_last?,
        })
    }

    /// How many characters stay at an end.
    fn shown(&mut self, fields: &Fields<'_>, field: &str) -> Option<u16> {
        self.optional(fields, field, 0, |reader, node, path| {
            reader.integer(node, path, 0..=MAX_SHOWN_CHARACTERS).and_then(|shown| u16::try_from(shown).ok())
        })
    }

    fn redact_text(&mut self, fields: &Fields<'_>) -> Option<Transform> {
        let entities =
            self.optional(fields, "entities", None, |reader, node, path| reader.entity_names(node, path).map(Some));
        let with = self.word(fields, "with", RedactWith::Entity, REDACT_WITH);
        let key = self.key(fields);
        let comprehend =
            self.optional(fields, "comprehend", None, |reader, node, path| reader.comprehend(node, path).map(Some));
        Some(Transform::RedactText { entities: entities?, with: with?, key: key?, comprehend: comprehend? })
    }

    fn hash(&mut self, fields: &Fields<'_>) -> Option<Transform> {
        let algorithm = self.word(fields, "algorithm", HashAlgorithm::Sha256, HASH_ALGORITHMS);
        let construction = self.word(fields, "construction", HashConstruction::Hmac, HASH_CONSTRUCTIONS);
        let key = self.key(fields);
        Some(Transform::Hash { algorithm: algorithm?, construction: construction?, key: key? })
    }

    fn fpe(&mut self, fields: &Fields<'_>) -> Option<Transform> {
        let digits = ALPHABETS.first().map(|(_, digits)| (*digits).to_owned()).unwrap_or_default();
        let alphabet = self.optional(fields, "alphabet", digits.clone(), Self::alphabet);
        let keep_first = self.shown(fields, "keep_first");
        let keep_last = self.shown(fields, "keep_last");
        let check = self.word(fields, "check", CheckDigit::None, CHECK_DIGITS);
        let unfit = self.word(fields, "unfit", Unfit::Refuse, UNFIT_OR_TOKEN);
        let key = self.key(fields);
        let (alphabet, check) = (alphabet?, check?);
        if check == CheckDigit::Luhn && alphabet != digits {
            let node = fields.get("check")?;
            self.report(&fields.path_of("check"), node.at, "luhn is a check over digits; leave `alphabet` out");
            return None;
        }
        let (keep_first, keep_last) = (keep_first?, keep_last?);
        Some(Transform::Fpe(Fpe { alphabet, keep_first, keep_last, check, unfit: unfit?, key: key? }))
    }

    fn alphabet(&mut self, node: &Node, path: &str) -> Option<String> {
        // A custom alphabet may be digits only, which need not stand in quotes.
        let text = match &node.yaml {
            Yaml::Scalar { text, plain: true } if kind(node) == "a number" => text.as_str(),
            _ => self.text(node, path)?,
        };
        if let Some((_, characters)) = ALPHABETS.iter().find(|(name, _)| *name == text) {
            return Some((*characters).to_owned());
        }
        let mut characters: Vec<char> = text.chars().collect();
        let count = characters.len();
        characters.sort_unstable();
        characters.dedup();
        if characters.len() != count || !ALPHABET_CHARACTERS.contains(&count) || text.chars().any(char::is_control) {
            let names: Vec<&str> = ALPHABETS.iter().map(|(name, _)| *name).collect();
            let message = format!(
                "not an alphabet: expected one of {}, or 2 to 1,024 different characters without control characters",
                names.join(", ")
            );
            self.report(path, node.at, message);
            return None;
        }
        Some(text.to_owned())
    }

    fn generalize(&mut self, fields: &Fields<'_>) -> Option<Generalize> {
        let to = self.required_word(fields, "to", GENERALIZE_TO)?;
        let (own, name): (&[&str], _) = match to {
            GeneralizeTo::Number => (&["width", "min", "max"], "number"),
            GeneralizeTo::Date => (&["part", "order"], "date"),
            GeneralizeTo::Zip3 => (&[], "zip3"),
            GeneralizeTo::Coordinate => (&["decimals"], "coordinate"),
        };
        let mut is_sound = true;
        for field in ["width", "min", "max", "part", "order", "decimals"] {
            if let Some(node) = fields.get(field).filter(|_| !own.contains(&field)) {
                self.report(&fields.path_of(field), node.at, format!("does not belong to `to: {name}`"));
                is_sound = false;
            }
        }
        let unfit = self.word(fields, "unfit", Unfit::Refuse, UNFIT);
        let read = match to {
            GeneralizeTo::Number => self.buckets(fields, unfit),
            GeneralizeTo::Date => {
                let part = self.required_word(fields, "part", DATE_PARTS);
                let order = self.word(fields, "order", DateOrder::Ymd, DATE_ORDERS);
                Some(Generalize::Date { part: part?, order: order?, unfit: unfit? })
            }
            GeneralizeTo::Zip3 => Some(Generalize::Zip3 { unfit: unfit? }),
            GeneralizeTo::Coordinate => {
                let node = self.required(fields, "decimals")?;
                let decimals = self.integer(node, &fields.path_of("decimals"), 0..=MAX_COORDINATE_DECIMALS)?;
                Some(Generalize::Coordinate { decimals: u8::try_from(decimals).ok()?, unfit: unfit? })
            }
        };
        read.filter(|_| is_sound)
    }

    fn buckets(&mut self, fields: &Fields<'_>, unfit: Option<Unfit>) -> Option<Generalize> {
        let width = match self.required(fields, "width") {
            Some(node) => self.positive(node, &fields.path_of("width")),
            None => None,
        };
        let min = self.optional(fields, "min", None, |reader, node, path| reader.number(node, path).map(Some));
        let max = self.optional(fields, "max", None, |reader, node, path| reader.number(node, path).map(Some));
        let (width, min, max) = (width?, min?, max?);
        if let Some(max) = max {
            let node = fields.get("max")?;
            let begin = min.unwrap_or(Number::parse("0")?);
            if !is_whole_number_of(width, begin, max) {
                let message = format!("expected a whole number of buckets of {width} above {begin}");
                self.report(&fields.path_of("max"), node.at, message);
                return None;
            }
        }
        Some(Generalize::Number { width, min, max, unfit: unfit? })
    }

    fn clip(&mut self, fields: &Fields<'_>, node: &Node) -> Option<Transform> {
        let min = self.optional(fields, "min", None, |reader, node, path| reader.number(node, path).map(Some));
        let max = self.optional(fields, "max", None, |reader, node, path| reader.number(node, path).map(Some));
        let unfit = self.word(fields, "unfit", Unfit::Refuse, UNFIT);
        let (min, max) = (min?, max?);
        match (min, max) {
            (None, None) => {
                self.report(&fields.path_of("min"), node.at, "missing: expected `min`, `max` or both");
                return None;
            }
            (Some(min), Some(max)) if at_common_scale(min) > at_common_scale(max) => {
                let node = fields.get("max")?;
                self.report(&fields.path_of("max"), node.at, format!("expected at least `min`, which is {min}"));
                return None;
            }
            _ => {}
        }
        Some(Transform::Clip { min, max, unfit: unfit? })
    }

    fn shift_date(&mut self, fields: &Fields<'_>) -> Option<Transform> {
        let per = self.required(fields, "per").and_then(|node| {
            let rule = "a column's name of 1 to 1024 bytes";
            let is_name = |text: &str| (1..=MAX_COLUMN_NAME_BYTES).contains(&text.len());
            self.text_where(node, &fields.path_of("per"), rule, is_name).map(str::to_owned)
        });
        let max_days = self.required(fields, "max_days").and_then(|node| {
            let days = self.integer(node, &fields.path_of("max_days"), 1..=MAX_SHIFT_DAYS)?;
            u16::try_from(days).ok()
        });
        let order = self.word(fields, "order", DateOrder::Ymd, DATE_ORDERS);
        let unfit = self.word(fields, "unfit", Unfit::Refuse, UNFIT);
        Some(Transform::ShiftDate(ShiftDate { per: per?, max_days: max_days?, order: order?, unfit: unfit? }))
    }

    fn noise(&mut self, fields: &Fields<'_>) -> Option<Transform> {
        let distribution = self.word(fields, "distribution", NoiseDistribution::Laplace, DISTRIBUTIONS);
        let scale = match self.required(fields, "scale") {
            Some(node) => self.positive(node, &fields.path_of("scale")),
            None => None,
        };
        let unfit = self.word(fields, "unfit", Unfit::Refuse, UNFIT);
        Some(Transform::Noise { distribution: distribution?, scale: scale?, unfit: unfit? })
    }

    fn surrogate(&mut self, fields: &Fields<'_>) -> Option<Transform> {
        let kind = self.required_word(fields, "kind", SURROGATES);
        let keep_domain = self.optional(fields, "keep_domain", false, Self::boolean);
        let key = self.key(fields);
        let (kind, keep_domain) = (kind?, keep_domain?);
        if let (SurrogateKind::Name, Some(node)) = (kind, fields.get("keep_domain")) {
            self.report(&fields.path_of("keep_domain"), node.at, "belongs to `kind: email` only");
            return None;
        }
        Some(Transform::Surrogate { kind, keep_domain, key: key? })
    }

    /// A decimal number.
    fn number(&mut self, node: &Node, path: &str) -> Option<Number> {
        let number = match &node.yaml {
            Yaml::Scalar { text, plain: true } => Number::parse(text),
            _ => None,
        };
        if number.is_none() {
            self.report(path, node.at, "expected a decimal number of at most 18 digits, without an exponent");
        }
        number
    }

    fn positive(&mut self, node: &Node, path: &str) -> Option<Number> {
        let number = self.number(node, path)?;
        if !number.is_positive() {
            self.report(path, node.at, "expected a number above 0");
        }
        Some(number).filter(|number| number.is_positive())
    }
}

/// Numbers as multiples of 10⁻¹⁸.
fn at_common_scale(number: Number) -> i128 {
    let missing = 18 - number.scale().min(18);
    i128::from(number.unscaled()) * 10i128.pow(u32::from(missing))
}

fn is_whole_number_of(width: Number, begin: Number, end: Number) -> bool {
    let (width, begin, end) = (at_common_scale(width), at_common_scale(begin), at_common_scale(end));
    end > begin && (end - begin) % width == 0
}
