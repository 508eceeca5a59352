//! Postal addresses by shape: a number and a word for a street, in the orders and words of some countries.
//!
//! Found: house number and street in English, German, French, Spanish, Italian and Portuguese order, with city and
//! postal code behind it, and a US city with state and ZIP code. Missed: streets without such a word, post boxes, places
//! that are named without a street, other languages.

use super::{Entity, Family};
use crate::pattern::{Edges, within};

macro_rules! capitalised {
    () => {
        r"(?:(?-i:[A-Z])|(?u:[^\x00-\x7F]))(?:[a-z'.-]|(?u:[^\x00-\x7F])){1,24}"
    };
}

pub(crate) const ENTITIES: &[Entity] = &[Entity::new(
    "ADDRESS",
    Family::Personal,
    &[
        // 221B Baker Street, Apt 4, Springfield, IL 62704
        within(
            Edges::Letters,
            0.6,
            concat!(
                r"\d{1,5}[a-z]? (?:(?:n|s|e|w|ne|nw|se|sw|north|south|east|west)\.? )?(?:(?-i:[A-Z0-9])[a-z0-9'.-]{0,20} ){1,3}",
                r"(?:street|st|avenue|ave|road|rd|lane|ln|drive|dr|boulevard|blvd|court|ct|way|place|pl|square|sq|terrace",
                r"|parkway|pkwy|highway|hwy|circle|cir|crescent|close)\b\.?",
                r"(?:,? (?:apt|apartment|suite|ste|unit|flat|#)\.? ?[a-z0-9-]{1,6})?",
                r"(?:,? (?:(?-i:[A-Z])[a-z'.-]{1,20} ?){1,3},? (?-i:[A-Z]{2}) \d{5}(?:-\d{4})?)?"
            ),
        ),
        // Hauptstraße 12a, 10115 Berlin
        within(
            Edges::Letters,
            0.6,
            concat!(
                r"(?:(?-i:[A-Z])|(?u:[^\x00-\x7F]))(?:[a-z-]|(?u:[^\x00-\x7F])){1,30}",
                r"(?:stra(?:ß|ss)e|str\.|weg|platz|allee|gasse|damm|ufer) \d{1,4} ?[a-z]?\b",
                r"(?:,? (?:D-)?\d{5} ",
                capitalised!(),
                ")?"
            ),
        ),
        // 12 bis, rue de la Paix, 75002 Paris
        within(
            Edges::Letters,
            0.6,
            concat!(
                r"\d{1,4}(?: bis| ter)?,? (?:rue|avenue|boulevard|chemin|quai|impasse|allée|cours) (?:d[eu]s? |de la |la |le |l'|d')?",
                capitalised!(),
                "(?: ",
                capitalised!(),
                r"){0,3}(?:,? \d{5} ",
                capitalised!(),
                ")?"
            ),
        ),
        // Calle Mayor 5, 28013 Madrid; Via Roma, 10; Rua Augusta 200
        within(
            Edges::Letters,
            0.6,
            concat!(
                r"(?:calle|avenida|plaza|paseo|via|viale|piazza|corso|rua|travessa) (?:de[il]? |del |de la |della |da |do )?",
                capitalised!(),
                "(?: ",
                capitalised!(),
                r"){0,3},? (?:n\.? ?|nº ?)?\d{1,4}\b(?:,? \d{4,5} ",
                capitalised!(),
                ")?"
            ),
        ),
        // Springfield, IL 62704
        within(Edges::Letters, 0.5, r"(?-i:[A-Z])[a-z'.-]{2,20}(?: (?-i:[A-Z])[a-z'.-]{2,20}){0,2}, (?-i:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY]) \d{5}(?:-\d{4})?"),
    ],
)
.context(&["address", "street", "shipping", "billing", "residence", "lives at", "adresse", "anschrift", "dirección", "indirizzo"])
.default_on()];
