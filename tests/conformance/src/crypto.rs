//! Published vectors against the primitives that pseudonyms are made of.

use crate::suite::{Failure, Report};
use anyhow::{Context, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sluice_privacy::crypto::{SivCipher, hkdf_sha256, hmac_sha256, verify_hmac_sha256};

/// A file of vectors: one JSON document.
#[derive(Deserialize)]
struct Vectors<T> {
    tests: Vec<T>,
}

/// Bytes in hexadecimal digits.
#[derive(Deserialize, Default, PartialEq, Eq)]
#[serde(try_from = "String")]
struct Hex(Vec<u8>);

impl TryFrom<String> for Hex {
    type Error = hex::FromHexError;
    fn try_from(digits: String) -> Result<Self, hex::FromHexError> {
        hex::decode(digits).map(Self)
    }
}

/// What every vector has.
#[derive(Deserialize)]
struct Vector<T> {
    id: String,
    result: String,
    #[serde(flatten)]
    input: T,
}

/// Judges each vector: `holds` says whether the primitive accepts it, which it must exactly when it is valid.
fn judge<T: DeserializeOwned>(file: &str, holds: impl Fn(&T) -> Result<bool, String>) -> Result<Report> {
    let vectors: Vectors<Vector<T>> = serde_json::from_str(file).context("not a file of vectors")?;
    let mut report = Report::default();
    for Vector { id, result, input } in vectors.tests {
        match holds(&input) {
            Ok(held) if held == (result == "valid") => report.passed += 1,
            Ok(_) => report.failures.push(Failure { id, reason: format!("should be {result}") }),
            Err(reason) => report.failures.push(Failure { id, reason }),
        }
    }
    Ok(report)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Hmac {
    tag_size: usize,
    key: Hex,
    msg: Hex,
    tag: Hex,
}

/// Judges `hmac-sha256.json`.
pub(crate) fn hmac(file: &str) -> Result<Report> {
    judge(file, |case: &Hmac| {
        if case.tag_size == 256 {
            return Ok(verify_hmac_sha256(&case.key.0, &case.msg.0, &case.tag.0));
        }
        let tag = hmac_sha256(&case.key.0, &case.msg.0);
        Ok(tag.get(..case.tag_size / 8) == Some(&case.tag.0))
    })
}

#[derive(Deserialize)]
struct Hkdf {
    ikm: Hex,
    salt: Hex,
    info: Hex,
    size: usize,
    okm: Hex,
}

/// Judges `hkdf-sha256.json`.
pub(crate) fn hkdf(file: &str) -> Result<Report> {
    judge(file, |case: &Hkdf| {
        let mut output = vec![0; case.size];
        let derived = hkdf_sha256(&case.salt.0, &case.ikm.0, &case.info.0, &mut output);
        Ok(derived.is_ok() && output == case.okm.0)
    })
}

#[derive(Deserialize)]
struct Siv {
    file: String,
    key: Hex,
    aad: Hex,
    msg: Hex,
    ct: Hex,
    #[serde(default)]
    iv: Hex,
    #[serde(default)]
    tag: Hex,
}

/// Judges `aes-siv.json`: with one header, and as an AEAD, whose nonce is the last header.
pub(crate) fn siv(file: &str) -> Result<Report> {
    judge(file, |case: &Siv| {
        let mut cipher = SivCipher::new(&case.key.0).map_err(|error| error.to_string())?;
        let is_aead = case.file.starts_with("aead_");
        let both = [case.aad.0.as_slice(), &case.iv.0];
        let headers = if is_aead { &both[..] } else { &both[..1] };
        let sealed = [case.tag.0.as_slice(), &case.ct.0].concat();
        let opens = cipher.open(headers, &sealed).is_ok_and(|text| text == case.msg.0);
        let seals = cipher.seal(headers, &case.msg.0).is_ok_and(|made| made == sealed);
        if opens == seals {
            Ok(opens)
        } else {
            Err("opens but does not seal the same, or the other way round".to_owned())
        }
    })
}
