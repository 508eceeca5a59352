//! Australia: business, company, tax and Medicare numbers.

use super::{Entity, Family, Verdict};
use crate::options::Settings;
use crate::pattern::word;
use crate::validate::{Digits, weighted};

pub(crate) const ENTITIES: &[Entity] = &[
    Entity::new("AU_ABN", Family::Personal, &[word(0.1, r"\d{2} \d{3} \d{3} \d{3}"), word(0.01, r"\d{11}")])
        .value(business_number)
        .context(&["australian business number", "abn"]),
    Entity::new("AU_ACN", Family::Personal, &[word(0.1, r"\d{3} \d{3} \d{3}"), word(0.01, r"\d{9}")])
        .value(company_number)
        .context(&["australian company number", "acn"]),
    Entity::new("AU_TFN", Family::Personal, &[word(0.1, r"\d{3} \d{3} \d{3}"), word(0.01, r"\d{9}")])
        .value(tax_file_number)
        .context(&["tax file number", "tfn"]),
    Entity::new("AU_MEDICARE", Family::Health, &[word(0.1, r"[2-6]\d{3} \d{5} \d"), word(0.01, r"[2-6]\d{9}")])
        .value(medicare)
        .context(&["medicare"]),
];

/// One less in the first place, then weights 10, 1, 3 to 19, modulus 89 (Australian Business Register).
fn business_number(value: &str, _: &Settings) -> Verdict {
    const WEIGHTS: [u32; 11] = [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19];
    let Some(digits) = Digits::exactly(11, value, " ") else { return Verdict::Invalid };
    let sum: u32 = WEIGHTS.iter().enumerate().map(|(index, weight)| digits.at(index) * weight).sum();
    Verdict::decided(digits.at(0) > 0 && (sum - 10).is_multiple_of(89))
}

/// Weights 8 to 1, complement to 10 (ASIC).
fn company_number(value: &str, _: &Settings) -> Verdict {
    let Some(digits) = Digits::exactly(9, value, " ") else { return Verdict::Invalid };
    Verdict::decided(digits.number(0, 9) > 0 && weighted::complements(&digits, &[8, 7, 6, 5, 4, 3, 2, 1, 0], 10))
}

/// Weights 1, 4, 3, 7, 5, 8, 6, 9, 10, modulus 11 (ATO).
fn tax_file_number(value: &str, _: &Settings) -> Verdict {
    let Some(digits) = Digits::exactly(9, value, " ") else { return Verdict::Invalid };
    Verdict::decided(digits.number(0, 9) > 0 && weighted::divisible(&digits, &[1, 4, 3, 7, 5, 8, 6, 9, 10], 11))
}

/// Weights 1, 3, 7, 9 over eight digits give the ninth; the tenth is the issue number (Services Australia).
fn medicare(value: &str, _: &Settings) -> Verdict {
    let Some(digits) = Digits::exactly(10, value, " ") else { return Verdict::Invalid };
    let sum: u32 = [1, 3, 7, 9, 1, 3, 7, 9].iter().enumerate().map(|(index, weight)| digits.at(index) * weight).sum();
    Verdict::decided(matches!(digits.at(0), 2..=6) && sum % 10 == digits.at(8))
}
