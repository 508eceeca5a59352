//! Nigeria: identity number and number plates.

use super::{Entity, Family, Verdict};
use crate::options::Settings;
use crate::pattern::word;
use crate::validate::{Digits, verhoeff};

pub(crate) const ENTITIES: &[Entity] = &[
    Entity::new("NG_NIN", Family::Personal, &[word(0.01, r"\d{11}")]).value(national_id).context(&[
        "nin",
        "national identification number",
        "national identity number",
        "nimc",
        "national identity",
        "nigeria id",
        "nigerian identification",
    ]),
    Entity::new("NG_VEHICLE_REGISTRATION", Family::Personal, &[word(0.5, r"[A-Z]{3}[- ]?\d{3}[A-Z]{2}")]).context(&[
        "plate number",
        "vehicle registration",
        "license plate",
        "number plate",
        "plate",
        "vehicle",
        "registration",
    ]),
];

/// Eleven digits with a Verhoeff check digit (NIMC).
fn national_id(value: &str, _: &Settings) -> Verdict {
    let Some(digits) = Digits::exactly(11, value, "") else { return Verdict::Invalid };
    Verdict::decided(!digits.all_same() && verhoeff::holds(digits.as_slice()))
}
