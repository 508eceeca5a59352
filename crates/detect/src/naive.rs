//! The plain way to scan a cell, against which the fast ways are tested: every pattern searches the whole text, one after
//! the other, and context is looked for without asking first whether there can be any.

use crate::compiled::CompiledPattern;
use crate::context::{Place, boosted};
use crate::detector::Detector;
use crate::entity::Site;
use crate::judge::{judge, speaks_nearby};
use crate::options::Options;
use crate::resolve::{Raw, resolve};
use crate::text::next_boundary;
use proptest::prelude::*;
use std::sync::OnceLock;

fn scan(detector: &Detector, text: &str, place: &Place) -> Vec<Raw> {
    let needs_words = |pattern: &&CompiledPattern| pattern.hopeless_alone && !place.speaks_for(pattern.entity);
    let (last, first): (Vec<_>, Vec<_>) = detector.patterns.iter().partition(needs_words);
    let mut found = Vec::new();
    for pattern in first.into_iter().chain(last) {
        search(detector, pattern, text, place, &mut found);
        // Nothing can displace a certain finding that takes the whole cell.
        let is_whole = |raw: &Raw| raw.score >= 1.0 && raw.start == 0 && raw.end == text.len();
        if !detector.keep_overlaps && found.last().is_some_and(is_whole) {
            break;
        }
    }
    resolve(&mut found, detector.keep_overlaps);
    found
}

fn search(detector: &Detector, pattern: &CompiledPattern, text: &str, place: &Place, found: &mut Vec<Raw>) {
    let entity = &detector.entities[pattern.entity];
    let mut from = 0;
    while let Some(span) = pattern.find(&mut None, text, from..text.len()) {
        let site = Site { text, start: span.start, end: span.end, settings: &detector.settings };
        let resume = match judge(pattern, entity, &site) {
            Err(resume) => resume,
            Ok((start, end, base_score)) => {
                let is_certain = base_score >= 1.0 && !entity.needs_keyword;
                let has_context = place.speaks_for(pattern.entity)
                    || (start > 0 && !is_certain && speaks_nearby(entity, text, start));
                let score = if has_context && base_score < 1.0 { boosted(base_score) } else { base_score };
                if score >= entity.threshold && (has_context || !entity.needs_keyword) && start < end {
                    found.push(Raw { entity: pattern.entity, start, end, score, base_score });
                }
                end
            }
        };
        from = next_boundary(text, resume.max(span.start + 1));
        if from >= text.len() {
            break;
        }
    }
}

fn everything() -> &'static Detector {
    static DETECTOR: OnceLock<Detector> = OnceLock::new();
    DETECTOR.get_or_init(|| {
        let names = crate::entity::names().map(str::to_owned).collect();
        Detector::new(&Options { entities: Some(names), keep_overlaps: true, ..Options::default() }).unwrap()
    })
}

fn defaults() -> &'static Detector {
    static DETECTOR: OnceLock<Detector> = OnceLock::new();
    DETECTOR.get_or_init(|| Detector::new(&Options::default()).unwrap())
}

/// Values of many kinds, words that speak for some, and what may part or spoil them, so that random joins hold findings at
/// any boundary.
fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[0-9]{1,11}",
        "[A-Z]{1,2}[0-9]{3,9}",
        "[A-Z][a-z]{1,6}",
        "[a-z]{1,6}",
        "[-./:@+() _,;#']{1,2}",
        "[0-9]{3}-[0-9]{2}-[0-9]{4}",
        "[0-9]{4} [0-9]{4} [0-9]{4} [0-9]{4}",
        "\\+[0-9]{1,2} [0-9]{3} [0-9]{3} [0-9]{4}",
        "20[0-9]{2}-[01][0-9]-[0-3][0-9]",
        "[a-z]{1,4}@[a-z]{1,4}\\.(com|org|de)",
        "[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}",
        "(ssn|passport|phone|name|account|driver license|born|iban|vin|tax id)[: ]",
        "(Anna|José|Dmitri|Grace) (Smith|García|Müller|O'Neil)",
        Just("4242424242424242".to_owned()),
        Just("DE89370400440532013000".to_owned()),
        Just(" ".to_owned()),
        Just("é".to_owned()),
        Just("여권".to_owned()),
        Just("\u{2019}".to_owned()),
    ];
    proptest::collection::vec(piece, 1..6).prop_map(|pieces| pieces.concat())
}

/// Another text of the same shape: other digits, other letters.
fn twin(text: &str) -> String {
    let changed = |character: char| match character {
        '0'..='8' | 'a'..='y' => char::from(character as u8 + 1),
        other => other,
    };
    text.chars().map(changed).collect()
}

fn compare(detector: &Detector, places: &[Place], texts: &[String]) -> Result<(), TestCaseError> {
    let mut scanner = detector.scanner();
    // The first round meets the shapes, the second learns them, the third knows them.
    for _ in 0..3 {
        for place in places {
            for text in texts {
                for text in [text.clone(), twin(text), format!("{text}{}", " ".repeat(70))] {
                    let plain = scan(detector, &text, place);
                    let plain: Vec<_> = plain.iter().map(|raw| detector.finding(raw)).collect();
                    prop_assert_eq!(scanner.scan(&text, place), &*plain, "{:?}", text);
                    prop_assert_eq!(scanner.scan_bytes(text.as_bytes(), place), &*plain, "{:?}", text);
                }
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_fast_ways_find_what_the_plain_one_finds(texts in proptest::collection::vec(texts(), 1..3)) {
        let places = [&[] as &[&str], &["ssn"], &["customer", "phone"]].map(|names| defaults().place(names));
        compare(defaults(), &places, &texts)?;
    }

    #[test]
    fn so_they_do_with_all_entities_at_once(text in texts()) {
        compare(everything(), &[everything().place(&["passport number"])], &[text])?;
    }
}
