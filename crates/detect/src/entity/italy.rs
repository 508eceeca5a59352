//! Italy: fiscal code, VAT, documents.

use super::{Entity, Family, Verdict};
use crate::options::Settings;
use crate::pattern::word;
use crate::validate::{Digits, luhn};

pub(crate) const ENTITIES: &[Entity] = &[
    Entity::new(
        "IT_FISCAL_CODE",
        Family::Personal,
        &[word(
            0.3,
            concat!(r"[A-Z]{6}[0-9LMNP-V]{2}[A-EHLMPR-T][0-7LMNP-T][0-9LMNP-V][A-MZ]", r"[0-9LMNP-V]{3}[A-Z]"),
        )],
    )
    .value(fiscal_code)
    .context(&["codice fiscale", "codice fiscal", "cf", "fiscal code"])
    .default_on(),
    Entity::new("IT_VAT_CODE", Family::Personal, &[word(0.1, r"\d(?:[ _]?\d){10}")]).value(vat_code).context(&[
        "piva",
        "partita iva",
        "p iva",
        "pi",
        "vat",
    ]),
    Entity::new(
        "IT_DRIVER_LICENSE",
        Family::Personal,
        &[word(0.2, r"[A-Z]{2}\d{7}[A-Z]|U1[B-HJ-NPR-UW-Z0-9]{7}[A-Z]")],
    )
    .context(&["patente", "patente di guida", "licenza", "licenza di guida"]),
    Entity::new(
        "IT_IDENTITY_CARD",
        Family::Personal,
        &[word(0.01, r"[A-Z]{2}\s?\d{7}"), word(0.01, r"\d{7}[A-Z]{2}"), word(0.01, r"[A-Z]{2}\d{5}[A-Z]{2}")],
    )
    .context(&[
        "carta",
        "carta d'identità",
        "identità",
        "elettronica",
        "cie",
        "documento",
        "riconoscimento",
        "espatrio",
    ]),
    Entity::new("IT_PASSPORT", Family::Personal, &[word(0.01, r"[A-Z]{2}\d{7}")]).context(&[
        "passaporto",
        "elettronico",
        "italiano",
        "viaggio",
        "viaggiare",
        "estero",
        "documento",
        "dogana",
    ]),
];

/// What a character counts on an odd place, by its value as digit or letter (D.M. 23 December 1976).
const ODD: [u32; 26] = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

/// The last letter is the sum modulo 26. A wrong one is still reported: the shape is that of no other number, and codes
/// typed by hand are personal even with a slip.
fn fiscal_code(value: &str, _: &Settings) -> Verdict {
    let ordinal = |character: char| character.to_digit(36).map(|value| if value < 10 { value } else { value - 10 });
    let values: Option<Vec<u32>> = value.chars().map(ordinal).collect();
    let Some((check, body)) = values.as_deref().and_then(<[u32]>::split_last) else { return Verdict::Invalid };
    let weigh = |(index, value): (usize, &u32)| match index % 2 {
        0 => usize::try_from(*value).ok().and_then(|value| ODD.get(value)).copied().unwrap_or(0),
        _ => *value,
    };
    let sum: u32 = body.iter().enumerate().map(weigh).sum();
    if body.len() == 15 && sum % 26 == *check { Verdict::Valid } else { Verdict::Plausible }
}

/// Luhn over eleven digits (Agenzia delle Entrate).
fn vat_code(value: &str, _: &Settings) -> Verdict {
    let Some(digits) = Digits::exactly(11, value, " _") else { return Verdict::Invalid };
    Verdict::decided(digits.as_slice().iter().any(|digit| *digit > 0) && luhn::holds(digits.as_slice()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_letter_proves_a_fiscal_code() {
        let settings = Settings::default();
        assert_eq!(fiscal_code("RSSMRA85T10A562S", &settings), Verdict::Valid);
        assert_eq!(fiscal_code("RSSMRA85T10A562T", &settings), Verdict::Plausible);
        assert_eq!(vat_code("12345670785", &settings), Verdict::Valid);
    }
}
