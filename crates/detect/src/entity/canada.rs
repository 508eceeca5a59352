//! Canada: social insurance, passports, permanent residence, health.

use super::{Entity, Family, Verdict};
use crate::options::Settings;
use crate::pattern::word;
use crate::validate::{Digits, luhn};

pub(crate) const ENTITIES: &[Entity] = &[
    Entity::new(
        "CA_SIN",
        Family::Personal,
        &[word(0.5, r"\d{3}(?:-\d{3}-| \d{3} )\d{3}"), word(0.05, r"\d{9}").never_promoted()],
    )
    .value(social_insurance)
    .context(&[
        "sin",
        "sin number",
        "social insurance",
        "social insurance number",
        "canada",
        "canadian id",
        "nas",
        "numéro nas",
        "numéro d'assurance sociale",
        "assurance sociale",
    ]),
    Entity::new("CANADA_PASSPORT_NUMBER", Family::Personal, &[word(0.4, r"[A-Z]{2}\d{6}|[A-Z]\d{6}[A-Z]{2}")]).keyword(
        &[
            "passport",
            "passport#",
            "passport no",
            "passport number",
            "passeport",
            "numéro de passeport",
            "canadian passport",
        ],
    ),
    Entity::new("CANADA_NATIONAL_IDENTIFICATION_NUMBER", Family::Personal, &[word(0.4, r"[A-Z]{2}0?\d{7,10}")])
        .keyword(&[
            "permanent resident card",
            "permanent resident number",
            "permanent resident no",
            "pr no",
            "pr number",
            "carte résident permanent",
            "numéro résident permanent",
        ]),
    Entity::new(
        "CANADA_HEALTH_NUMBER",
        Family::Health,
        &[word(0.4, r"[2-9]\d{3}[- ]?\d{3}[- ]?\d{3}(?:[- ]?[A-Z]{2})?")],
    )
    .keyword(&[
        "phn",
        "health number",
        "healthcare number",
        "msp number",
        "health card",
        "ohip",
        "personal health number",
        "care card",
    ]),
];

/// Luhn; no number starts with 0 or 8 (Service Canada). The check digit alone does not prove nine digits.
fn social_insurance(value: &str, _: &Settings) -> Verdict {
    let Some(digits) = Digits::exactly(9, value, "- ") else { return Verdict::Invalid };
    let issued = !matches!(digits.at(0), 0 | 8) && !digits.all_same();
    Verdict::plausible(issued && luhn::holds(digits.as_slice()))
}
