//! Personal data of any country: coordinates, vehicles, addresses.

use super::{Entity, Family, Verdict};
use crate::options::Settings;
use crate::pattern::{Edges, within, word};

pub(crate) const ENTITIES: &[Entity] = &[
    Entity::new(
        "LATITUDE_LONGITUDE",
        Family::Personal,
        &[within(Edges::Digits, 0.5, r"[-+]?\d{1,2}\.\d{2,10}[,; ] ?[-+]?\d{1,3}\.\d{2,10}")],
    )
    .value(coordinates)
    .keyword(&[
        "coordinate",
        "coordinates",
        "lat long",
        "lat lon",
        "lat lng",
        "latitude longitude",
        "latitude",
        "position",
        "location",
        "gps",
        "geo",
        "geolocation",
    ]),
    Entity::new("VEHICLE_IDENTIFICATION_NUMBER", Family::Personal, &[word(0.5, r"[A-HJ-NPR-Z0-9]{17}")])
        .value(vin)
        .keyword(&[
            "vin",
            "vehicle identification number",
            "vehicle id",
            "fahrgestellnummer",
            "niv",
            "numer vin",
            "chassis number",
            "numéro d'identification du véhicule",
        ]),
];

/// Decimal degrees within the globe.
fn coordinates(value: &str, _: &Settings) -> Verdict {
    let numbers: Vec<f64> = value
        .split(|character: char| !(character.is_ascii_digit() || ".+-".contains(character)))
        .filter_map(|part| part.parse().ok())
        .collect();
    Verdict::plausible(
        matches!(numbers.as_slice(), [latitude, longitude] if latitude.abs() <= 90.0 && longitude.abs() <= 180.0),
    )
}

/// North American numbers carry a check digit in the ninth place (49 CFR 565.15); elsewhere its place is free (ISO 3779).
fn vin(value: &str, _: &Settings) -> Verdict {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    let transliterate = |character: char| match character.to_ascii_uppercase() {
        letter @ 'A'..='H' => u32::from(letter) - u32::from('A') + 1,
        letter @ 'J'..='R' => u32::from(letter) - u32::from('J') + 1,
        letter @ 'S'..='Z' => u32::from(letter) - u32::from('S') + 2,
        digit => digit.to_digit(10).unwrap_or(0),
    };
    let sum: u32 = value.chars().map(transliterate).zip(WEIGHTS).map(|(value, weight)| value * weight).sum();
    let check = value
        .chars()
        .nth(8)
        .map(|check| if check.eq_ignore_ascii_case(&'x') { 10 } else { check.to_digit(10).unwrap_or(99) });
    let mixed = value.bytes().any(|byte| byte.is_ascii_digit()) && value.bytes().any(|byte| byte.is_ascii_alphabetic());
    if mixed && check == Some(sum % 11) { Verdict::Valid } else { Verdict::plausible(mixed) }
}
