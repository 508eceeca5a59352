//! What AWS publishes: keys, genuine signatures, sample digests; and facts of its own validator's unit tests:
//! `cloudtrail-published.json`.

use std::io::Write as _;

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use num_bigint::BigUint;
use serde_json::Value;
use sluice_audit::trail::{DigestDocument, FileAt, PublicKey, TrailFileKind, hash_log, string_to_sign};
use sluice_common::Sha256Digest;

use crate::suite::{Failure, Report};

/// Facts about the other validator's way of working, which is not ours: its messages, its paging, its lenient traversal.
const NOT_OURS: [&str; 3] = ["list_marker", "other_region_or_trail_name_or_bogus_keys", "messages"];

/// Judges `cloudtrail-published.json`.
pub(crate) fn run(cases: &str) -> Result<Report> {
    let cases: Value = serde_json::from_str(cases)?;
    let list = |name: &str| cases.get(name).and_then(Value::as_array).with_context(|| format!("no {name}"));
    let keys = list("public_keys")?;
    let mut report = Report::default();
    let mut take = |id: String, outcome: Result<()>| match outcome {
        Ok(()) => report.passed += 1,
        Err(error) => report.failures.push(Failure { id, reason: format!("{error:#}") }),
    };
    for (at, key) in keys.iter().enumerate() {
        take(format!("public_keys[{at}]"), fingerprint(key));
    }
    for (at, case) in list("genuine_signatures")?.iter().enumerate() {
        take(format!("genuine_signatures[{at}]"), genuine(case, keys));
    }
    for (at, case) in list("sample_digests")?.iter().enumerate() {
        take(format!("sample_digests[{at}]"), sample(case));
    }
    for fact in list("aws_cli_unit_facts")? {
        for (name, value) in fact.as_object().into_iter().flatten() {
            if name != "expect" && !NOT_OURS.contains(&name.as_str()) {
                take(format!("aws_cli_unit_facts.{name}"), unit(name, value, fact));
            }
        }
    }
    Ok(report)
}

fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str> {
    value.get(name).and_then(Value::as_str).with_context(|| format!("no {name}"))
}

fn key_of(value: &Value) -> Result<PublicKey> {
    Ok(PublicKey::new(BASE64.decode(text(value, "Value")?)?, Timestamp::MIN, Timestamp::MAX))
}

fn fingerprint(value: &Value) -> Result<()> {
    anyhow::ensure!(key_of(value)?.fingerprint == text(value, "Fingerprint")?, "another fingerprint");
    Ok(())
}

/// AWS publishes signatures without what they sign: so the signature is opened under our reading of the key, and must
/// hold the padding of RFC 8017 section 9.2 and the digest.
fn genuine(case: &Value, keys: &[Value]) -> Result<()> {
    let named = text(case, "key_fingerprint")?;
    let is_named = |key: &&Value| text(key, "Fingerprint").is_ok_and(|it| it == named);
    let key = key_of(keys.iter().find(is_named).context("no such key")?)?;
    let (modulus, exponent) = integers(key.pkcs1_der()).context("not an RSA public key")?;
    let signature = hex::decode(text(case, "signature_hex")?)?;
    let opened = BigUint::from_bytes_be(&signature).modpow(&exponent, &modulus).to_bytes_be();
    let digest = text(case, "recovered_sha256_of_string_to_sign")?;
    let filler = "ff".repeat(signature.len().saturating_sub(54));
    let expected = format!("01{filler}003031300d060960864801650304020105000420{digest}");
    anyhow::ensure!(hex::encode(opened) == expected, "the signature does not open");
    Ok(())
}

/// The two integers of `RSAPublicKey`.
fn integers(der: &[u8]) -> Option<(BigUint, BigUint)> {
    let (body, _) = element(0x30, der)?;
    let (modulus, rest) = element(0x02, body)?;
    let (exponent, _) = element(0x02, rest)?;
    Some((BigUint::from_bytes_be(modulus), BigUint::from_bytes_be(exponent)))
}

fn element(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = der.split_first()?;
    let (&short, rest) = rest.split_first()?;
    let (length, rest) = if short < 0x80 {
        (usize::from(short), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(short & 0x7f))?;
        (bytes.iter().fold(0_usize, |sum, byte| (sum << 8) | usize::from(*byte)), rest)
    };
    (found == tag).then(|| rest.split_at_checked(length))?
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

fn sample(case: &Value) -> Result<()> {
    let document = DigestDocument::from_file(&gzip(case.to_string().as_bytes())?)?;
    let at = FileAt::new(text(case, "digestS3Bucket")?, text(case, "digestS3Object")?);
    anyhow::ensure!(document.at == at, "another place");
    anyhow::ensure!(document.end_text == text(case, "digestEndTime")?, "another end");
    let TrailFileKind::Digest(key) = TrailFileKind::of(&at) else { anyhow::bail!("its key is not a digest's") };
    anyhow::ensure!(key.end == document.end, "its key says another end");
    let previous = document.previous.context("no link")?;
    let before = TrailFileKind::of(&previous.at.context("no place")?);
    let TrailFileKind::Digest(before) = before else { anyhow::bail!("the link is not a digest's key") };
    anyhow::ensure!(before.chain == key.chain && before.end == document.start, "the link is of another chain or hour");
    let listed = case.get("logFiles").and_then(Value::as_array).map_or(0, Vec::len);
    anyhow::ensure!(document.logs.len() == listed, "other log files");
    for log in document.logs {
        anyhow::ensure!(matches!(TrailFileKind::of(&log.at), TrailFileKind::Log(_)), "a log's key is not read");
    }
    Ok(())
}

fn unit(name: &str, value: &Value, fact: &Value) -> Result<()> {
    match name {
        "string_to_sign" => {
            let at = FileAt::new(text(value, "digestS3Bucket")?, text(value, "digestS3Object")?);
            let sha256 = Sha256Digest::of(text(value, "raw_digest_utf8")?.as_bytes());
            let previous = value.get("previousDigestSignature").and_then(Value::as_str);
            let ours = string_to_sign(text(value, "digestEndTime")?, &at, &sha256, previous);
            anyhow::ensure!(ours == text(fact, "expect")?, "{ours}");
        }
        "log_hashes" => {
            for (content, hash) in value.as_object().context("no table")? {
                let ours = hash_log(&gzip(content.as_bytes())?, 1 << 20)?.sha256.to_hex();
                anyhow::ensure!(Some(ours.as_str()) == hash.as_str(), "{ours}");
            }
        }
        "is_backfill" => {
            for (suffix, expected) in value.as_object().context("no table")? {
                let is_backfill = digest(suffix).is_some_and(|key| key.chain.backfill);
                anyhow::ensure!(Some(is_backfill) == expected.as_bool(), "{suffix}: {is_backfill}");
            }
        }
        "key_date" => {
            for suffix in ["20150816T230550Z.json.gz", "20150816T230550Z_backfill.json.gz"] {
                let end = digest(suffix).context("not a digest's key")?.end;
                anyhow::ensure!(end.to_string() == "2015-08-16T23:05:50Z", "{end}");
            }
        }
        other => anyhow::bail!("not judged: {other}"),
    }
    Ok(())
}

/// A digest's key that ends like a given name; a name without a date is given one.
fn digest(suffix: &str) -> Option<sluice_audit::trail::DigestKey> {
    let stamp = "20150816T230550Z";
    let tail = if suffix.starts_with(stamp) {
        suffix.to_owned()
    } else {
        format!("{stamp}{}", suffix.find(['_', '.']).and_then(|at| suffix.get(at..)).unwrap_or(suffix))
    };
    let key = format!(
        "AWSLogs/123456789012/CloudTrail-Digest/us-east-1/2015/08/16/\
         123456789012_CloudTrail-Digest_us-east-1_foo_us-east-1_{tail}"
    );
    match TrailFileKind::of(&FileAt::new("bucket", key)) {
        TrailFileKind::Digest(key) => Some(key),
        TrailFileKind::Log(_) | TrailFileKind::Other => None,
    }
}
