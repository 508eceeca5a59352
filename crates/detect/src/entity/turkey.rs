//! Türkiye: identity numbers and number plates.

use super::{Entity, Family, Verdict};
use crate::options::Settings;
use crate::pattern::word;
use crate::validate::Digits;

pub(crate) const ENTITIES: &[Entity] = &[
    Entity::new("TR_NATIONAL_ID", Family::Personal, &[word(0.3, r"[1-9]\d{10}")]).value(national_id).context(&[
        "tc kimlik",
        "tc kimlik no",
        "kimlik no",
        "kimlik numarası",
        "tckn",
        "tc no",
        "nüfus cüzdanı",
        "national id",
        "turkish id",
        "türk kimlik",
    ]),
    Entity::new(
        "TR_LICENSE_PLATE",
        Family::Personal,
        &[word(0.3, r"\d{2} [A-Z]{1,3} \d{2,5}"), word(0.3, r"\d{2}-[A-Z]{1,3}-\d{2,5}")],
    )
    .value(plate)
    .context(&[
        "plaka",
        "araç plakası",
        "plaka numarası",
        "kayıt plakası",
        "tr plaka",
        "license plate",
        "number plate",
        "plate",
        "taşıt plakası",
        "kayıt",
    ]),
];

/// The tenth digit is 7 (d1 + d3 + d5 + d7 + d9) - (d2 + d4 + d6 + d8) modulo 10, the eleventh the sum of the first ten
/// (Nüfus ve Vatandaşlık İşleri).
fn national_id(value: &str, _: &Settings) -> Verdict {
    let Some(digits) = Digits::exactly(11, value, "") else { return Verdict::Invalid };
    let odd: u32 = [0, 2, 4, 6, 8].iter().map(|index| digits.at(*index)).sum();
    let even: u32 = [1, 3, 5, 7].iter().map(|index| digits.at(*index)).sum();
    let tenth = (7 * odd + 100 - even) % 10;
    let eleventh = (odd + even + digits.at(9)) % 10;
    Verdict::decided(digits.at(0) > 0 && digits.at(9) == tenth && digits.at(10) == eleventh)
}

/// Province codes 01 to 81 (Karayolları Trafik Yönetmeliği). What does not read as a plate is left undecided.
fn plate(value: &str, _: &Settings) -> Verdict {
    let mut parts = value.split([' ', '-']);
    let province = parts.next().and_then(|province| Digits::exactly(2, province, ""));
    let letters = parts.next().filter(|letters| letters.bytes().all(|byte| byte.is_ascii_alphabetic()));
    let number = parts.next().and_then(|number| Digits::of(number, "")).filter(|number| matches!(number.len(), 2..=5));
    match (province, letters, number) {
        (Some(province), Some(_), Some(_)) => Verdict::decided(matches!(province.number(0, 2), 1..=81)),
        _ => Verdict::Plausible,
    }
}
