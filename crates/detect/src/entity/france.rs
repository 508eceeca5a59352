//! France: identity, taxes, passports, health insurance.

use super::{Entity, Family, Verdict};
use crate::options::Settings;
use crate::pattern::word;
use crate::validate::Digits;

const SOCIAL_SECURITY: &str = r"[12378] ?\d{2} ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}";

pub(crate) const ENTITIES: &[Entity] = &[
    Entity::new("FRANCE_NATIONAL_IDENTIFICATION_NUMBER", Family::Personal, &[word(0.5, SOCIAL_SECURITY)])
        .value(social_security)
        .keyword(&[
            "insee",
            "numéro de sécurité sociale",
            "sécurité sociale",
            "securite sociale",
            "nir",
            "numéro insee",
            "national id",
            "social security",
            "ssn",
            "numéro d'assurance",
            "carte nationale",
        ]),
    Entity::new("FRANCE_HEALTH_INSURANCE_NUMBER", Family::Health, &[word(0.4, r"\d{21}")]).keyword(&[
        "carte vitale",
        "carte d'assuré social",
        "health insurance card",
        "assurance maladie",
        "carte européenne",
    ]),
    Entity::new(
        "FRANCE_TAX_IDENTIFICATION_NUMBER",
        Family::Personal,
        &[word(0.4, r"[0-3]\d ?\d{2} ?\d{3} ?\d{3} ?\d{3}")],
    )
    .value(fiscal_reference)
    .keyword(&[
        "numéro d'identification fiscale",
        "numéro fiscal",
        "référence fiscale",
        "spi",
        "tax id",
        "tax number",
        "tin",
        "n° fiscal",
    ]),
    Entity::new("FRANCE_PASSPORT_NUMBER", Family::Personal, &[word(0.4, r"\d{2}[A-Z]{2}\d{5}")]).keyword(&[
        "passport",
        "passport#",
        "passport number",
        "passeport",
        "numéro de passeport",
        "passeport n°",
    ]),
];

/// The key is 97 less the number modulo 97; Corsica's 2A and 2B count as 19 and 18 (INSEE, NIR).
fn social_security(value: &str, _: &Settings) -> Verdict {
    let compact: String = value.chars().filter(|character| *character != ' ').collect::<String>().to_ascii_uppercase();
    let numeric = compact.replacen("2A", "19", 1).replacen("2B", "18", 1);
    let Some(digits) = Digits::exactly(15, &numeric, "") else { return Verdict::Invalid };
    let remainder = (0..13).fold(0, |remainder, index| (remainder * 10 + digits.at(index)) % 97);
    Verdict::decided(97 - remainder == digits.number(13, 15))
}

/// The last three digits are the first ten modulo 511 (`DGFiP`).
fn fiscal_reference(value: &str, _: &Settings) -> Verdict {
    let Some(digits) = Digits::exactly(13, value, " ") else { return Verdict::Invalid };
    let remainder = (0..10).fold(0, |remainder, index| (remainder * 10 + digits.at(index)) % 511);
    Verdict::decided(remainder == digits.number(10, 13) && digits.number(0, 9) > 0)
}
