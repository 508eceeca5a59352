//! Published vectors against the primitives that pseudonyms are made of.

use crate::suite::{Failure, Report};
use aes_gcm_siv::aead::{Aead, KeyInit, Nonce, Payload};
use aes_gcm_siv::{Aes128GcmSiv, Aes256GcmSiv};
use anyhow::{Context, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sluice_privacy::crypto::{Ff1, SivCipher, hkdf_sha256, hmac_sha256, verify_hmac_sha256};

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
        let cipher = SivCipher::new(&case.key.0).map_err(|error| error.to_string())?;
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

#[derive(Deserialize)]
struct Fpe {
    key: Hex,
    radix: u32,
    alphabet: String,
    tweak: Hex,
    pt: String,
    ct: String,
    #[serde(default)]
    flags: Vec<String>,
}

/// Judges `fpe-ff1.json`. Strings that are too short for Revision 1 must be refused, also where the revision before it
/// took them.
pub(crate) fn ff1(file: &str) -> Result<Report> {
    judge(file, |case: &Fpe| {
        let is_refused = case.flags.iter().any(|flag| flag == "SmallMessageSize");
        let numerals = |text: &str| -> Option<Vec<u16>> {
            let place =
                |c| case.alphabet.chars().position(|letter| letter == c).and_then(|place| u16::try_from(place).ok());
            text.chars().map(place).collect()
        };
        let made = Ff1::new(&case.key.0, case.radix, &case.tweak.0);
        let sealed = match (&made, numerals(&case.pt)) {
            (Ok(ff1), Some(mut string)) => ff1.encrypt(&mut string).ok().map(|()| string),
            _ => None,
        };
        let opened = match (&made, numerals(&case.ct)) {
            (Ok(ff1), Some(mut string)) => ff1.decrypt(&mut string).ok().map(|()| string),
            _ => None,
        };
        if is_refused {
            return if sealed.is_none() && opened.is_none() {
                Ok(true)
            } else {
                Err("a domain of fewer than a million must be refused".to_owned())
            };
        }
        match (sealed, opened) {
            (Some(sealed), Some(opened)) => {
                Ok(numerals(&case.ct) == Some(sealed) && numerals(&case.pt) == Some(opened))
            }
            (None, _) => Ok(false),
            (Some(_), None) => Err("encrypts, but does not decrypt".to_owned()),
        }
    })
}

#[derive(Deserialize)]
struct GcmSiv {
    key: Hex,
    iv: Hex,
    aad: Hex,
    msg: Hex,
    ct: Hex,
    tag: Hex,
}

/// Judges `aes-gcm-siv.json`. No transform uses AES-GCM-SIV: the suite holds the library that a later one would use.
pub(crate) fn gcm_siv(file: &str) -> Result<Report> {
    judge(file, |case: &GcmSiv| {
        let sealed = [case.ct.0.as_slice(), &case.tag.0].concat();
        match case.key.0.len() {
            16 => seals_and_opens::<Aes128GcmSiv>(case, &sealed),
            32 => seals_and_opens::<Aes256GcmSiv>(case, &sealed),
            _ => Ok(false),
        }
    })
}

fn seals_and_opens<C: Aead + KeyInit>(case: &GcmSiv, sealed: &[u8]) -> Result<bool, String> {
    let cipher = C::new_from_slice(&case.key.0).map_err(|error| error.to_string())?;
    let Ok(nonce) = Nonce::<C>::try_from(case.iv.0.as_slice()) else { return Ok(false) };
    let opens = cipher.decrypt(&nonce, Payload { msg: sealed, aad: &case.aad.0 }).is_ok_and(|text| text == case.msg.0);
    let made = cipher.encrypt(&nonce, Payload { msg: &case.msg.0, aad: &case.aad.0 });
    if opens == made.is_ok_and(|made| made == sealed) {
        Ok(opens)
    } else {
        Err("opens but does not seal the same, or the other way round".to_owned())
    }
}
