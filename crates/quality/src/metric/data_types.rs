//! What the cells of a column read as.

use arrow_buffer::BooleanBuffer;
use serde::{Deserialize, Serialize};

use crate::cells::{Cells, Texts};
use crate::value::from_count;

/// How the cells of a column read, by the classes of Deequ's `DataType`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataTypes {
    /// NULL.
    pub unknown: u64,
    /// A number with a fraction or an exponent.
    pub fractional: u64,
    /// A whole number.
    pub integral: u64,
    /// `true` or `false`.
    pub boolean: u64,
    /// Anything else.
    pub string: u64,
}

impl DataTypes {
    pub(super) fn update(&mut self, cells: &Cells, filter: Option<&BooleanBuffer>) {
        let texts = if let Cells::Text(array) = cells { Some(Texts::new(array)) } else { None };
        let valid = cells.valid();
        let mut rendered = String::new();
        for row in (0..cells.len()).filter(|row| filter.is_none_or(|filter| filter.value(*row))) {
            let class = if valid.is_some_and(|valid| !valid.value(row)) {
                &mut self.unknown
            } else {
                let text = if let Some(texts) = &texts {
                    texts.bytes(row)
                } else {
                    rendered.clear();
                    cells.render(row, &mut rendered);
                    rendered.as_bytes()
                };
                self.class(text)
            };
            *class = class.saturating_add(1);
        }
    }

    fn class(&mut self, text: &[u8]) -> &mut u64 {
        if matches!(text, b"true" | b"false") {
            return &mut self.boolean;
        }
        let text = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
        let text = text.strip_prefix(b" ").unwrap_or(text);
        let Some(rest) = after_digits(text) else { return &mut self.string };
        if rest.is_empty() {
            return &mut self.integral;
        }
        let after_point = rest.strip_prefix(b".").map(after_digits);
        let rest = match after_point {
            Some(None) => return &mut self.string,
            Some(Some([])) => return &mut self.fractional,
            Some(Some(rest)) => rest,
            None => rest,
        };
        let exponent = rest.strip_prefix(b"e").or_else(|| rest.strip_prefix(b"E"));
        let exponent = exponent.map(|text| text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text));
        if exponent.and_then(after_digits).is_some_and(<[u8]>::is_empty) {
            &mut self.fractional
        } else {
            &mut self.string
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.unknown = self.unknown.saturating_add(other.unknown);
        self.fractional = self.fractional.saturating_add(other.fractional);
        self.integral = self.integral.saturating_add(other.integral);
        self.boolean = self.boolean.saturating_add(other.boolean);
        self.string = self.string.saturating_add(other.string);
    }

    /// All rows.
    pub const fn rows(&self) -> u64 {
        self.unknown
            .saturating_add(self.fractional)
            .saturating_add(self.integral)
            .saturating_add(self.boolean)
            .saturating_add(self.string)
    }

    /// `rows` of some classes for each row that is not NULL; 0 when there is none.
    pub fn share_of_known(&self, rows: u64) -> f64 {
        let known = self.rows() - self.unknown.min(self.rows());
        if known == 0 { 0.0 } else { from_count(rows) / from_count(known) }
    }
}

/// What follows the digits that `text` starts with; nothing when it starts with none.
fn after_digits(text: &[u8]) -> Option<&[u8]> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 { None } else { text.get(digits..) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::StringViewArray;

    fn cells(texts: &[Option<&str>]) -> Cells {
        Cells::Text(StringViewArray::from(texts.to_vec()).to_binary_view())
    }

    #[test]
    fn cells_read_as_the_classes_say() {
        let mut types = DataTypes::default();
        let fractional = ["1.0", "-2.50", "+ 3.1", "1E-3", "1.5e+10"];
        let integral = ["0", "-7", "+ 12"];
        let string = ["", "1.", ".5", "-", "1e", "1 2", "True", "x", "--1"];
        for text in fractional.iter().chain(&integral).chain(&string).chain(&["true", "false"]) {
            types.update(&cells(&[Some(text)]), None);
        }
        types.update(&cells(&[None]), None);
        let expected = DataTypes { unknown: 1, fractional: 5, integral: 3, boolean: 2, string: 9 };
        assert_eq!(types, expected);
        assert!((types.share_of_known(types.integral) - 3.0 / 19.0).abs() < 1e-12);
    }
}
