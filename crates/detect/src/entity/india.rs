//! India: identity, taxes, passports, voters, vehicles.

use super::{Entity, Family, Outcome, Site, Verdict};
use crate::options::Settings;
use crate::pattern::{Edges, within, word};
use crate::validate::{Digits, verhoeff};

pub(crate) const ENTITIES: &[Entity] = &[
    Entity::new(
        "IN_AADHAAR",
        Family::Personal,
        &[word(0.01, r"\d{12}"), word(0.01, r"\d{4}(?: \d{4} |-\d{4}-|:\d{4}:)\d{4}")],
    )
    .value(aadhaar)
    .context(&["aadhaar", "aadhar", "uidai", "aadhaar number"])
    .default_on(),
    Entity::new(
        "IN_PAN",
        Family::Personal,
        &[
            word(0.5, r"[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]"),
            word(0.1, r"[A-Z]{5}\d{4}[A-Z]"),
            within(Edges::Free, 0.01, r"[A-Z0-9]{10}"),
        ],
    )
    .site(pan)
    .context(&["permanent account number", "pan", "pan card"]),
    Entity::new(
        "IN_GSTIN",
        Family::Personal,
        &[word(0.8, r"(?:0[1-9]|[12]\d|3[0-7])[A-Z]{5}\d{4}[A-Z][1-9A-Z]Z[0-9A-Z]")],
    )
    .value(gstin)
    .context(&["gstin", "gst", "goods and services tax", "tax identification", "gst number", "gst registration"]),
    Entity::new("IN_PASSPORT", Family::Personal, &[word(0.1, r"[A-PR-WY][1-9]\d ?\d{4}[1-9]")]).context(&[
        "passport",
        "indian passport",
        "passport number",
    ]),
    Entity::new(
        "IN_VOTER",
        Family::Personal,
        &[word(0.4, r"[A-Z][ABCDGHJKMNPRSYV][A-Z]\d{7}"), word(0.3, r"[A-Z]{3}\d{7}")],
    )
    .context(&["voter", "epic", "elector photo identity card"]),
    Entity::new(
        "IN_VEHICLE_REGISTRATION",
        Family::Personal,
        &[
            word(0.85, r"\d{2}BH\d{4}[A-HJ-NP-Z]{1,2}"),
            word(0.85, r"\d{1,3}(?:CC|CD|UN)\d{1,4}"),
            word(0.5, r"[A-Z]{2}[ -]?\d{1,2}[ -]?[A-Z]{1,3}[ -]?\d{4}"),
            word(0.4, r"[A-Z]{2}\d{5,6}"),
            word(0.2, r"[A-Z]{3}\d{4}"),
            word(0.01, r"[A-Z]{2}\d{4}"),
        ],
    )
    .value(vehicle)
    .context(&["rto", "vehicle", "plate", "registration"]),
];

/// Verhoeff; no number starts with 0 or 1, none reads the same backwards (UIDAI).
fn aadhaar(value: &str, _: &Settings) -> Verdict {
    let Some(digits) = Digits::exactly(12, value, "- :") else { return Verdict::Invalid };
    let number = digits.as_slice();
    let palindrome = number.iter().eq(number.iter().rev());
    Verdict::decided(digits.at(0) >= 2 && !palindrome && verhoeff::holds(number))
}

/// Ten letters and digits are no more than a guess, and only with a letter and four digits in a row.
fn pan(site: &Site<'_>) -> Outcome {
    let keep = Outcome::Keep { start: site.start, end: site.end, score: None };
    let bytes = site.value().as_bytes();
    let alone = !crate::text::before(site.text, site.start).is_some_and(crate::text::extends_word)
        && !crate::text::after(site.text, site.end).is_some_and(crate::text::extends_word);
    let letters = bytes.iter().any(u8::is_ascii_alphabetic);
    let four_digits = bytes.windows(4).any(|window| window.iter().all(u8::is_ascii_digit));
    if alone && letters && four_digits { keep } else { Outcome::Drop { resume: site.end } }
}

/// State, PAN, registration of that PAN, Z, check character. The structure decides: the check character is left aside,
/// because registrations quoted on invoices and forms carry wrong ones and are business identifiers all the same.
fn gstin(value: &str, _: &Settings) -> Verdict {
    let bytes = value.as_bytes();
    let state = value.get(..2).and_then(|state| Digits::exactly(2, state, "")).map(|state| state.number(0, 2));
    let fits = |(index, byte): (usize, &u8)| match index {
        0 | 1 | 7..=10 => byte.is_ascii_digit(),
        2..=6 | 11 => byte.is_ascii_alphabetic(),
        12 => byte.is_ascii_alphanumeric() && *byte != b'0',
        13 => byte.eq_ignore_ascii_case(&b'Z'),
        _ => byte.is_ascii_alphanumeric(),
    };
    let structured = bytes.len() == 15 && bytes.iter().enumerate().all(fits);
    Verdict::decided(structured && state.is_some_and(|state| (1..=37).contains(&state)))
}

/// Codes of states and union territories and their highest office number (Ministry of Road Transport and Highways).
const OFFICES: &[(&str, u32)] = &[
    ("AN", 2),
    ("AP", 40),
    ("AR", 26),
    ("AS", 34),
    ("BR", 57),
    ("CG", 31),
    ("CH", 4),
    ("DD", 3),
    ("DL", 18),
    ("DN", 9),
    ("GA", 12),
    ("GJ", 39),
    ("HP", 99),
    ("HR", 99),
    ("JH", 24),
    ("JK", 22),
    ("KA", 71),
    ("KL", 99),
    ("LA", 2),
    ("LD", 9),
    ("MH", 58),
    ("ML", 14),
    ("MN", 7),
    ("MP", 71),
    ("MZ", 9),
    ("NL", 10),
    ("OD", 35),
    ("OR", 35),
    ("PB", 99),
    ("PY", 5),
    ("RJ", 58),
    ("SK", 8),
    ("TN", 99),
    ("TR", 8),
    ("TS", 38),
    ("TG", 38),
    ("UK", 20),
    ("UA", 20),
    ("UP", 96),
    ("WB", 98),
];

/// A known state and one of its offices prove a plate with a series; anything else stays a guess.
fn vehicle(value: &str, _: &Settings) -> Verdict {
    let compact: String = value.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase();
    let (state, rest) = compact.split_at_checked(2).unwrap_or_default();
    let office: String = rest.chars().take(2).take_while(char::is_ascii_digit).collect();
    let series =
        rest.get(office.len()..).is_some_and(|series| series.starts_with(|first: char| first.is_ascii_alphabetic()));
    let known = |(code, offices): &(&str, u32)| {
        *code == state && office.parse().is_ok_and(|office: u32| (1..=*offices).contains(&office))
    };
    if series && OFFICES.iter().any(known) { Verdict::Valid } else { Verdict::Plausible }
}
