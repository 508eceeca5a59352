//! `merkle-rfc6962.json`: the log ([`crate::merkle`]), and here its DSSE and CRC-64/NVME sections.
//!
//! A section of the file for which there is no engine yet is one failing case that says so.

use crate::suite::{Failure, Report};
use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sluice_evidence::dsse::{Envelope, pre_authentication_encoding};
use sluice_evidence::predicate::Seal;
use sluice_evidence::{TrustedKeys, VerifyError};
use sluice_integrity::ObjectHasher;
use sluice_tlog::VerifierKey;

#[derive(Deserialize)]
struct Dsse {
    published: Vec<Published>,
    derived_pae: Vec<Pae>,
    derived_ed25519: Vec<Ed25519>,
    negative: Vec<String>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Published {
    payload_type: String,
    #[serde(rename = "payload_b64")]
    payload: String,
    #[serde(rename = "pae_utf8")]
    pae: String,
    #[serde(rename = "same_sig_as_ASN1_DER_b64")]
    signature: String,
    #[serde(rename = "spki_pem")]
    key: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pae {
    payload_type: String,
    #[serde(rename = "payload_hex")]
    payload: String,
    #[serde(rename = "pae_hex")]
    encoded: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ed25519 {
    #[serde(rename = "pub_hex")]
    public: String,
    payload_type: String,
    #[serde(rename = "payload_utf8")]
    payload: String,
    #[serde(rename = "sig_b64")]
    signature: String,
}

#[derive(Deserialize)]
struct Crc64 {
    hex: Option<String>,
    desc: String,
    len: usize,
    s3_b64: String,
}

/// Sections that describe rather than test.
const NO_CASES: [&str; 4] = ["_about", "rules", "source", "pae_rule"];

/// Judges `merkle-rfc6962.json`.
pub(crate) fn run(cases: &str) -> Result<Report> {
    let mut sections: Map<String, Value> = serde_json::from_str(cases)?;
    let mut report = Report::default();
    crate::merkle::run(&mut sections, &mut report)?;
    let dsse: Dsse = serde_json::from_value(sections.remove("dsse").context("no section dsse")?)?;
    let published = dsse.published.first().context("no published DSSE vector")?;
    for (at, case) in dsse.published.iter().enumerate() {
        take(&mut report, format!("dsse.published[{at}]"), check_published(case));
    }
    for (at, case) in dsse.derived_pae.iter().enumerate() {
        take(&mut report, format!("dsse.derived_pae[{at}]"), check_pae(case));
    }
    for (at, case) in dsse.derived_ed25519.iter().enumerate() {
        take(&mut report, format!("dsse.derived_ed25519[{at}]"), check_ed25519(case));
    }
    for (at, demand) in dsse.negative.iter().enumerate() {
        take(&mut report, format!("dsse.negative[{at}]"), check_demand(demand, published));
    }
    let mut crc64 = sections.remove("crc64nvme").context("no section crc64nvme")?;
    let vectors: Vec<Crc64> = serde_json::from_value(crc64.get_mut("vectors").context("no CRC64 vectors")?.take())?;
    for (at, case) in vectors.iter().enumerate() {
        take(&mut report, format!("crc64nvme[{at}]"), check_crc64(case));
    }
    let unjudged = sections.keys().chain(dsse.others.keys()).filter(|name| !NO_CASES.contains(&name.as_str()));
    for name in unjudged {
        take(&mut report, name.clone(), Err("section not judged: no engine for it yet".to_owned()));
    }
    Ok(report)
}

fn take(report: &mut Report, id: String, outcome: Result<(), String>) {
    match outcome {
        Ok(()) => report.passed += 1,
        Err(reason) => report.failures.push(Failure { id, reason }),
    }
}

fn same<T: PartialEq + std::fmt::Debug>(ours: &T, theirs: &T) -> Result<(), String> {
    if ours == theirs { Ok(()) } else { Err(format!("{ours:?}, expected {theirs:?}")) }
}

fn check_pae(case: &Pae) -> Result<(), String> {
    let payload = hex::decode(&case.payload).map_err(|error| error.to_string())?;
    same(&hex::encode(pre_authentication_encoding(&case.payload_type, &payload)), &case.encoded)
}

fn check_crc64(case: &Crc64) -> Result<(), String> {
    let bytes = match (&case.hex, case.desc.contains("zero")) {
        (Some(text), _) => hex::decode(text).map_err(|error| error.to_string())?,
        (None, true) => vec![0; case.len],
        (None, false) => (0..=u8::MAX).cycle().take(case.len).collect(),
    };
    let mut hasher = ObjectHasher::new(&[], &[]);
    hasher.update(&bytes);
    same(&hasher.finish().crc64nvme_base64, &case.s3_b64)
}

/// Whether a signature holds. The vectors' payloads are no statements of ours, which is told only after that.
fn opens(envelope: &Value, keys: &TrustedKeys) -> Result<bool, String> {
    match keys.verify::<Seal>(envelope.to_string().as_bytes()) {
        Err(VerifyError::NoTrustedSignature { .. }) => Ok(false),
        Err(VerifyError::WrongPayloadType | VerifyError::NotAStatement(_) | VerifyError::WrongPredicateType { .. })
        | Ok(_) => Ok(true),
        Err(other) => Err(other.to_string()),
    }
}

impl Published {
    fn envelope(&self) -> Value {
        json!({"payload": self.payload, "payloadType": self.payload_type, "signatures": [{"sig": self.signature}]})
    }

    fn signature_holds(&self, envelope: &Value, keys_needed: usize) -> Result<bool, String> {
        let keys = TrustedKeys::from_pem(&self.key).map_err(|error| error.to_string())?.with_threshold(keys_needed);
        opens(envelope, &keys)
    }
}

/// The signature holds, and not over another payload.
fn check_ed25519(case: &Ed25519) -> Result<(), String> {
    let key: [u8; 32] =
        hex::decode(&case.public).ok().and_then(|key| key.try_into().ok()).ok_or("not a key of 32 bytes")?;
    let pem = VerifierKey::ed25519("key", key).ok().and_then(|key| key.to_spki_pem()).ok_or("not a key")?;
    let keys = TrustedKeys::from_pem(&pem).map_err(|error| error.to_string())?;
    let envelope = |payload: &str| {
        json!({
            "payload": STANDARD.encode(payload),
            "payloadType": case.payload_type,
            "signatures": [{"sig": case.signature}],
        })
    };
    same(&opens(&envelope(&case.payload), &keys)?, &true)?;
    same(&opens(&envelope(&case.payload.replacen('s', "t", 1)), &keys)?, &false)
}

fn check_published(case: &Published) -> Result<(), String> {
    let payload = STANDARD.decode(&case.payload).map_err(|error| error.to_string())?;
    same(&pre_authentication_encoding(&case.payload_type, &payload), &case.pae.clone().into_bytes())?;
    same(&case.signature_holds(&case.envelope(), 1)?, &true)
}

/// Each demand of the protocol's prose, tried on the published vector.
fn check_demand(demand: &str, case: &Published) -> Result<(), String> {
    let payload = STANDARD.decode(&case.payload).map_err(|error| error.to_string())?;
    let with = |field: &str, value: Value| {
        let mut envelope = case.envelope();
        if let Some(members) = envelope.as_object_mut() {
            members.insert(field.to_owned(), value);
        }
        envelope
    };
    let signatures =
        |hints: &[&str]| -> Value { hints.iter().map(|hint| json!({"sig": case.signature, "keyid": hint})).collect() };
    let holds = |envelope: &Value| case.signature_holds(envelope, 1);
    if demand.contains("tampered") {
        let mut tampered = payload;
        tampered.iter_mut().take(1).for_each(|byte| *byte ^= 1);
        same(&holds(&with("payload", STANDARD.encode(tampered).into()))?, &false)
    } else if demand.contains("payloadType changed") {
        same(&holds(&with("payloadType", "text/plain".into()))?, &false)
    } else if demand.contains("URL-safe") {
        let url_safe = |text: &str| STANDARD.decode(text).map(|bytes| URL_SAFE.encode(bytes));
        let signature = url_safe(&case.signature).map_err(|error| error.to_string())?;
        let envelope = json!({
            "payloadType": case.envelope().get("payloadType"),
            "payload": URL_SAFE.encode(payload),
            "signatures": [{"sig": signature}],
        });
        same(&holds(&envelope)?, &true)
    } else if demand.contains("hint") {
        same(&holds(&with("signatures", signatures(&["of another key"])))?, &true)
    } else if demand.contains("threshold 2") {
        same(&case.signature_holds(&with("signatures", signatures(&["a", "b"])), 2)?, &false)
    } else if demand.contains("unknown envelope fields") {
        same(&holds(&with("unknown", json!({"any": []})))?, &true)?;
        let without = json!({"payload": case.payload, "payloadType": case.payload_type});
        same(&Envelope::from_json(without.to_string().as_bytes()).is_err(), &true)
    } else if demand.contains("SAME decoded bytes") {
        let envelope =
            Envelope::from_json(case.envelope().to_string().as_bytes()).map_err(|error| error.to_string())?;
        same(&envelope.pae(), &pre_authentication_encoding(&case.payload_type, &payload))?;
        same(&envelope.payload, &payload)
    } else {
        Err(format!("not judged: {demand}"))
    }
}
