//! A trail made by a CloudTrail of our own, then damaged in every way.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail where it stands"
)]

use std::collections::BTreeMap;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use ring::rand::SystemRandom;
use ring::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};
use sluice_audit::trail::{
    FileAt, MemoryTrail, PublicKey, PublicKeys, Question, Scope, TrailFile, TrailId, TrailReport, Verdict,
    string_to_sign, validate,
};
use sluice_common::Sha256Digest;

const BUCKET: &str = "trail-logs";
const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";
const SIGNER: &[u8] = include_bytes!("fixtures/trail-signer.der");

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn hour(index: i64) -> Timestamp {
    at("2026-05-10T00:00:00Z").checked_add(SignedDuration::from_hours(index)).unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Delivers as CloudTrail does.
struct CloudTrail {
    signer: RsaKeyPair,
    files: MemoryTrail,
    previous: Option<(FileAt, Sha256Digest, String)>,
}

fn digest_at(end: Timestamp) -> FileAt {
    let stamp = end.strftime("%Y%m%dT%H%M%SZ").to_string();
    let day = end.strftime("%Y/%m/%d").to_string();
    let key = format!(
        "AWSLogs/{ACCOUNT}/CloudTrail-Digest/{REGION}/{day}/{ACCOUNT}_CloudTrail-Digest_{REGION}_main_{REGION}_{stamp}.json.gz"
    );
    FileAt::new(BUCKET, key)
}

fn log_at(made: Timestamp, unique: &str) -> FileAt {
    let (day, stamp) = (made.strftime("%Y/%m/%d").to_string(), made.strftime("%Y%m%dT%H%MZ").to_string());
    let key =
        format!("AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/{day}/{ACCOUNT}_CloudTrail_{REGION}_{stamp}_{unique}.json.gz");
    FileAt::new(BUCKET, key)
}

fn is_digest(file: &FileAt) -> bool {
    file.key.contains("/CloudTrail-Digest/")
}

impl CloudTrail {
    fn new() -> Self {
        let signer = RsaKeyPair::from_der(SIGNER).unwrap();
        Self { signer, files: MemoryTrail::default(), previous: None }
    }

    fn log(&mut self, made: Timestamp, unique: &str) -> (FileAt, Sha256Digest) {
        let content = json!({"Records": [{"eventID": unique}]}).to_string();
        let at = log_at(made, unique);
        self.files.put(at.clone(), TrailFile { body: gzip(content.as_bytes()), metadata: Some(BTreeMap::new()) });
        (at, Sha256Digest::of(content.as_bytes()))
    }

    /// Delivers the digest of the hour that ends at a time, with two log files.
    fn deliver(&mut self, end: Timestamp) {
        let start = end.checked_sub(SignedDuration::from_hours(1)).unwrap();
        let logs: Vec<_> = [20, 40]
            .map(|minute| {
                let made = start.checked_add(SignedDuration::from_mins(minute)).unwrap();
                self.log(made, &format!("{:016x}", made.as_second()))
            })
            .into();
        self.digest(start, end, &logs, &json!({}));
    }

    fn digest(&mut self, start: Timestamp, end: Timestamp, logs: &[(FileAt, Sha256Digest)], change: &Value) {
        let at = digest_at(end);
        let listed: Vec<_> = logs
            .iter()
            .map(|(at, sha256)| json!({"s3Bucket": at.bucket, "s3Object": at.key, "hashValue": sha256, "hashAlgorithm": "SHA-256"}))
            .collect();
        let previous = self.previous.as_ref();
        let mut document = json!({
            "awsAccountId": ACCOUNT,
            "digestStartTime": start.to_string(),
            "digestEndTime": end.to_string(),
            "digestS3Bucket": at.bucket,
            "digestS3Object": at.key,
            "digestPublicKeyFingerprint": self.key().fingerprint,
            "digestSignatureAlgorithm": "SHA256withRSA",
            "previousDigestS3Bucket": previous.map(|(at, ..)| &at.bucket),
            "previousDigestS3Object": previous.map(|(at, ..)| &at.key),
            "previousDigestHashValue": previous.map(|(_, sha256, _)| sha256),
            "previousDigestHashAlgorithm": previous.map(|_| "SHA-256"),
            "previousDigestSignature": previous.map(|(_, _, signature)| signature),
            "logFiles": listed,
        });
        for (name, value) in change.as_object().unwrap() {
            document[name] = value.clone();
        }
        let content = document.to_string();
        let sha256 = Sha256Digest::of(content.as_bytes());
        let text = string_to_sign(&end.to_string(), &at, &sha256, document["previousDigestSignature"].as_str());
        let mut raw = vec![0; self.signer.public().modulus_len()];
        self.signer.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut raw).unwrap();
        let signature = hex::encode(raw);
        let metadata = BTreeMap::from([
            ("signature".to_owned(), signature.clone()),
            ("signature-algorithm".to_owned(), "SHA256withRSA".to_owned()),
        ]);
        self.files.put(at.clone(), TrailFile { body: gzip(content.as_bytes()), metadata: Some(metadata) });
        self.previous = Some((at, sha256, signature));
    }

    fn key(&self) -> PublicKey {
        PublicKey::new(self.signer.public_key().as_ref().to_vec(), hour(-24), hour(48))
    }

    fn judge(&self, to: Timestamp) -> TrailReport {
        let trail = TrailId { account: ACCOUNT.into(), home_region: REGION.into(), name: "main".into() };
        let scope = Scope { trail: Some(trail), from: hour(0), to, as_of: to };
        block_on(validate(&self.files, &PublicKeys::new([self.key()]), &scope)).unwrap()
    }
}

/// Five whole hours, looked at an hour after the last.
fn five_hours() -> CloudTrail {
    let mut trail = CloudTrail::new();
    (1..=5).for_each(|index| trail.deliver(hour(index)));
    trail
}

fn codes(report: &TrailReport) -> Vec<&str> {
    report.findings.iter().map(|finding| finding.code.as_str()).collect()
}

#[test]
fn a_whole_trail_holds() {
    let report = five_hours().judge(hour(6));
    assert_eq!(codes(&report), Vec::<&str>::new());
    assert_eq!((report.digests_valid, report.logs_valid), (5, 10));
    assert_eq!(report.overall(), Verdict::Holds);
}

#[test]
fn a_wrong_link_is_found_though_it_is_signed() {
    for (field, code) in
        [("previousDigestHashValue", "LINK_HASH_MISMATCH"), ("previousDigestSignature", "LINK_SIGNATURE_MISMATCH")]
    {
        let mut trail = CloudTrail::new();
        trail.deliver(hour(1));
        trail.digest(hour(1), hour(2), &[], &json!({field: "00".repeat(32)}));
        let report = trail.judge(hour(3));
        assert_eq!(codes(&report), [code]);
        assert_eq!(report.first_broken().unwrap().at, Some(digest_at(hour(2))));
    }
}

#[test]
fn a_stopped_trail_begins_anew_and_is_found() {
    let mut trail = CloudTrail::new();
    trail.deliver(hour(1));
    trail.previous = None;
    trail.deliver(hour(4));
    let report = trail.judge(hour(5));
    assert_eq!(codes(&report), ["DIGEST_CHAIN_RESTART"]);
    assert_eq!(report.verdict(Question::Completeness), Verdict::Fails);
    assert_eq!(report.verdict(Question::Integrity), Verdict::Holds);
}

#[test]
fn without_keys_nothing_is_known_to_be_wrong_and_nothing_holds() {
    let trail = five_hours();
    let scope = Scope { trail: None, from: hour(0), to: hour(6), as_of: hour(6) };
    let report = block_on(validate(&trail.files, &PublicKeys::default(), &scope)).unwrap();
    assert_eq!(report.overall(), Verdict::Unknown);
    assert_eq!(report.unverified.len(), 5);
}

#[test]
fn a_copy_without_metadata_is_verified_up_to_its_newest_digest() {
    let mut trail = five_hours();
    for index in 1..=5 {
        trail.files.get_mut(&digest_at(hour(index))).unwrap().metadata = None;
    }
    let report = trail.judge(hour(6));
    assert_eq!(codes(&report), Vec::<&str>::new());
    assert_eq!(report.digests_valid, 4);
    assert_eq!(report.unverified, [digest_at(hour(5))]);
    assert_eq!(report.verdict(Question::Authenticity), Verdict::Unknown);
}

#[test]
fn what_is_not_due_is_pending() {
    let mut trail = five_hours();
    trail.log(hour(5).checked_add(SignedDuration::from_mins(30)).unwrap(), "00000000000000aa");
    let report = trail.judge(hour(6));
    assert_eq!((codes(&report), report.pending), (Vec::new(), 1));
    let late = trail.judge(hour(9));
    assert_eq!(codes(&late), ["LOG_UNCOVERED", "DIGEST_TAIL_MISSING"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever is removed, altered or added: found, and nothing before it is blamed.
    #[test]
    fn no_damage_goes_unseen(which in 0..15_usize, how in 0..4_u8, byte in any::<prop::sample::Index>()) {
        let mut trail = five_hours();
        let files: Vec<FileAt> = block_on(sluice_audit::trail::TrailSource::list(&trail.files)).unwrap();
        let file = files[which].clone();
        match how {
            0 => drop(trail.files.remove(&file)),
            1 => trail.files.get_mut(&file).unwrap().body.push(0),
            2 => {
                let body = &mut trail.files.get_mut(&file).unwrap().body;
                // The ten bytes of the header say nothing of the content.
                let at = 10 + byte.index(body.len() - 10);
                body[at] ^= 1;
            }
            _ => {
                let other = files[(which + 1) % files.len()].clone();
                let body = block_on(sluice_audit::trail::TrailSource::read(&trail.files, &other)).unwrap().unwrap().body;
                trail.files.get_mut(&file).unwrap().body = body;
            }
        }
        let report = trail.judge(hour(6));
        prop_assert_eq!(report.overall(), Verdict::Fails, "{:?}", report);
        let blamed = report.findings.iter().filter(|finding| finding.at.as_ref() == Some(&file)).count();
        let is_newest = file == digest_at(hour(5)) && how == 0;
        prop_assert!(blamed > 0 || is_newest || !is_digest(&file) || how == 0, "{:?}", report);
    }
}
