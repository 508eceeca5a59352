//! `sluice verify trail` on a copy of a trail bucket.

use std::io::Write as _;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::Compression;
use flate2::write::GzEncoder;
use ring::rand::SystemRandom;
use ring::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};
use sluice_common::Sha256Digest;

use super::{Desk, Ran};

const SIGNER: &[u8] = include_bytes!("../../../audit/tests/fixtures/trail-signer.der");
const FOLDER: &str = "eu-west-1/2026/05/10/111122223333_CloudTrail";

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn digest_key(hour: u32) -> String {
    format!(
        "AWSLogs/111122223333/CloudTrail-Digest/{FOLDER}-Digest_eu-west-1_main_eu-west-1_20260510T{hour:02}0000Z.json.gz"
    )
}

fn log_key(hour: u32) -> String {
    format!(
        "AWSLogs/111122223333/CloudTrail/{FOLDER}_eu-west-1_20260510T{:02}30Z_00000000000000{hour:02}.json.gz",
        hour - 1
    )
}

/// A copy with its metadata beside it: three hours with a log file each.
fn trail() -> Desk {
    let desk = Desk::new();
    let signer = RsaKeyPair::from_der(SIGNER).unwrap();
    let keys = json!({"PublicKeyList": [{
        "Value": BASE64.encode(signer.public_key().as_ref()),
        "ValidityStartTime": "2026-05-01T00:00:00Z",
        "ValidityEndTime": 1_780_000_000,
    }]});
    desk.put("keys.json", keys.to_string());
    let fingerprint = fingerprint(&desk);
    let mut previous: Option<(String, Sha256Digest, String)> = None;
    for hour in 1..=3 {
        let log = json!({"Records": [{"eventID": hour.to_string()}]}).to_string();
        put(&desk, &log_key(hour), &gzip(&log));
        let (key, link) = (digest_key(hour), previous.as_ref());
        let end = format!("2026-05-10T{hour:02}:00:00Z");
        let document = json!({
            "digestStartTime": format!("2026-05-10T{:02}:00:00Z", hour - 1),
            "digestEndTime": end,
            "digestS3Bucket": "logs",
            "digestS3Object": key,
            "digestPublicKeyFingerprint": fingerprint,
            "previousDigestS3Bucket": link.map(|_| "logs"),
            "previousDigestS3Object": link.map(|(key, ..)| key),
            "previousDigestHashValue": link.map(|(_, sha256, _)| sha256),
            "previousDigestSignature": link.map(|(.., signature)| signature),
            "logFiles": [{"s3Bucket": "logs", "s3Object": log_key(hour), "hashValue": Sha256Digest::of(log.as_bytes())}],
        })
        .to_string();
        let sha256 = Sha256Digest::of(document.as_bytes());
        let before = link.map_or("null", |(.., signature)| signature);
        let text = format!("{end}\nlogs/{key}\n{sha256}\n{before}");
        let mut raw = vec![0; signer.public().modulus_len()];
        signer.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut raw).unwrap();
        let signature = hex::encode(&raw);
        put(&desk, &key, &gzip(&document));
        put(&desk, &format!("{key}.metadata.json"), json!({"signature": signature}).to_string().as_bytes());
        previous = Some((key, sha256, signature));
    }
    desk
}

/// As the command itself names the key: of a list with a wrong one it says no more.
fn fingerprint(desk: &Desk) -> String {
    let document: Value = serde_json::from_str(&desk.text("keys.json")).unwrap();
    let der = BASE64.decode(document["PublicKeyList"][0]["Value"].as_str().unwrap()).unwrap();
    let keys = sluice_audit::trail::PublicKey::new(der, jiff::Timestamp::MIN, jiff::Timestamp::MAX);
    keys.fingerprint
}

fn place(desk: &Desk, key: &str) -> PathBuf {
    desk.path("copy").join(key)
}

fn put(desk: &Desk, key: &str, bytes: &[u8]) {
    let path = place(desk, key);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

fn verify(desk: &Desk, more: &[&str]) -> Ran {
    desk.run(&[&["verify", "trail", "copy", "--keys", "keys.json"], more].concat())
}

#[test]
fn a_whole_copy_passes() {
    let ran = verify(&trail(), &[]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    for line in [
        "INTEGRITY     holds",
        "COMPLETENESS  holds",
        "AUTHENTICITY  holds",
        "3 valid, 0 invalid",
        "tail          not judged",
    ] {
        assert!(ran.out.contains(line), "{line}: {}", ran.out);
    }
}

#[test]
fn the_first_broken_file_is_named() {
    let desk = trail();
    put(&desk, &log_key(2), &gzip("{\"Records\": []}"));
    std::fs::remove_file(place(&desk, &log_key(3))).unwrap();
    let ran = verify(&desk, &["--json"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let answer: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(answer["firstBroken"]["code"], "LOG_HASH_MISMATCH");
    assert_eq!(answer["firstBroken"]["at"]["key"], log_key(2));
    assert_eq!(answer["verdicts"], json!({"integrity": "fails", "completeness": "fails", "authenticity": "holds"}));
}

#[test]
fn a_copy_that_lost_its_newest_signature_cannot_be_told() {
    let desk = trail();
    for hour in 1..=3 {
        std::fs::remove_file(place(&desk, &format!("{}.metadata.json", digest_key(hour)))).unwrap();
    }
    let ran = verify(&desk, &[]);
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("AUTHENTICITY  could not tell"), "{}", ran.out);
    assert!(ran.out.contains("2 valid, 0 invalid"), "{}", ran.out);
}

#[test]
fn a_missing_tail_is_seen_by_who_says_until_when() {
    let ran = verify(&trail(), &["--to", "2026-05-10T09:00:00Z"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.out.contains("DIGEST_TAIL_MISSING"), "{}", ran.out);
}

#[test]
fn what_is_no_trail_and_wrong_usage_are_told_apart() {
    let desk = trail();
    std::fs::create_dir(desk.path("empty")).unwrap();
    let ran = desk.run(&["verify", "trail", "empty", "--keys", "keys.json"]);
    assert_eq!((ran.code, ran.err.contains("--bucket")), (3, true), "{}", ran.err);
    assert_eq!(desk.run(&["verify", "trail", "copy"]).code, 2);
    assert_eq!(verify(&desk, &["--to", "tomorrow"]).code, 2);
}
