//! Germany: identity documents, insurance, taxes, health care, vehicles, registers.

use super::{Entity, Family, Verdict};
use crate::options::Settings;
use crate::pattern::{Edges, within, word};
use crate::validate::{Digits, date, iso7064};

pub(crate) const ENTITIES: &[Entity] = &[
    Entity::new("DE_TAX_ID", Family::Personal, &[word(0.5, r"[1-9]\d{10}")]).value(tax_id).context(&[
        "steueridentifikationsnummer",
        "steuer-id",
        "steuerid",
        "steuerliche identifikationsnummer",
        "steuerliche identifikation",
        "persönliche identifikationsnummer",
        "steuer identifikation",
        "idnr",
        "steuer-idnr",
        "steuernummer",
        "bzst",
        "tax id",
    ]),
    Entity::new(
        "DE_TAX_NUMBER",
        Family::Personal,
        &[
            word(0.5, r"(?:0[1-9]|1[0-6])\d{11}|(?:2[1-46-8]|3[0-2]|4[01]|5\d|9\d)\d{2}0\d{8}"),
            word(0.4, r"\d{3}/\d{3}/\d{5}"),
            word(0.2, r"\d{2,3}/\d{3,4}/\d{4,5}"),
        ],
    )
    .context(&[
        "steuernummer",
        "steuer-nr",
        "steuer nr",
        "st.-nr",
        "st-nr",
        "finanzamt",
        "umsatzsteuer",
        "einkommensteuer",
        "körperschaftsteuer",
        "gewerbesteuer",
        "steuerveranlagung",
        "steuerbescheid",
    ]),
    Entity::new(
        "DE_VAT_ID",
        Family::Personal,
        &[word(0.5, r"DE\d{9}"), word(0.4, r"DE[ .-]\d{3}[ .-]?\d{3}[ .-]?\d{3}")],
    )
    .value(vat_id)
    .context(&[
        "umsatzsteuer-identifikationsnummer",
        "umsatzsteueridentifikationsnummer",
        "ust-idnr",
        "ust-id",
        "ustidnr",
        "umsatzsteuer-id",
        "mehrwertsteuer",
        "vat",
        "vat-id",
        "vat id",
        "steueridentifikation",
        "bzst",
        "bundeszentralamt für steuern",
        "finanzamt",
        "invoice",
        "rechnung",
    ]),
    Entity::new("DE_ID_CARD", Family::Personal, &[word(0.4, DOCUMENT_NUMBER), word(0.5, r"T\d{8}")])
        .value(id_card)
        .context(&[
            "personalausweis",
            "ausweis",
            "personalausweisnummer",
            "ausweisnummer",
            "ausweisdokument",
            "dokumentennummer",
            "seriennummer",
            "npa",
            "neuer personalausweis",
            "personalausweisgesetz",
            "pauwsg",
            "bundespersonalausweis",
            "identity card",
            "national id",
        ]),
    Entity::new("DE_PASSPORT", Family::Personal, &[word(0.4, DOCUMENT_NUMBER)]).value(passport).context(&[
        "reisepass",
        "pass",
        "pass-nr",
        "passnummer",
        "reisepassnummer",
        "passport",
        "passport number",
        "dokumentennummer",
        "bundesrepublik deutschland",
        "ausweisdokument",
        "mrz",
    ]),
    Entity::new(
        "DE_SOCIAL_SECURITY",
        Family::Personal,
        &[word(0.5, r"\d{2}(?:0[1-9]|[1-7]\d|8[01])(?:0[1-9]|1[0-2])\d{2}[A-Z]\d{3}"), word(0.3, r"\d{8}[A-Z]\d{3}")],
    )
    .value(social_security)
    .context(&[
        "rentenversicherungsnummer",
        "sozialversicherungsnummer",
        "versicherungsnummer",
        "rvnr",
        "svnr",
        "sv-nummer",
        "rente",
        "rentenversicherung",
        "deutsche rentenversicherung",
        "drv",
        "sozialversicherung",
        "sozialversicherungsausweis",
        "rentenausweis",
    ]),
    Entity::new("DE_HEALTH_INSURANCE", Family::Health, &[word(0.3, r"[A-Z]\d{9}")]).value(health_insurance).context(&[
        "krankenversicherungsnummer",
        "krankenversichertennummer",
        "versichertennummer",
        "kvnr",
        "krankenkasse",
        "krankenversicherung",
        "gesundheitskarte",
        "egk",
        "elektronische gesundheitskarte",
        "gkv",
        "gesetzliche krankenversicherung",
        "krankenversicherungsausweis",
        "versichertenausweis",
        "versichertenkarte",
        "aok",
        "tkk",
        "barmer",
        "dak",
    ]),
    Entity::new("DE_LANR", Family::Health, &[word(0.3, r"\d{9}")]).value(physician_number).context(&[
        "arztnummer",
        "lanr",
        "lebenslange arztnummer",
        "arzt-nr",
        "arzt nr",
        "arzt-nummer",
        "vertragsarzt",
        "kassenarzt",
        "niedergelassener arzt",
        "kbv",
        "kassenärztliche vereinigung",
        "kv-nummer",
        "rezept",
        "verschreibung",
        "behandelnder arzt",
        "hausarzt",
        "facharzt",
    ]),
    Entity::new("DE_BSNR", Family::Health, &[word(0.2, r"\d{9}")]).value(practice_number).context(&[
        "betriebsstättennummer",
        "betriebsstätten-nummer",
        "bsnr",
        "betriebsstätte",
        "praxisnummer",
        "arztpraxis",
        "praxis",
        "kassenärztliche vereinigung",
        "kv-nummer",
        "kv nummer",
        "praxisadresse",
        "praxisstandort",
        "nebenbetriebsstätte",
        "hauptbetriebsstätte",
        "behandlungsort",
        "vertragsarztpraxis",
    ]),
    Entity::new("DE_FUEHRERSCHEIN", Family::Personal, &[word(0.35, r"[A-Z]{2}\d{8}[A-Z0-9]")]).context(&[
        "führerscheinnummer",
        "führerschein",
        "fuehrerschein",
        "fahrerlaubnis",
        "fahrerlaubnisnummer",
        "fahrerlaubnisklasse",
        "führerscheininhaber",
        "fev",
        "kba",
        "kraftfahrt-bundesamt",
        "driving licence",
        "driving license",
        "driver's license",
        "licence number",
        "license number",
        "dokument nr",
        "dokument-nr",
        "feld 5",
    ]),
    Entity::new("DE_HANDELSREGISTER", Family::Personal, &[word(0.5, r"HR[AB]\s{0,3}\d{1,6}")]).context(&[
        "handelsregister",
        "handelsregisternummer",
        "amtsgericht",
        "registergericht",
        "hra",
        "hrb",
        "hr-nummer",
        "registerauszug",
        "handelsregistereintrag",
        "firma",
        "gesellschaft",
        "gmbh",
        "ag",
        "ug",
        "kg",
        "ohg",
        "einzelkaufmann",
        "einzelkauffrau",
        "handelsregisterblattnummer",
    ]),
    Entity::new(
        "DE_KFZ",
        Family::Personal,
        &[
            within(
                Edges::Word,
                0.3,
                r"[A-Z]{1,3}(?: [A-Z]{1,2} |-[A-Z]{1,2}-|-[A-Z]{1,2} | [A-Z]{1,2}-)[1-9]\d{0,3}[EH]?",
            ),
            within(
                Edges::Letters,
                0.3,
                r"(?u:[A-ZÄÖÜ]{1,3})(?: [A-Z]{1,2} |-[A-Z]{1,2}-|-[A-Z]{1,2} )[1-9]\d{0,3}[EH]?",
            ),
        ],
    )
    .context(&[
        "kennzeichen",
        "kfz-kennzeichen",
        "kraftfahrzeugkennzeichen",
        "nummernschild",
        "fahrzeugkennzeichen",
        "zulassung",
        "kfz",
        "fahrzeug",
        "auto",
        "pkw",
        "lkw",
        "fahrzeugschein",
        "fahrzeugbrief",
        "zulassungsbescheinigung",
        "amtliches kennzeichen",
    ]),
    Entity::new("DE_PLZ", Family::Personal, &[word(0.05, r"\d{5}")]).value(postal_code).context(&[
        "plz",
        "postleitzahl",
        "postanschrift",
        "adresse",
        "wohnort",
        "ort",
        "wohnanschrift",
        "lieferadresse",
        "rechnungsadresse",
        "straße",
        "strasse",
        "hausnummer",
        "postfach",
        "bundesland",
        "gemeinde",
        "stadt",
        "dorf",
    ]),
];

/// Serial numbers of identity cards and passports avoid vowels and letters that look like digits (`PAuswV`, annex).
const DOCUMENT_NUMBER: &str = r"[CFGHJKLMNPRTV-Z][CFGHJKLMNPRTV-Z0-9]{7}\d";

/// ISO 7064 MOD 11,10 and no leading zero (§ 139b AO). One digit occurs two or three times among the first ten; numbers
/// with ten different digits are let through as well, since published samples have them.
fn tax_id(value: &str, _: &Settings) -> Verdict {
    const MOST_REPETITIONS: usize = 3;
    let Some(digits) = Digits::exactly(11, value, "") else { return Verdict::Invalid };
    let body = digits.as_slice().get(..10).unwrap_or_default();
    #[expect(clippy::naive_bytecount, reason = "ten digits")]
    let repetitions = |digit: u8| body.iter().filter(|other| **other == digit).count();
    let balanced = (0..10).all(|digit| repetitions(digit) <= MOST_REPETITIONS);
    Verdict::decided(digits.at(0) > 0 && balanced && iso7064::mod_11_10(digits.as_slice()))
}

/// ISO 7064 MOD 11,10. The tax office does not publish the check officially, so a mismatch decides only in strict mode.
fn vat_id(value: &str, settings: &Settings) -> Verdict {
    let prefix = value.get(..2).filter(|prefix| prefix.eq_ignore_ascii_case("DE"));
    let number = prefix.and_then(|_| value.get(2..)).and_then(|number| Digits::exactly(9, number, " .-"));
    match number {
        None => Verdict::Invalid,
        Some(number) if iso7064::mod_11_10(number.as_slice()) => Verdict::Valid,
        Some(_) => Verdict::plausible(!settings.strict_vat_checksum),
    }
}

/// ICAO 9303 part 3: letters count from 10, weights 7, 3, 1, modulus 10.
fn document_check(value: &str) -> bool {
    let values: Option<Vec<u32>> = value.chars().map(|character| character.to_digit(36)).collect();
    let Some((check, body)) = values.as_deref().and_then(<[u32]>::split_last) else { return false };
    let sum: u32 = body.iter().zip([7, 3, 1].into_iter().cycle()).map(|(value, weight)| value * weight).sum();
    body.len() == 8 && sum % 10 == *check
}

/// Cards before 2010 start with T and eight digits, none of which is a check digit.
fn id_card(value: &str, _: &Settings) -> Verdict {
    let old = value.strip_prefix(['T', 't']).is_some_and(|serial| Digits::exactly(8, serial, "").is_some());
    if old { Verdict::Plausible } else { passport_like(value) }
}

fn passport(value: &str, _: &Settings) -> Verdict {
    passport_like(value)
}

fn passport_like(value: &str) -> Verdict {
    let starts_with_letter = value.starts_with(|first: char| first.is_ascii_alphabetic());
    Verdict::decided(starts_with_letter && document_check(value))
}

/// Area, birth date, initial, serial, check digit (VKVNR, § 147 SGB VI). The letter counts as two digits, products enter
/// by their cross sum. 50 is added to the day when a number would be issued twice.
fn social_security(value: &str, _: &Settings) -> Verdict {
    const WEIGHTS: [u32; 12] = [2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1];
    let Some((before, after)) = value.get(..8).zip(value.get(9..)) else { return Verdict::Invalid };
    let initial = value.get(8..9).and_then(|letter| letter.chars().next()).and_then(letter_ordinal);
    let (Some(before), Some(initial), Some(after)) =
        (Digits::exactly(8, before, ""), initial, Digits::exactly(3, after, ""))
    else {
        return Verdict::Invalid;
    };
    let day = match before.number(2, 4) {
        day @ 51..=81 => day - 50,
        day => day,
    };
    let born = date::exists_in_some_century(before.number(6, 8), before.number(4, 6), day);
    let values = (0..8).map(|index| before.at(index)).chain([initial / 10, initial % 10, after.at(0), after.at(1)]);
    let sum: u32 = values.zip(WEIGHTS).map(|(value, weight)| cross_sum(value * weight)).sum();
    Verdict::decided(born && sum % 10 == after.at(2))
}

/// Luhn from the left over the letter's two digits and eight digits (KVNR, § 290 SGB V).
fn health_insurance(value: &str, _: &Settings) -> Verdict {
    let letter = value.chars().next().and_then(letter_ordinal);
    let number = value.get(1..).and_then(|number| Digits::exactly(9, number, ""));
    let (Some(letter), Some(number)) = (letter, number) else { return Verdict::Invalid };
    let values = [letter / 10, letter % 10].into_iter().chain((0..8).map(|index| number.at(index)));
    let sum: u32 = values.zip([1, 2].into_iter().cycle()).map(|(value, weight)| cross_sum(value * weight)).sum();
    Verdict::decided(sum % 10 == number.last())
}

/// A is 1, Z is 26.
fn letter_ordinal(letter: char) -> Option<u32> {
    letter.to_digit(36).filter(|value| *value >= 10).map(|value| value - 9)
}

fn cross_sum(product: u32) -> u32 {
    product / 10 + product % 10
}

/// Weights 4 and 9 over six digits, complement to 10 in the seventh; two digits of specialty follow (KBV, § 75 SGB V).
fn physician_number(value: &str, _: &Settings) -> Verdict {
    let Some(digits) = Digits::exactly(9, value, "") else { return Verdict::Invalid };
    let sum: u32 = [4, 9, 4, 9, 4, 9].iter().enumerate().map(|(index, weight)| digits.at(index) * weight).sum();
    Verdict::decided((10 - sum % 10) % 10 == digits.at(6) && digits.number(0, 6) > 0)
}

/// Nine digits without a check digit.
fn practice_number(value: &str, _: &Settings) -> Verdict {
    Verdict::plausible(Digits::exactly(9, value, "").is_some_and(|digits| digits.number(0, 9) > 0))
}

/// 01001 to 99998, and not the 01000 that no place has (Deutsche Post).
fn postal_code(value: &str, _: &Settings) -> Verdict {
    let code = Digits::exactly(5, value, "").map(|digits| digits.number(0, 5));
    Verdict::plausible(code.is_some_and(|code| (1001..=99_998).contains(&code)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_follow_the_official_examples() {
        let settings = Settings::default();
        assert_eq!(social_security("65170839J003", &settings), Verdict::Valid);
        assert_eq!(tax_id("86095742719", &settings), Verdict::Valid);
        assert_eq!(tax_id("86095742718", &settings), Verdict::Invalid);
    }
}
