//! United Kingdom: health, insurance, tax, licences, vehicles, addresses.

use super::{Entity, Family, Verdict};
use crate::options::Settings;
use crate::pattern::word;
use crate::validate::{Digits, date, weighted};

pub(crate) const ENTITIES: &[Entity] =
    &[
        Entity::new("UK_NHS", Family::Health, &[word(0.5, r"\d{3}[- ]?\d{3}[- ]?\d{4}")])
            .value(nhs)
            .context(&["national health service", "nhs", "nhs number", "health services authority", "health authority"])
            .default_on(),
        // No D, F, I, Q, U, V; no O second; and some pairs were never issued (HMRC, NIM39110).
        Entity::new(
            "UK_NINO",
            Family::Personal,
            &[word(0.5, r"[A-CEGHJ-PR-TW-Z] ?[A-CEGHJ-NPR-TW-Z] ?(?:\d{2} ?\d{2} ?\d{2}|\d{3} ?\d{3}) ?[A-D]")],
        )
        .value(nino)
        .context(&[
            "national insurance",
            "national insurance number",
            "ni number",
            "ni",
            "nino",
            "insurance number",
            "insurance no",
            "nin",
        ])
        .default_on(),
        Entity::new("UK_PASSPORT", Family::Personal, &[word(0.1, r"[A-Z]{2}\d{7}")]).context(&[
            "passport",
            "passport number",
            "travel document",
            "uk passport",
            "british passport",
            "her majesty",
            "his majesty",
            "hm passport",
            "hmpo",
        ]),
        // BS 7666: area, district, sector, unit.
        Entity::new(
            "UK_POSTCODE",
            Family::Personal,
            &[word(
                0.1,
                concat!(
                    r"GIR ?0AA|(?:[A-PR-UWYZ](?:\d{1,2}|\d[A-HJKPSTUW]|[A-HK-Y]\d{1,2}|[A-HK-Y]\d",
                    r"[ABEHMNPRVWXY])) ?\d[ABD-HJLNP-UW-Z]{2}"
                ),
            )],
        )
        .context(&[
            "postcode",
            "post code",
            "postal code",
            "zip",
            "address",
            "delivery",
            "mailing",
            "shipping",
            "correspondence",
        ]),
        Entity::new(
            "UK_VEHICLE_REGISTRATION",
            Family::Personal,
            &[
                word(0.3, r"[A-HJ-PR-Y]{2}\d{2}[ -]?[A-HJ-PR-Z]{3}"),
                word(0.2, r"[A-HJ-NPR-TV-Y]\d{1,3}[ -]?[A-HJ-PR-Y]{3}"),
                word(0.15, r"[A-HJ-PR-Y]{3}[ -]?\d{1,3}[A-HJ-NPR-TV-Y]"),
            ],
        )
        .value(vehicle)
        .context(&[
            "vehicle",
            "registration",
            "number plate",
            "licence plate",
            "license plate",
            "reg",
            "vrn",
            "dvla",
            "v5c",
            "logbook",
            "mot",
            "car",
            "insured vehicle",
        ]),
        // Surname, date of birth split over decade, month, day and year, initials, check characters, issue number.
        Entity::new(
            "UK_DRIVING_LICENCE",
            Family::Personal,
            &[word(0.5, r"[A-Z][A-Z9]{4} ?\d{3} ?\d{3} ?[A-Z9]{2}\d[A-Z0-9] ?[A-Z0-9](?: ?\d{2})?")],
        )
        .value(driving_licence)
        .context(&[
            "driving licence",
            "driving license",
            "drivers licence",
            "drivers license",
            "driver's licence",
            "driver's license",
            "dvla",
            "dl number",
            "licence number",
            "license number",
        ])
        .default_on(),
        Entity::new("UK_TAX_REFERENCE_NUMBER", Family::Personal, &[word(0.2, r"\d{2} ?[A-Z] ?\d{3} ?\d{2}")]).context(
            &["temporary reference number", "trn", "paye", "hmrc", "national insurance", "benefit letter", "payslip"],
        ),
        Entity::new("UK_TAX_IDENTIFICATION_NUMBER", Family::Personal, &[word(0.4, r"\d{5} ?\d{5}K?")])
            .value(unique_taxpayer_reference)
            .keyword(&["utr", "unique taxpayer reference", "self assessment", "tax reference", "hmrc reference"]),
        Entity::new(
            "UK_ELECTORAL_ROLL_NUMBER",
            Family::Personal,
            &[word(0.4, r"[A-Z]{2,3}[ -]?\d{1,4}(?:[ -/]\d{1,4})?")],
        )
        .keyword(&[
            "electoral #",
            "electoral number",
            "electoral roll #",
            "electoral roll no",
            "electoral roll number",
            "electoralrollno",
        ]),
    ];

/// Modulus 11 with weights 10 to 2; a check digit of 10 is never issued (NHS Data Dictionary, NHS NUMBER).
fn nhs(value: &str, _: &Settings) -> Verdict {
    let Some(digits) = Digits::exactly(10, value, "- ") else { return Verdict::Invalid };
    Verdict::decided(!digits.all_same() && weighted::complements(&digits, &[10, 9, 8, 7, 6, 5, 4, 3, 2, 0], 11))
}

fn nino(value: &str, _: &Settings) -> Verdict {
    let mut letters = value.chars().filter(|character| *character != ' ').map(|letter| letter.to_ascii_uppercase());
    let prefix = (letters.next().unwrap_or(' '), letters.next().unwrap_or(' '));
    let never_issued = [('B', 'G'), ('G', 'B'), ('K', 'N'), ('N', 'K'), ('N', 'T'), ('T', 'N'), ('Z', 'Z')];
    Verdict::plausible(!never_issued.contains(&prefix))
}

/// Current marks carry an age identifier: 02 to 29 for March, 51 to 79 for September (DVLA INF104). Older marks have none.
fn vehicle(value: &str, _: &Settings) -> Verdict {
    let age = value.get(2..4).and_then(|age| Digits::exactly(2, age, ""));
    let starts_with_two_letters = value.bytes().take(2).all(|byte| byte.is_ascii_alphabetic());
    match age.filter(|_| starts_with_two_letters) {
        Some(age) => Verdict::decided(matches!(age.number(0, 2), 2..=29 | 51..=79)),
        None => Verdict::Plausible,
    }
}

/// 9 only fills up a short surname; month 01 to 12, or 51 to 62 for women; a day of that month.
fn driving_licence(value: &str, _: &Settings) -> Verdict {
    let compact: String = value.chars().filter(|character| *character != ' ').collect();
    let surname = compact.get(..5).unwrap_or_default().trim_end_matches('9');
    let Some(birth) = compact.get(5..11).and_then(|birth| Digits::exactly(6, birth, "")) else {
        return Verdict::Invalid;
    };
    let month = match birth.number(1, 3) {
        month @ 51..=62 => month - 50,
        month => month,
    };
    let year = birth.at(0) * 10 + birth.at(5);
    let named = !surname.is_empty() && surname.bytes().all(|byte| byte.is_ascii_alphabetic());
    let length = matches!(compact.len(), 16 | 18);
    Verdict::plausible(named && length && date::exists_in_some_century(year, month, birth.number(3, 5)))
}

/// Weights 6, 7, 8, 9, 10, 5, 4, 3, 2 over the last nine digits; the first is the check digit by table (HMRC).
fn unique_taxpayer_reference(value: &str, _: &Settings) -> Verdict {
    const CHECK_DIGITS: [u32; 11] = [2, 1, 9, 8, 7, 6, 5, 4, 3, 2, 1];
    let Some(digits) = Digits::exactly(10, value, " Kk") else { return Verdict::Invalid };
    let sum: u32 = (1..10).zip([6, 7, 8, 9, 10, 5, 4, 3, 2]).map(|(index, weight)| digits.at(index) * weight).sum();
    let expected = usize::try_from(sum % 11).ok().and_then(|index| CHECK_DIGITS.get(index));
    Verdict::decided(expected == Some(&digits.at(0)) && !digits.all_same())
}
