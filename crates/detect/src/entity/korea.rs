//! Korea: resident and foreigner registration, business, passports, licences.

use super::{Entity, Family, Verdict};
use crate::options::Settings;
use crate::pattern::word;
use crate::validate::Digits;

pub(crate) const ENTITIES: &[Entity] = &[
    Entity::new("KR_RRN", Family::Personal, &[word(0.5, r"\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])-?[1-4]\d{6}")])
        .value(resident)
        .context(&[
            "korean rrn",
            "korean resident registration number",
            "resident registration number",
            "rrn",
            "rrn#",
            "주민등록번호",
            "주민번호",
        ]),
    Entity::new("KR_FRN", Family::Personal, &[word(0.5, r"\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])-?[5-8]\d{6}")])
        .value(foreigner)
        .context(&[
            "외국인등록번호",
            "외국인번호",
            "korean frn",
            "frn",
            "foreigner registration number",
            "korean foreigner registration number",
        ]),
    Entity::new("KR_BRN", Family::Personal, &[word(0.1, r"\d{3}-\d{2}-\d{5}"), word(0.05, r"\d{10}")])
        .value(business)
        .context(&[
            "사업자등록번호",
            "사업자번호",
            "사업자",
            "brn",
            "business registration number",
            "korean brn",
            "business number",
            "tax registration number",
        ]),
    Entity::new("KR_PASSPORT", Family::Personal, &[word(0.1, r"[MSROD]\d{3}[A-Z]\d{4}"), word(0.05, r"[MSROD]\d{8}")])
        .context(&[
            "korean passport",
            "korean passport number",
            "대한민국 여권",
            "여권",
            "passport",
            "passport number",
        ]),
    Entity::new("KR_DRIVER_LICENSE", Family::Personal, &[word(0.05, r"\d{2}[- ]?\d{2}[- ]?\d{6}[- ]?\d{2}")])
        .value(driver_license)
        .context(&["운전면허", "운전면허번호", "면허번호", "korean driver license", "korean driver's license"]),
];

const REGISTRATION_WEIGHTS: [u32; 13] = [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5, 0];

/// Numbers issued since October 2020 are random behind the seventh digit, so a wrong check digit proves nothing.
fn resident(value: &str, _: &Settings) -> Verdict {
    registration(value, 11, |century| matches!(century, 1..=4))
}

fn foreigner(value: &str, _: &Settings) -> Verdict {
    registration(value, 13, |century| matches!(century, 5..=8))
}

fn registration(value: &str, minuend: u32, is_century: fn(u32) -> bool) -> Verdict {
    let Some(digits) = Digits::exactly(13, value, "-").filter(|digits| is_century(digits.at(6))) else {
        return Verdict::Invalid;
    };
    let sum: u32 = REGISTRATION_WEIGHTS.iter().enumerate().map(|(index, weight)| digits.at(index) * weight).sum();
    if (minuend - sum % 11) % 10 == digits.last() { Verdict::Valid } else { Verdict::Plausible }
}

/// Weights 1, 3, 7, 1, 3, 7, 1, 3, 5 and the tens of five times the ninth digit (National Tax Service).
fn business(value: &str, _: &Settings) -> Verdict {
    let Some(digits) = Digits::exactly(10, value, "-") else { return Verdict::Invalid };
    let sum: u32 =
        [1, 3, 7, 1, 3, 7, 1, 3, 5].iter().enumerate().map(|(index, weight)| digits.at(index) * weight).sum();
    let sum = sum + digits.at(8) * 5 / 10;
    Verdict::decided(!digits.all_same() && (10 - sum % 10) % 10 == digits.last())
}

/// Regions 11 to 26 and 28 (Korean National Police Agency).
fn driver_license(value: &str, _: &Settings) -> Verdict {
    let Some(digits) = Digits::exactly(12, value, "- ") else { return Verdict::Invalid };
    Verdict::decided(matches!(digits.number(0, 2), 11..=26 | 28))
}
