//! United States: Social Security, taxes, passports, licences, banks, health care.

use super::{Entity, Family, Verdict};
use crate::options::Settings;
use crate::pattern::{Edges, within, word};
use crate::validate::{Digits, luhn, weighted};

pub(crate) const ENTITIES: &[Entity] = &[
    Entity::new(
        "US_SSN",
        Family::Personal,
        &[
            // Hyphens are distinctive enough to find it stuck to a word.
            within(Edges::Digits, 0.5, r"\d{3}-\d{2}-\d{4}"),
            word(0.5, r"\d{3}(?:\.\d{2}\.| \d{2} )\d{4}"),
            word(0.05, r"\d{3}-\d{6}").never_promoted(),
            word(0.05, r"\d{5}-\d{4}").never_promoted(),
            word(0.05, r"\d{9}").never_promoted(),
        ],
    )
    .value(ssn)
    .context(&["social", "security", "social security", "ssn", "ssns", "ss#", "ssid", "soc sec"])
    .samples(&[
        "123456789",
        "987654320",
        "987654321",
        "987654322",
        "987654323",
        "987654324",
        "987654325",
        "987654326",
        "987654327",
        "987654328",
        "987654329",
    ])
    .default_on(),
    Entity::new(
        "US_ITIN",
        Family::Personal,
        &[
            word(0.5, r"9\d{2}(?:-(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])-| (?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9]) )\d{4}"),
            word(0.3, r"9\d{2}(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])\d{4}"),
            word(
                0.05,
                r"9\d{2}(?:[- ](?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])|(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])[- ])\d{4}",
            ),
        ],
    )
    .context(&["individual", "taxpayer", "itin", "tax", "payer", "taxid", "tax id", "tin"])
    .default_on(),
    Entity::new("US_PASSPORT", Family::Personal, &[word(0.1, r"[A-Z]\d{8}"), word(0.05, r"\d{9}")])
        .context(&["passport", "passport number", "passport no", "passport#", "united states", "travel document"])
        .default_on(),
    Entity::new(
        "US_DRIVER_LICENSE",
        Family::Personal,
        &[word(0.3, LICENSES_WITH_LETTERS), word(0.01, r"\d{6,14}|\d{16}")],
    )
    .context(&[
        "driver",
        "drivers",
        "license",
        "licence",
        "permit",
        "lic",
        "identification",
        "dl",
        "dls",
        "cdl",
        "cdls",
        "lic#",
        "driving",
        "driver license",
        "dlno",
    ])
    .default_on(),
    Entity::new("US_BANK_NUMBER", Family::Financial, &[word(0.05, r"\d{8,17}")])
        .context(&[
            "check",
            "account",
            "account#",
            "account number",
            "acct",
            "bank",
            "bank account",
            "save",
            "savings",
            "debit",
            "checking",
        ])
        .default_on(),
    Entity::new(
        "ABA_ROUTING_NUMBER",
        Family::Financial,
        &[word(0.05, r"[0-3678]\d{8}"), word(0.3, r"[0-3678]\d{3}-\d{4}-\d")],
    )
    .value(aba_routing)
    .context(&["aba", "routing", "abarouting", "routing number", "association", "bankrouting", "rtn"])
    .default_on(),
    Entity::new(
        "US_MBI",
        Family::Health,
        &[
            word(
                0.5,
                concat!(
                    r"[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-[AC-HJKMNP-RT-Y]",
                    r"[AC-HJKMNP-RT-Y0-9]\d-[AC-HJKMNP-RT-Y]{2}\d{2}"
                ),
            ),
            word(
                0.3,
                concat!(
                    r"[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d[AC-HJKMNP-RT-Y]",
                    r"[AC-HJKMNP-RT-Y0-9]\d[AC-HJKMNP-RT-Y]{2}\d{2}"
                ),
            ),
        ],
    )
    .context(&["medicare", "mbi", "beneficiary", "medicare beneficiary", "cms", "medicaid", "hic", "hicn"])
    .default_on(),
    Entity::new("US_NPI", Family::Health, &[word(0.1, r"[12]\d{9}"), word(0.4, r"[12]\d{3}(?:-\d{3}-| \d{3} )\d{3}")])
        .value(npi)
        .context(&[
            "npi",
            "npi number",
            "national provider",
            "provider",
            "provider id",
            "provider identifier",
            "taxonomy",
        ])
        .default_on(),
    Entity::new("MEDICAL_LICENSE", Family::Health, &[word(0.4, r"[A-HJ-MPR-UX](?:[A-Z]|9)\d{7}")])
        .value(dea)
        .context(&["medical", "certificate", "dea", "dea number", "dea registration", "drug enforcement"])
        .default_on(),
    Entity::new("US_ZIP_CODE", Family::Personal, &[within(Edges::Digits, 0.05, r"\d{5}(?:-\d{4})?").never_promoted()])
        .context(&["zip", "zip code", "zipcode", "postal code", "postcode", "address"])
        .value(zip_code),
    Entity::new(
        "USA_HEALTH_INSURANCE_CLAIM_NUMBER",
        Family::Health,
        &[word(0.4, r"\d{3}-?\d{2}-?\d{4}-?(?:[A-Z]\d?|[A-Z]{2})")],
    )
    .keyword(&["health insurance claim number", "hic no", "hic number", "hic#", "hicn", "hicno#"]),
];

/// Letters and digits as the states print them (AAMVA, formats of driver license numbers by jurisdiction).
const LICENSES_WITH_LETTERS: &str = concat!(
    r"[A-Z]\d{3,9}|[A-Z]\d{11,14}|[A-Z]\d{18}|[A-Z]{2}\d{2,7}|[A-Z]\d{6}R|[A-Z]{2}\d{6}[A-Z]|\d{2}[A-Z]{3}\d{5,6}",
    r"|\d{3}[A-Z]{2}\d{4}|\d{7,9}[A-Z]|\d{8}[A-Z]{2}|[A-Z]{3}\d{6}|[A-Z]\d[A-Z]\d[A-Z]|[A-Z]\d{10}"
);

/// Area 001 to 899 without 666, group 01 to 99, serial 0001 to 9999 (SSA, RM 10201.035). 078-05-1120 and 219-09-9999
/// were printed on cards in wallets and in a pamphlet and were voided; 987-65-4320 to -4329 are kept for advertisements.
fn ssn(value: &str, _: &Settings) -> Verdict {
    let Some(digits) = Digits::exactly(9, value, "-. ") else { return Verdict::Invalid };
    let (area, group, serial) = (digits.number(0, 3), digits.number(3, 5), digits.number(5, 9));
    let advertisement = digits.number(0, 8) == 98_765_432;
    let voided = matches!((area, group, serial), (78, 5, 1120) | (219, 9, 9999));
    let issued = (1..900).contains(&area) && area != 666 && group > 0 && serial > 0;
    Verdict::plausible((issued || advertisement) && !voided && !digits.all_same())
}

/// Prefixes 00 to 12, 21 to 32, 61 to 72 and 80; weights 3, 7, 1 (ABA, key to routing numbers).
fn aba_routing(value: &str, _: &Settings) -> Verdict {
    let Some(digits) = Digits::exactly(9, value, "-") else { return Verdict::Invalid };
    let issued = matches!(digits.number(0, 2), 0..=12 | 21..=32 | 61..=72 | 80) && !digits.all_same();
    Verdict::decided(issued && weighted::divisible(&digits, &[3, 7, 1, 3, 7, 1, 3, 7, 1], 10))
}

/// Luhn over 80840, the health application's prefix, and the number (45 CFR 162.406, CMS).
fn npi(value: &str, _: &Settings) -> Verdict {
    let Some(digits) = Digits::exactly(10, value, " -") else { return Verdict::Invalid };
    let mut prefixed = vec![8, 0, 8, 4, 0];
    prefixed.extend_from_slice(digits.as_slice());
    let placeholder = digits.as_slice().get(..9).is_some_and(|body| body.iter().all(|digit| *digit == 1));
    Verdict::decided(matches!(digits.at(0), 1 | 2) && !placeholder && luhn::holds(&prefixed))
}

/// The last digit of (d1 + d3 + d5) + 2 (d2 + d4 + d6) is the seventh (DEA registration numbers).
fn dea(value: &str, _: &Settings) -> Verdict {
    let Some(number) = value.get(2..).and_then(|digits| Digits::exactly(7, digits, "")) else {
        return Verdict::Invalid;
    };
    let sample = number.number(0, 7) == 0;
    Verdict::decided(!sample && weighted::remains(&number, &[1, 2, 1, 2, 1, 2, 0], 10))
}

/// 00501 is the lowest code in use.
fn zip_code(value: &str, _: &Settings) -> Verdict {
    Verdict::plausible(Digits::of(value, "-").is_some_and(|digits| digits.number(0, 5) >= 501))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Verdict::{Invalid, Plausible, Valid};

    #[test]
    fn numbers_that_were_never_issued_are_no_social_security_numbers() {
        let settings = Settings::default();
        for (value, expected) in [
            ("219-09-9998", Plausible),
            ("219-09-9999", Invalid),
            ("078-05-1120", Invalid),
            ("665-01-0001", Plausible),
            ("666-01-0001", Invalid),
            ("900-01-0001", Invalid),
            ("987-65-4325", Plausible),
            ("001-00-0001", Invalid),
            ("001-01-0000", Invalid),
        ] {
            assert_eq!(ssn(value, &settings), expected, "{value}");
        }
    }

    #[test]
    fn provider_and_routing_numbers_follow_their_published_examples() {
        let settings = Settings::default();
        assert_eq!(npi("1234567893", &settings), Valid);
        assert_eq!(npi("1234567890", &settings), Invalid);
        assert_eq!(aba_routing("111000025", &settings), Valid);
        assert_eq!(aba_routing("111000026", &settings), Invalid);
        assert_eq!(dea("AB1234563", &settings), Valid);
        assert_eq!(dea("AB1234564", &settings), Invalid);
    }
}
