//! Spain: identity, taxes, passports, social security.

use super::{Entity, Family, Verdict};
use crate::options::Settings;
use crate::pattern::word;
use crate::validate::Digits;

pub(crate) const ENTITIES: &[Entity] = &[
    Entity::new("ES_NIF", Family::Personal, &[word(0.5, r"\d{7,8}-?[A-Z]")])
        .value(nif)
        .context(&["documento nacional de identidad", "dni", "nif", "identificación"])
        .default_on(),
    Entity::new("ES_NIE", Family::Personal, &[word(0.5, r"[XYZ]-?\d{7}-?[A-Z]")])
        .value(nie)
        .context(&["número de identificación de extranjero", "nie"])
        .default_on(),
    Entity::new("ES_PASSPORT", Family::Personal, &[word(0.05, r"[A-Z]{3}\d{6}")]).context(&[
        "pasaporte",
        "passport",
        "número de pasaporte",
        "passport number",
    ]),
    Entity::new(
        "SPAIN_TAX_IDENTIFICATION_NUMBER",
        Family::Personal,
        &[word(0.4, r"[ABCDEFGHJNPQRSUVW]-?\d{7}-?[0-9A-J]")],
    )
    .value(cif)
    .keyword(&[
        "cif",
        "nif",
        "tax id",
        "tax number",
        "número de identificación fiscal",
        "código de identificación fiscal",
    ]),
    Entity::new("SPAIN_SOCIAL_SECURITY_NUMBER", Family::Personal, &[word(0.4, r"\d{2}[ /-]?\d{8}[ /-]?\d{2}")])
        .value(social_security)
        .keyword(&[
            "número de la seguridad social",
            "numero seguridad social",
            "seguridad social",
            "nuss",
            "naf",
            "social security",
            "social security number",
        ]),
];

/// The control letter is the number's remainder by 23 in this table (Orden INT/2058/2008).
const LETTERS: &str = "TRWAGMYFPDXBNJZSQVHLCKE";

fn letter_holds(number: u32, letter: char) -> bool {
    let index = usize::try_from(number % 23).unwrap_or(usize::MAX);
    LETTERS.chars().nth(index) == Some(letter.to_ascii_uppercase())
}

fn nif(value: &str, _: &Settings) -> Verdict {
    let Some(letter) = value.chars().next_back() else { return Verdict::Invalid };
    let body = value.strip_suffix(letter).unwrap_or_default();
    let number = Digits::of(body, "-").filter(|digits| matches!(digits.len(), 7 | 8));
    Verdict::decided(number.is_some_and(|digits| letter_holds(digits.number(0, digits.len()), letter)))
}

/// X, Y and Z stand for 0, 1 and 2.
fn nie(value: &str, _: &Settings) -> Verdict {
    let mut characters = value.chars();
    let kind = characters.next().map(|kind| kind.to_ascii_uppercase());
    let (Some(kind @ 'X'..='Z'), Some(letter)) = (kind, characters.next_back()) else { return Verdict::Invalid };
    let Some(digits) = Digits::exactly(7, characters.as_str(), "-") else { return Verdict::Invalid };
    let leading = u32::from(kind) - u32::from('X');
    Verdict::decided(letter_holds(leading * 10_000_000 + digits.number(0, 7), letter))
}

/// Luhn over seven digits, written as a digit or, by kind of organisation, as a letter (Orden EHA/451/2008).
fn cif(value: &str, _: &Settings) -> Verdict {
    let mut characters = value.chars();
    let (Some(_), Some(control)) = (characters.next(), characters.next_back()) else { return Verdict::Invalid };
    let Some(digits) = Digits::exactly(7, characters.as_str(), "-") else { return Verdict::Invalid };
    let doubled = |digit: u32| 2 * digit / 10 + 2 * digit % 10;
    let sum: u32 = (0..7).map(|index| if index % 2 == 0 { doubled(digits.at(index)) } else { digits.at(index) }).sum();
    let expected = (10 - sum % 10) % 10;
    let letter = usize::try_from(expected).ok().and_then(|index| "JABCDEFGHI".chars().nth(index));
    Verdict::decided(control.to_digit(10) == Some(expected) || letter == Some(control.to_ascii_uppercase()))
}

/// Province and number modulo 97 (TGSS).
fn social_security(value: &str, _: &Settings) -> Verdict {
    let Some(digits) = Digits::exactly(12, value, " /-") else { return Verdict::Invalid };
    let skip_leading_zero = digits.at(2) == 0;
    let body = (0..10).filter(|index| !(skip_leading_zero && *index == 2));
    let remainder = body.fold(0, |remainder, index| (remainder * 10 + digits.at(index)) % 97);
    Verdict::decided(remainder == digits.number(10, 12) && digits.number(0, 2) > 0)
}
