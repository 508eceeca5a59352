//! Argentina, Brazil, Chile, Colombia, Mexico: identity, taxes, transport, post.

use super::{Entity, Family, Verdict};
use crate::options::Settings;
use crate::pattern::word;
use crate::validate::{Digits, date, luhn};

pub(crate) const ENTITIES: &[Entity] = &[
    Entity::new("ARGENTINA_DNI_NUMBER", Family::Personal, &[word(0.4, r"\d{1,2}\.\d{3}\.\d{3}|\d{7,8}")])
        .value(not_zero)
        .keyword(&["dni", "documento nacional de identidad", "documento", "identidad"])
        .samples(&["99999999"]),
    Entity::new("ARGENTINA_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER", Family::Personal, &[word(0.4, r"2[0347]-?\d{8}-?\d")])
        .value(cuit)
        .keyword(&["cuil", "cuit", "argentina taxpayer id", "clave única de identificación tributaria"]),
    Entity::new("ARGENTINA_ORGANIZATION_TAX_IDENTIFICATION_NUMBER", Family::Personal, &[word(0.4, r"3[034]-?\d{8}-?\d")])
        .value(cuit)
        .keyword(&["cuit", "cuil", "clave única de identificación tributaria"]),
    Entity::new("ARGENTINA_TARJETA_SUBE", Family::Personal, &[word(0.4, r"6061(?:[ -]?\d{4}){3}")])
        .value(sube)
        .keyword(&["sistema único de boleto electrónico", "sube"]),
    Entity::new("BRAZIL_CPF_NUMBER", Family::Personal, &[word(0.4, r"\d{3}\.\d{3}\.\d{3}-\d{2}|\d{9}-\d{2}|\d{11}")])
        .value(cpf)
        .keyword(&["cpf", "cadastro de pessoas físicas", "cadastro de pessoa física", "cpfcnpj"]),
    Entity::new("BRAZIL_CNPJ_NUMBER", Family::Personal, &[word(0.4, r"\d{2}\.\d{3}\.\d{3}/\d{4}-\d{2}|\d{14}")])
        .value(cnpj)
        .keyword(&["cnpj", "cadastro nacional da pessoa jurídica", "cpfcnpj"]),
    Entity::new("BRAZIL_RG_NUMBER", Family::Personal, &[word(0.4, r"\d{1,2}\.\d{3}\.\d{3}-?[0-9X]|\d{7,8}-?[0-9X]")])
        .value(not_zero)
        .keyword(&["rg", "registro geral", "cédula de identidade", "identidade"]),
    Entity::new("BRAZIL_CEP_CODE", Family::Personal, &[word(0.4, r"\d{5}-\d{3}|\d{2}\.\d{3}-\d{3}|\d{8}")])
        .keyword(&["cep", "código de endereçamento postal", "codigo postal", "código postal"]),
    Entity::new("CHILE_RUT_NUMBER", Family::Personal, &[word(0.4, r"\d{1,2}\.\d{3}\.\d{3}-[0-9K]|\d{7,8}-?[0-9K]")])
        .value(rut)
        .keyword(&["rut", "run", "rol único nacional", "rol único tributario", "número de rut"])
        .samples(&["00000000K"]),
    Entity::new("COLOMBIA_CITIZENSHIP_CARD_NUMBER", Family::Personal, &[word(0.4, r"\d{1,3}(?:\.\d{3}){2,3}|\d{6,10}")])
        .value(not_zero)
        .keyword(&["cédula de ciudadanía", "cédula", "cedula", "cc", "documento de identificación"]),
    Entity::new("COLOMBIA_INDIVIDUAL_NIT_NUMBER", Family::Personal, &[word(0.4, r"[1-79]\d{0,2}(?:\.\d{3}){2,3}-\d|\d{6,10}-\d|[1-79]\d{9,10}")])
        .value(nit)
        .keyword(&["nit", "número de identificación tributaria"]),
    Entity::new("COLOMBIA_ORGANIZATION_NIT_NUMBER", Family::Personal, &[word(0.4, r"[89]\d{2}\.?\d{3}\.?\d{3}-?\d")])
        .value(nit)
        .keyword(&["nit", "número de identificación tributaria"]),
    Entity::new(
        "MEXICO_CURP_NUMBER",
        Family::Personal,
        &[word(0.5, r"[A-Z][AEIOUX][A-Z]{2}\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[HMX][A-Z]{2}[B-DF-HJ-NP-TV-Z]{3}[0-9A-Z]\d")],
    )
    .value(curp)
    .keyword(&["curp", "clave única de registro de población", "clave unica", "registro de población"]),
    Entity::new("MEXICO_INDIVIDUAL_RFC_NUMBER", Family::Personal, &[word(0.5, r"(?u:[A-ZÑ&]{4})-?\d{6}-?[A-Z0-9]{3}")])
        .value(rfc)
        .keyword(RFC_KEYWORDS)
        .samples(&["XAXX010101000", "XEXX010101000"]),
    Entity::new("MEXICO_ORGANIZATION_RFC_NUMBER", Family::Personal, &[word(0.5, r"[A-Z&]{3}-?\d{6}-?[A-Z0-9]{3}")])
        .value(rfc)
        .keyword(RFC_KEYWORDS),
];

const RFC_KEYWORDS: &[&str] = &["rfc", "registro federal de contribuyentes", "clave del rfc"];

fn not_zero(value: &str, _: &Settings) -> Verdict {
    Verdict::plausible(value.bytes().any(|byte| matches!(byte, b'1'..=b'9')))
}

/// Weights 5, 4, 3, 2, 7, 6, 5, 4, 3, 2, modulus 11 (AFIP).
fn cuit(value: &str, _: &Settings) -> Verdict {
    let Some(digits) = Digits::exactly(11, value, "-") else { return Verdict::Invalid };
    let sum: u32 =
        [5, 4, 3, 2, 7, 6, 5, 4, 3, 2].iter().enumerate().map(|(index, weight)| digits.at(index) * weight).sum();
    Verdict::decided((11 - sum % 11) % 11 == digits.last())
}

/// Luhn behind the operator's prefix 6061.
fn sube(value: &str, _: &Settings) -> Verdict {
    let digits = Digits::exactly(16, value, " -");
    Verdict::decided(digits.is_some_and(|digits| digits.number(0, 4) == 6061 && luhn::holds(digits.as_slice())))
}

/// One check digit of modulus 11 where 10 counts as 0.
fn brazilian_digit(digits: &Digits, count: usize, weights: impl Iterator<Item = u32>) -> u32 {
    let sum: u32 = (0..count).zip(weights).map(|(index, weight)| digits.at(index) * weight).sum();
    sum * 10 % 11 % 10
}

/// Weights 10 to 2, then 11 to 2 (Receita Federal).
fn cpf(value: &str, _: &Settings) -> Verdict {
    let Some(digits) = Digits::exactly(11, value, ".-") else { return Verdict::Invalid };
    let first = brazilian_digit(&digits, 9, (2..=10).rev());
    let second = brazilian_digit(&digits, 10, (2..=11).rev());
    Verdict::decided(!digits.all_same() && (first, second) == (digits.at(9), digits.at(10)))
}

/// Weights 5 to 2 and 9 to 2, then 6 to 2 and 9 to 2 (Receita Federal).
fn cnpj(value: &str, _: &Settings) -> Verdict {
    let Some(digits) = Digits::exactly(14, value, "./-") else { return Verdict::Invalid };
    let first = brazilian_digit(&digits, 12, (2..=5).rev().chain((2..=9).rev()));
    let second = brazilian_digit(&digits, 13, (2..=6).rev().chain((2..=9).rev()));
    Verdict::decided(!digits.all_same() && (first, second) == (digits.at(12), digits.at(13)))
}

/// Weights 2 to 7 from the right, modulus 11; 10 is written K (Registro Civil).
fn rut(value: &str, _: &Settings) -> Verdict {
    let Some(check) = value.chars().next_back() else { return Verdict::Invalid };
    let body = value.strip_suffix(check).unwrap_or_default();
    let Some(digits) = Digits::of(body, ".-").filter(|digits| matches!(digits.len(), 6..=8)) else {
        return Verdict::Invalid;
    };
    let sum: u32 =
        digits.as_slice().iter().rev().zip((2..=7).cycle()).map(|(digit, weight)| u32::from(*digit) * weight).sum();
    let expected = match 11 - sum % 11 {
        11 => '0',
        10 => 'K',
        digit => char::from_digit(digit, 10).unwrap_or('K'),
    };
    Verdict::decided(check.to_ascii_uppercase() == expected && digits.number(0, digits.len()) > 0)
}

/// Primes from the right, modulus 11 (DIAN).
fn nit(value: &str, _: &Settings) -> Verdict {
    const WEIGHTS: [u32; 15] = [3, 7, 13, 17, 19, 23, 29, 37, 41, 43, 47, 53, 59, 67, 71];
    let Some(digits) = Digits::of(value, ".-").filter(|digits| (7..=11).contains(&digits.len())) else {
        return Verdict::Invalid;
    };
    let body = digits.as_slice().get(..digits.len() - 1).unwrap_or_default();
    let sum: u32 = body.iter().rev().zip(WEIGHTS).map(|(digit, weight)| u32::from(*digit) * weight).sum();
    let remainder = sum % 11;
    Verdict::decided(
        digits.last() == if remainder < 2 { remainder } else { 11 - remainder } && body.iter().any(|digit| *digit > 0),
    )
}

/// Characters count by their place among digits and letters with Ñ, weights 18 to 2 (RENAPO).
fn curp(value: &str, _: &Settings) -> Verdict {
    const ALPHABET: &str = "0123456789ABCDEFGHIJKLMN#OPQRSTUVWXYZ";
    let upper = value.to_ascii_uppercase();
    let values: Option<Vec<u32>> =
        upper.chars().map(|character| ALPHABET.find(character).and_then(|index| u32::try_from(index).ok())).collect();
    let Some((check, body)) = values.as_deref().and_then(<[u32]>::split_last) else { return Verdict::Invalid };
    let sum: u32 = body.iter().zip((2..=18).rev()).map(|(value, weight)| value * weight).sum();
    let birth = value.get(4..10).and_then(|birth| Digits::exactly(6, birth, ""));
    let born = birth
        .is_some_and(|birth| date::exists_in_some_century(birth.number(0, 2), birth.number(2, 4), birth.number(4, 6)));
    Verdict::decided(body.len() == 17 && born && (10 - sum % 10) % 10 == *check)
}

/// Initials, date, homonym key; the key's check digit is not published for all holders, so the date decides.
fn rfc(value: &str, _: &Settings) -> Verdict {
    let birth: String = value
        .chars()
        .filter(|character| *character != '-')
        .skip_while(|character| !character.is_ascii_digit())
        .take(6)
        .collect();
    let birth = Digits::exactly(6, &birth, "");
    Verdict::plausible(
        birth.is_some_and(|birth| {
            date::exists_in_some_century(birth.number(0, 2), birth.number(2, 4), birth.number(4, 6))
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples_hold_and_their_neighbours_do_not() {
        type CheckFn = fn(&str, &Settings) -> Verdict;
        let settings = Settings::default();
        let cases: &[(CheckFn, &str, &str)] = &[
            (cpf, "529.982.247-25", "529.982.247-26"),
            (cnpj, "11.222.333/0001-81", "11.222.333/0001-82"),
            (rut, "12.345.678-5", "12.345.678-6"),
            (nit, "800.197.268-4", "800.197.268-5"),
            (cuit, "20-12345678-6", "20-12345678-7"),
            (curp, "BOXW310820HNERXN09", "BOXW310820HNERXN08"),
        ];
        for (check, valid, invalid) in cases {
            assert_eq!(check(valid, &settings), Verdict::Valid, "{valid}");
            assert_eq!(check(invalid, &settings), Verdict::Invalid, "{invalid}");
        }
    }
}
