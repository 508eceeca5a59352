//! What users rely on: context, keywords, switches, overlaps, custom entities, column votes.

#![expect(clippy::expect_used, clippy::string_slice, reason = "a test that cannot be set up must fail")]

use sluice_detect::{
    Checksum, ColumnClass, ColumnVote, CustomEntity, Detector, Options, OptionsError, Place, VoteRule,
};

fn found(options: &Options, names: &[&str], text: &str) -> Vec<(String, String)> {
    let detector = Detector::new(options).expect("options");
    let place = detector.place(names);
    let mut scanner = detector.scanner();
    let findings = scanner.scan(text, &place);
    findings.iter().map(|finding| (finding.entity.to_owned(), text[finding.start..finding.end].to_owned())).collect()
}

fn entities(names: &[&str], text: &str) -> Vec<String> {
    found(&Options::default(), names, text).into_iter().map(|(entity, _)| entity).collect()
}

#[test]
fn weak_shapes_need_a_word_nearby_or_a_telling_column() {
    assert!(entities(&[], "912803456").is_empty());
    assert_eq!(entities(&["passportNumber"], "912803456"), ["US_PASSPORT"]);
    assert_eq!(entities(&["customer", "identity", "ssn"], "219099998"), ["US_SSN"]);
    assert_eq!(entities(&[], "his passport no is 912803456"), ["US_PASSPORT"]);
    assert!(entities(&["duplicate"], "7774567901234").is_empty());
}

#[test]
fn keyword_entities_appear_only_beside_their_keywords() {
    assert!(entities(&[], "737").is_empty());
    assert_eq!(entities(&["cvv2"], "737"), ["CREDIT_CARD_SECURITY_CODE"]);
    assert_eq!(entities(&[], "cpf 529.982.247-25"), ["BRAZIL_CPF_NUMBER"]);
    assert!(entities(&[], "529.982.247-25").is_empty());
    assert_eq!(entities(&["date_of_birth"], "1985-03-14"), ["DATE_OF_BIRTH"]);
    assert!(entities(&["created_at"], "1985-03-14").is_empty());
}

#[test]
fn free_text_gives_each_value_once_by_its_likeliest_kind() {
    let text = "Write to bob0@mail.example or call +1 415 555 0000, card 4242 4242 4242 4242.";
    let expected = [
        ("EMAIL_ADDRESS", "bob0@mail.example"),
        ("PHONE_NUMBER", "+1 415 555 0000"),
        ("CREDIT_CARD", "4242 4242 4242 4242"),
    ];
    assert_eq!(
        found(&Options::default(), &[], text),
        expected.map(|(entity, value)| (entity.to_owned(), value.to_owned()))
    );
}

#[test]
fn secrets_are_found_whole() {
    let key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n-----END RSA PRIVATE KEY-----";
    let header = "Authorization: Basic dXNlcjpwYXNz";
    let token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJqb2UifQ.";
    for (entity, secret) in [("PKCS", key), ("HTTP_BASIC_AUTH_HEADER", header), ("JSON_WEB_TOKEN", token)] {
        assert_eq!(
            found(&Options::default(), &[], &format!("log: {secret} end"))[0],
            (entity.to_owned(), secret.to_owned())
        );
    }
}

#[test]
fn letters_of_other_alphabets_extend_a_word_and_unspaced_scripts_do_not() {
    let options = Options { entities: Some(vec!["KR_RRN".to_owned()]), ..Options::default() };
    assert_eq!(found(&options, &[], "주민등록번호960121-1234567은").len(), 1);
    assert!(found(&options, &[], "é960121-1234567").is_empty());
}

#[test]
fn telephone_numbers_are_found_as_people_write_them() {
    let phones = |text: &str| {
        found(&Options { entities: Some(vec!["PHONE_NUMBER".to_owned()]), ..Options::default() }, &[], text)
    };
    for number in [
        "+1 212 555 0187",
        "(212) 555-0187 ext. 12",
        "+44 (20) 7946 0018",
        "(020) 7946 0018",
        "01 99 00 12 34",
        "0049 30 23125 014",
        "+852 5555 0187",
    ] {
        assert_eq!(phones(&format!("x: {number}.")), [("PHONE_NUMBER".to_owned(), number.to_owned())]);
    }
    for other in [
        "2025-06-04 10:45:01",
        "253-27-4055",
        "10.20.30.40",
        "part 212-555-0187-B",
        "12345-12345",
        "4111 1111 1111 1111",
    ] {
        assert!(phones(other).is_empty(), "{other}");
    }
}

#[test]
fn samples_can_be_left_out() {
    let text = "card 4111 1111 1111 1111";
    assert_eq!(found(&Options::default(), &[], text).len(), 1);
    let strict = Options { report_samples: false, ..Options::default() };
    assert!(found(&strict, &[], text).is_empty());
    assert_eq!(found(&strict, &[], "card 4242 4242 4242 4242").len(), 1);
}

#[test]
fn an_allow_list_takes_whole_patterns_only() {
    let mut options = Options::default();
    options.allow.patterns.push(")|(.*".to_owned());
    assert!(matches!(Detector::new(&options), Err(OptionsError::Pattern { number: 1, .. })));
}

#[test]
fn allowed_values_and_thresholds_are_kept() {
    let mut options = Options::default();
    options.allow.exact.push("info@example.com".to_owned());
    options.allow.patterns.push(r".*@example\.org".to_owned());
    assert!(found(&options, &[], "info@example.com noreply@example.org").is_empty());
    assert_eq!(found(&options, &[], "info@example.com.au").len(), 1);
    options.thresholds.by_entity.insert("IP_ADDRESS".to_owned(), 0.7);
    assert!(found(&options, &[], "see 10.0.0.1").is_empty());
    assert_eq!(found(&options, &[], "ip 10.0.0.1").len(), 1);
}

#[test]
fn custom_entities_have_patterns_context_and_check_digits() {
    let custom = CustomEntity {
        name: "MEMBER".to_owned(),
        patterns: vec![(r"M\d{8}".to_owned(), 0.3)],
        context: vec!["member".to_owned()],
        ..CustomEntity::default()
    };
    let mut options = Options { custom: vec![custom], ..Options::default() };
    assert!(found(&options, &[], "M12345678").is_empty());
    assert_eq!(found(&options, &[], "member M12345678"), [("MEMBER".to_owned(), "M12345678".to_owned())]);
    options.custom[0].patterns[0].0 = r"\d{4}-\d{4}".to_owned();
    options.custom[0].checksum = Some(Checksum::Luhn);
    assert_eq!(found(&options, &[], "1234-5674 1234-5675").len(), 1);
}

#[test]
fn wrong_options_are_named() {
    let unknown = Options { entities: Some(vec!["NOBODY".to_owned()]), ..Options::default() };
    assert!(matches!(Detector::new(&unknown), Err(OptionsError::UnknownEntity(name)) if name == "NOBODY"));
    let with_pattern = |pattern: &str| {
        let patterns = vec![(pattern.to_owned(), 0.5)];
        let custom = CustomEntity { name: "X".to_owned(), patterns, ..CustomEntity::default() };
        Detector::new(&Options { custom: vec![custom], ..Options::default() })
    };
    assert!(matches!(with_pattern("a("), Err(OptionsError::Pattern { number: 1, .. })));
    assert!(matches!(with_pattern("a*"), Err(OptionsError::Pattern { .. })), "matches the empty text");
    assert!(matches!(with_pattern("(?:a{1000}){1000}"), Err(OptionsError::Pattern { .. })), "too large");
}

#[test]
fn listed_values_are_certain_and_whole_words() {
    let values = vec!["Project Alba".to_owned(), "Alba".to_owned(), "a+b".to_owned()];
    let custom = CustomEntity { name: "CODENAME".to_owned(), values, ..CustomEntity::default() };
    let options = Options { entities: Some(Vec::new()), custom: vec![custom], ..Options::default() };
    let found = |text: &str| found(&options, &[], text).into_iter().map(|(_, value)| value).collect::<Vec<_>>();
    assert_eq!(found("on project alba, not Albania, and Alba"), ["project alba", "Alba"]);
    assert_eq!(found("a+b is not aab"), ["a+b"]);
    assert!(!format!("{options:?}").contains("Alba"));
}

#[test]
fn a_scanner_goes_on_with_what_another_learnt() {
    let detector = Detector::new(&Options::default()).expect("options");
    let other = Detector::new(&Options { entities: Some(vec!["IP_ADDRESS".to_owned()]), ..Options::default() });
    let place = detector.place(&["email"]);
    let mut scanner = detector.scanner();
    let first = scanner.scan("anna@example.org", &place).to_vec();
    let mut scanner = detector.scanner_with(scanner.into_memory());
    assert_eq!(scanner.scan("anna@example.org", &place), first);
    let other = other.expect("options");
    assert!(other.scanner_with(scanner.into_memory()).scan("anna@example.org", &place).is_empty());
}

#[test]
fn a_column_is_what_enough_of_its_cells_are() {
    let detector = Detector::new(&Options::default()).expect("options");
    let mut scanner = detector.scanner();
    let silent = Place::default();
    let mut vote_on = |place: &Place, cells: &[&str]| {
        let mut vote = ColumnVote::new();
        for cell in cells {
            let findings = scanner.scan(cell, place).to_vec();
            vote.add(cell.as_bytes(), &findings, place);
        }
        vote
    };
    let rule = VoteRule::default();
    let mut vote = vote_on(&silent, &["a@example.com", "b@example.com", "none"]);
    vote.merge(&vote_on(&silent, &["see c@example.com"]));
    let verdict = vote.verdict(VoteRule { least_share: 0.7, ..rule });
    assert_eq!((vote.cells(), verdict.len(), verdict[0].cells, verdict[0].whole_cells), (4, 1, 3, 2));
    assert!((verdict[0].share - 0.75).abs() < 1e-9);
    assert!(vote.verdict(VoteRule { least_share: 0.8, ..rule }).is_empty());
    assert!(matches!(vote.class(rule), ColumnClass::Of(share) if share.entity == "EMAIL_ADDRESS"));
    let notes = vote_on(&silent, &["thanks", "ok", "ask c@example.com", "done"]);
    assert!(matches!(notes.class(rule), ColumnClass::TextWith(shares) if shares.len() == 1));
    // One in five random numbers with a check digit that holds is chance, unless the column's name says otherwise.
    let numbers = ["4000056655665556", "4000056655665557", "4000056655665558", "4000056655665559", "4000056655665551"];
    assert_eq!(vote_on(&silent, &numbers).class(rule), ColumnClass::Clear);
    let named = detector.place(&["card_number"]);
    assert!(matches!(vote_on(&named, &numbers).class(rule), ColumnClass::Of(share) if share.entity == "CREDIT_CARD"));
}

#[test]
fn nothing_prints_what_it_matched() {
    let mut options = Options::default();
    options.allow.exact.push("secret@example.com".to_owned());
    let detector = Detector::new(&options).expect("options");
    let mut scanner = detector.scanner();
    let findings = format!("{:?}", scanner.scan("4242 4242 4242 4242", &Place::default()));
    let printed = format!("{findings} {scanner:?} {detector:?} {options:?}");
    assert!(!printed.contains("4242") && !printed.contains("secret@"), "{printed}");
}
