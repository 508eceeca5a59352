//! Every parameter of every transform: what is read, and what is refused by name.

use super::*;

fn read(transform: &str) -> Transform {
    let text = with_privacy(&format!("{{ domain: d, columns: {{ a: {transform} }} }}"));
    match Policy::parse(&text) {
        Ok(policy) => policy.datasets[0].privacy.columns.get("a").unwrap().clone(),
        Err(problems) => panic!("{transform}: {problems}"),
    }
}

#[test]
fn defaults() {
    let key = KeyScope::Domain;
    let unfit = Unfit::Refuse;
    assert_eq!(read("{ transform: null }"), Transform::Null);
    assert_eq!(read("{ transform: \"null\" }"), Transform::Null);
    assert_eq!(read("{ transform: replace, with: 0 }"), Transform::Replace { with: "0".to_owned() });
    let (algorithm, construction) = (HashAlgorithm::Sha256, HashConstruction::Hmac);
    assert_eq!(read("{ transform: hash }"), Transform::Hash { algorithm, construction, key });
    let alphabet = "0123456789".to_owned();
    let fpe = Fpe { alphabet, keep_first: 0, keep_last: 0, check: CheckDigit::None, unfit, key };
    assert_eq!(read("{ transform: fpe }"), Transform::Fpe(fpe.clone()));
    assert_eq!(read("{ transform: fpe, alphabet: \"0123456789\", check: luhn }"), {
        Transform::Fpe(Fpe { check: CheckDigit::Luhn, ..fpe })
    });
    let shift = ShiftDate { per: "b".to_owned(), max_days: 30, order: DateOrder::Ymd, unfit };
    assert_eq!(read("{ transform: shift_date, per: b, max_days: 30 }"), Transform::ShiftDate(shift));
    let scale = Number::parse("2.5").unwrap();
    let laplace = NoiseDistribution::Laplace;
    assert_eq!(read("{ transform: noise, scale: 2.50 }"), Transform::Noise { distribution: laplace, scale, unfit });
    let surrogate = Transform::Surrogate { kind: SurrogateKind::Name, keep_domain: false, key };
    assert_eq!(read("{ transform: surrogate, kind: name }"), surrogate);
    assert_eq!(read("{ transform: token, key: column }"), Transform::Token { key: KeyScope::Column });
    assert_eq!(read("{ transform: generalize, to: zip3 }"), Transform::Generalize(Generalize::Zip3 { unfit }));
}

#[test]
fn every_field_out_of_range_is_a_named_problem() {
    let x64 = "x".repeat(1_025);
    let wide: String = (0..1_025).filter_map(|i| char::from_u32(0x4e00 + i)).collect();
    for (transform, field, part) in [
        ("{ transform: null, with: x }", "with", "unknown field"),
        ("{ transform: token, key: row }", "key", "expected one of domain, column"),
        ("{ transform: encrypt, key: 1 }", "key", "expected text"),
        ("{ transform: redact, with: 7 }", "with", "put it in quotes"),
        ("{ transform: redact, with: \"a\\nb\" }", "with", "without control characters"),
        ("{ transform: replace }", "with", "missing"),
        ("{ transform: replace, with: ~ }", "with", "expected text, found nothing"),
        ("{ transform: replace, with: [1] }", "with", "expected text, found a list"),
        ("{ transform: mask, char: ab }", "char", "one visible character"),
        ("{ transform: mask, keep_first: 65 }", "keep_first", "from 0 to 64"),
        ("{ transform: mask, keep_last: -1 }", "keep_last", "from 0 to 64"),
        ("{ transform: mask, mask_first: 0 }", "mask_first", "from 1 to 65535"),
        ("{ transform: mask, mask_last: 65536 }", "mask_last", "from 1 to 65535"),
        ("{ transform: mask, mask_first: 1, mask_last: 1 }", "mask_first", "does not go with mask_last"),
        ("{ transform: mask, mask_last: 1, keep_first: 1 }", "mask_last", "does not go with keep_first"),
        ("{ transform: hash, algorithm: md5 }", "algorithm", "expected one of sha256, sha512"),
        ("{ transform: hash, construction: plain }", "construction", "expected one of hmac, salted"),
        ("{ transform: hash, salt: abc }", "salt", "unknown field"),
        ("{ transform: fpe, alphabet: a }", "alphabet", "not an alphabet"),
        ("{ transform: fpe, alphabet: abca }", "alphabet", "not an alphabet"),
        ("{ transform: fpe, alphabet: \"a\\tb\" }", "alphabet", "not an alphabet"),
        ("{ transform: fpe, alphabet: 00 }", "alphabet", "not an alphabet"),
        (&format!("{{ transform: fpe, alphabet: {wide} }}"), "alphabet", "not an alphabet"),
        ("{ transform: fpe, keep_first: 65 }", "keep_first", "from 0 to 64"),
        ("{ transform: fpe, keep_last: x }", "keep_last", "from 0 to 64"),
        ("{ transform: fpe, check: mod97 }", "check", "expected one of none, luhn"),
        ("{ transform: fpe, check: luhn, alphabet: hex }", "check", "over digits"),
        ("{ transform: fpe, unfit: keep }", "unfit", "expected one of refuse, null, token"),
        ("{ transform: generalize }", "to", "missing"),
        ("{ transform: generalize, to: city }", "to", "expected one of number, date"),
        ("{ transform: generalize, to: number }", "width", "missing"),
        ("{ transform: generalize, to: number, width: 0 }", "width", "above 0"),
        ("{ transform: generalize, to: number, width: -5 }", "width", "above 0"),
        ("{ transform: generalize, to: number, width: 1e3 }", "width", "without an exponent"),
        ("{ transform: generalize, to: number, width: 5, min: x }", "min", "decimal number"),
        ("{ transform: generalize, to: number, width: 5, min: 3, max: 10 }", "max", "whole number of buckets of 5"),
        ("{ transform: generalize, to: number, width: 5, max: -5 }", "max", "whole number of buckets"),
        ("{ transform: generalize, to: number, width: 5, part: year }", "part", "does not belong to `to: number`"),
        ("{ transform: generalize, to: date }", "part", "missing"),
        ("{ transform: generalize, to: date, part: decade }", "part", "expected one of year"),
        ("{ transform: generalize, to: date, part: year, order: ydm }", "order", "did you mean"),
        ("{ transform: generalize, to: zip3, width: 1 }", "width", "does not belong to `to: zip3`"),
        ("{ transform: generalize, to: coordinate }", "decimals", "missing"),
        ("{ transform: generalize, to: coordinate, decimals: 5 }", "decimals", "from 0 to 4"),
        ("{ transform: generalize, to: zip3, unfit: token }", "unfit", "expected one of refuse, null"),
        ("{ transform: clip }", "min", "expected `min`, `max` or both"),
        ("{ transform: clip, min: 2, max: 1.5 }", "max", "at least `min`, which is 2"),
        ("{ transform: clip, min: '2' }", "min", "decimal number"),
        ("{ transform: clip, min: 1234567890123456789 }", "min", "at most 18 digits"),
        ("{ transform: shift_date, max_days: 3 }", "per", "missing"),
        ("{ transform: shift_date, per: b }", "max_days", "missing"),
        ("{ transform: shift_date, per: b, max_days: 0 }", "max_days", "from 1 to 3650"),
        ("{ transform: shift_date, per: b, max_days: 3651 }", "max_days", "from 1 to 3650"),
        ("{ transform: shift_date, per: '', max_days: 3 }", "per", "1 to 1024 bytes"),
        (&format!("{{ transform: shift_date, per: {x64}, max_days: 3 }}"), "per", "1 to 1024 bytes"),
        ("{ transform: shift_date, per: a, max_days: 3 }", "per", "must be another one"),
        ("{ transform: noise }", "scale", "missing"),
        ("{ transform: noise, scale: 0 }", "scale", "above 0"),
        ("{ transform: noise, scale: 1, distribution: uniform }", "distribution", "expected one of laplace, gaussian"),
        ("{ transform: surrogate }", "kind", "missing"),
        ("{ transform: surrogate, kind: phone }", "kind", "expected one of email, name"),
        ("{ transform: surrogate, kind: name, keep_domain: true }", "keep_domain", "`kind: email` only"),
        ("{ transform: surrogate, kind: email, keep_domain: yes }", "keep_domain", "true or false"),
    ] {
        let problems = problems(&with_privacy(&format!("{{ domain: d, columns: {{ a: {transform} }} }}")));
        let path = format!("datasets[0].privacy.columns.a.{field}: ");
        assert!(problems.iter().any(|one| one.starts_with(&path) && one.contains(part)), "{transform}: {problems:?}");
        assert!(problems.iter().all(|one| one.contains("(line 7, ")), "{problems:?}");
    }
}

#[test]
fn keyed_transforms_need_a_domain() {
    for transform in [
        "{ transform: hash }",
        "{ transform: fpe }",
        "{ transform: shift_date, per: b, max_days: 3 }",
        "{ transform: noise, scale: 1 }",
        "{ transform: surrogate, kind: email }",
    ] {
        let problems = problems(&with_privacy(&format!("{{ columns: {{ a: {transform} }} }}")));
        assert!(problems[0].contains("needs the key of a domain"), "{problems:?}");
    }
}
