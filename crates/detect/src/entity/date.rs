//! Dates and times, and dates of birth.

use super::{Entity, Family, Verdict};
use crate::options::Settings;
use crate::pattern::{Edges, within};
use crate::validate::{Digits, date};

const MONTH: &str = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec";

pub(crate) const ENTITIES: &[Entity] = &[
    Entity::new(
        "DATE_TIME",
        Family::Personal,
        &[
            within(
                Edges::Dates,
                0.8,
                r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?",
            ),
            within(Edges::Dates, 0.6, r"\d{4}[-/]\d{1,2}[-/]\d{1,2}"),
            within(Edges::Dates, 0.6, r"\d{1,2}/\d{1,2}/(?:\d{4}|\d{2})"),
            within(Edges::Dates, 0.6, r"\d{1,2}-\d{1,2}-\d{4}"),
            within(Edges::Dates, 0.6, r"\d{1,2}\.\d{1,2}\.(?:\d{4}|\d{2})"),
            within(
                Edges::Dates,
                0.6,
                r"\d{1,2}-(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)(?:-(?:\d{4}|\d{2}))?",
            ),
            within(Edges::Dates, 0.6, r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)-(?:\d{4}|\d{2})"),
            within(
                Edges::Dates,
                0.6,
                concat!(
                    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?",
                    r"|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}"
                ),
            ),
            within(
                Edges::Dates,
                0.6,
                concat!(
                    r"\d{1,2}(?:st|nd|rd|th)?\.? (?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?",
                    r"|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?,? \d{4}"
                ),
            ),
            within(Edges::Dates, 0.2, r"\d{1,2}/\d{4}"),
            within(Edges::Dates, 0.1, r"\d{1,2}/\d{2}"),
        ],
    )
    .value(exists)
    .context(&["date", "birthday", "dob"]),
    Entity::new(
        "DATE_OF_BIRTH",
        Family::Personal,
        &[
            within(Edges::Dates, 0.6, r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}"),
            within(Edges::Dates, 0.6, r"\d{1,2}(?:/\d{1,2}/|-\d{1,2}-|\.\d{1,2}\.)(?:\d{4}|\d{2})"),
            within(
                Edges::Dates,
                0.6,
                r"\d{1,2}[- ](?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}[- ](?:\d{4}|\d{2})",
            ),
            within(
                Edges::Dates,
                0.6,
                r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6} \d{1,2}(?:st|nd|rd|th)?,? \d{4}",
            ),
        ],
    )
    .value(exists)
    .keyword(&[
        "bday",
        "b-day",
        "birth date",
        "birthday",
        "birthdate",
        "date of birth",
        "dob",
        "born",
        "geburtsdatum",
        "date de naissance",
        "fecha de nacimiento",
        "data di nascita",
    ]),
];

/// Some reading of the numbers is a day: year first, or month and day in either order.
fn exists(value: &str, _: &Settings) -> Verdict {
    let day = value.split(['T', 't']).next().filter(|day| day.contains('-')).unwrap_or(value);
    let day = day.split_once(' ').filter(|(_, time)| time.contains(':')).map_or(day, |(day, _)| day);
    let numbers: Vec<u32> = day
        .split(|character: char| !character.is_ascii_digit())
        .filter_map(|part| Digits::of(part, "").filter(|part| (1..=4).contains(&part.len())))
        .map(|part| part.number(0, part.len()))
        .collect();
    let named = MONTH.split('|').any(|month| day.to_ascii_lowercase().contains(month));
    Verdict::plausible(match numbers.as_slice() {
        [year, month, day] if *year > 31 => date::exists(*year, *month, *day),
        [first, second, year] => {
            let year = if *year < 100 { 2000 + year } else { *year };
            date::exists(year, *first, *second) || date::exists(year, *second, *first)
        }
        [first, second] if named => (1..=31).contains(first) || (1..=31).contains(second),
        [_] if named => true,
        [first, second] if *second > 31 => (1..=12).contains(first),
        [first, second] => {
            date::exists(2000, *first, *second) || date::exists(2000, *second, *first) || (1..=12).contains(first)
        }
        _ => false,
    })
}
