//! What the vault bucket holds of cohorts. Each object is written once.
//!
//! | key | what |
//! |---|---|
//! | `cohorts/<domain>/plan.json` | how many cohorts, and the wrapped key that assigns subjects to them |
//! | `cohorts/<domain>/keys/<cohort>/<epoch>.json` | a cohort's secret, wrapped under the domain's key of that epoch |
//! | `cohorts/<domain>/shredded/<cohort>.json` | says that a cohort's secrets were destroyed, of all epochs and for ever |
//!
//! A secret is 256 random bits that KMS never saw: a thousand cohorts cost no thousand calls. It cannot be had from the domain's
//! key without its record, so destroying the record destroys the secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sluice_common::policy::CohortSize;
use sluice_common::port::EncryptionContext;
use sluice_common::{BucketName, ObjectKey, ObjectPath, Sha256Digest};
use zeroize::Zeroizing;

use super::cohort::Cohort;
use super::domain::{Domain, Epoch};
use super::domain_key::{DomainKey, KeyPurpose};
use crate::crypto::SivCipher;

const VERSION: u32 = 1;

/// An object of a domain's cohorts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CohortEntry {
    Plan,
    Key(Cohort, Epoch),
    Shredded(Cohort),
}

impl CohortEntry {
    pub(super) fn key(self, domain: &Domain) -> String {
        match self {
            Self::Plan => format!("cohorts/{domain}/plan.json"),
            Self::Key(cohort, epoch) => format!("{}{epoch}.json", keys_prefix(domain, cohort)),
            Self::Shredded(cohort) => format!("{}{cohort}.json", notes_prefix(domain)),
        }
    }

    pub(super) fn path(self, bucket: &BucketName, domain: &Domain) -> Option<ObjectPath> {
        // Far shorter than the longest key.
        ObjectKey::new(self.key(domain)).ok().map(|key| ObjectPath { bucket: bucket.clone(), key })
    }
}

/// What the keys of a cohort's records begin with.
pub(super) fn keys_prefix(domain: &Domain, cohort: Cohort) -> String {
    format!("cohorts/{domain}/keys/{cohort}/")
}

/// What the keys of a domain's notes begin with.
pub(super) fn notes_prefix(domain: &Domain) -> String {
    format!("cohorts/{domain}/shredded/")
}

/// The plan of a domain's cohorts, as it is kept.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PlanRecord {
    v: u32,
    domain: Domain,
    cohorts: serde_json::Value,
    /// KMS's ciphertext blob, in standard base64.
    wrapped: String,
}

/// What KMS binds to the key that assigns.
pub(super) fn plan_context(domain: &Domain, size: CohortSize) -> EncryptionContext {
    EncryptionContext::from([
        ("purpose".to_owned(), "pseudonymize".to_owned()),
        ("domain".to_owned(), domain.to_string()),
        ("cohorts".to_owned(), size.to_string()),
    ])
}

impl PlanRecord {
    pub(super) fn json(domain: &Domain, size: CohortSize, wrapped: &[u8]) -> Vec<u8> {
        let record =
            serde_json::json!({"v": VERSION, "domain": domain, "cohorts": size, "wrapped": BASE64.encode(wrapped)});
        record.to_string().into_bytes()
    }

    /// The size and the wrapped key.
    pub(super) fn read(json: &[u8], domain: &Domain) -> Result<(CohortSize, Vec<u8>), &'static str> {
        let record: Self = serde_json::from_slice(json).map_err(|_json| "it is not a plan of cohorts in JSON")?;
        if record.v != VERSION || record.domain != *domain {
            return Err("its version is not 1, or it is another domain's");
        }
        let size = match &record.cohorts {
            serde_json::Value::String(each) if each == "each" => CohortSize::Each,
            number => {
                let number = number.as_u64().and_then(|number| u32::try_from(number).ok()).filter(|number| *number > 0);
                CohortSize::Shared(number.ok_or("its number of cohorts is none")?)
            }
        };
        let wrapped = BASE64.decode(record.wrapped).map_err(|_base64| "the wrapped key is not base64")?;
        Ok((size, wrapped))
    }
}

/// A cohort's secret, as it is kept.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CohortRecord {
    v: u32,
    domain: Domain,
    epoch: Epoch,
    cohort: Cohort,
    /// AES-SIV under a key derived from the domain's, in standard base64.
    wrapped: String,
}

/// What is authenticated beside a secret.
fn header(key: &DomainKey, cohort: Cohort) -> String {
    format!("{}/{cohort}", key.label(KeyPurpose::Cohorts))
}

impl CohortRecord {
    pub(super) fn json(key: &DomainKey, cohort: Cohort, secret: &[u8; 32]) -> Result<Vec<u8>, &'static str> {
        let cipher = SivCipher::aes_256(&key.derive(KeyPurpose::Cohorts));
        let wrapped =
            cipher.seal(&[header(key, cohort).as_bytes()], secret).map_err(|_headers| "it cannot be wrapped")?;
        let (domain, epoch) = (key.domain(), key.epoch());
        let record = serde_json::json!({
            "v": VERSION, "domain": domain, "epoch": epoch, "cohort": cohort, "wrapped": BASE64.encode(&wrapped),
        });
        Ok(record.to_string().into_bytes())
    }

    pub(super) fn open(json: &[u8], key: &DomainKey, cohort: Cohort) -> Result<DomainKey, &'static str> {
        let record: Self = serde_json::from_slice(json).map_err(|_json| "it is not a cohort's wrapped key in JSON")?;
        if (record.v, &record.domain, record.epoch, record.cohort) != (VERSION, key.domain(), key.epoch(), cohort) {
            return Err("it is another cohort's, domain's or epoch's, or of another version");
        }
        let wrapped = BASE64.decode(record.wrapped).map_err(|_base64| "the wrapped key is not base64")?;
        let cipher = SivCipher::aes_256(&key.derive(KeyPurpose::Cohorts));
        let opened = cipher.open(&[header(key, cohort).as_bytes()], &wrapped).map(Zeroizing::new);
        let opened = opened.map_err(|_altered| "it does not open under the domain's key")?;
        let secret = <[u8; 32]>::try_from(opened.as_slice()).map_err(|_length| "it is no key of 32 bytes")?;
        Ok(DomainKey::of_cohort(key.domain().clone(), key.epoch(), cohort, Zeroizing::new(secret)))
    }
}

/// A cohort's key that was destroyed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CohortKeyDigest {
    /// The epoch.
    pub epoch: Epoch,
    /// SHA-256 of the wrapped key's record.
    pub wrapped_sha256: Sha256Digest,
}

/// Why a cohort's keys were destroyed: what the vault keeps in their place, for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CohortNote {
    /// The domain.
    pub domain: Domain,
    /// The cohort.
    pub cohort: Cohort,
    /// The keys that there were, by epoch; none when no value of the cohort had come yet.
    pub keys: Vec<CohortKeyDigest>,
    /// Who asked for it.
    pub requester: String,
    /// Who approved; someone else.
    pub approver: String,
    /// Why.
    pub reason: String,
    /// SHA-256 of the payload of the signed statement.
    pub statement: Sha256Digest,
}

/// When a cohort's keys were destroyed, and which statement says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShredReference {
    /// When S3 wrote the note.
    pub on: Timestamp,
    /// SHA-256 of the payload of the signed statement.
    pub statement: Sha256Digest,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(secret: u8) -> DomainKey {
        DomainKey::new(Domain::new("customers").unwrap(), Epoch::FIRST, Zeroizing::new([secret; 32]))
    }

    #[test]
    fn a_record_opens_for_its_own_cohort_and_key_only() {
        let (one, other) = (Cohort::new(1).unwrap(), Cohort::new(2).unwrap());
        let json = CohortRecord::json(&key(7), one, &[9; 32]).unwrap();
        let opened = CohortRecord::open(&json, &key(7), one).unwrap();
        assert_eq!(opened.cohort(), Some(one));
        assert!(CohortRecord::open(&json, &key(8), one).is_err(), "another domain key");
        assert!(CohortRecord::open(&json, &key(7), other).is_err());
        let relabelled = String::from_utf8(json.clone()).unwrap().replace(r#""cohort":1"#, r#""cohort":2"#);
        assert!(CohortRecord::open(relabelled.as_bytes(), &key(7), other).is_err(), "the number is authenticated");
        for place in 0..json.len() {
            let mut flipped = json.clone();
            flipped[place] ^= 1;
            assert!(CohortRecord::open(&flipped, &key(7), one).is_err(), "byte {place}");
        }
    }

    #[test]
    fn a_plan_says_its_size() {
        let domain = Domain::new("customers").unwrap();
        for size in [CohortSize::Shared(1_024), CohortSize::Each] {
            let json = PlanRecord::json(&domain, size, &[1, 2, 3]);
            assert_eq!(PlanRecord::read(&json, &domain), Ok((size, vec![1, 2, 3])));
            assert!(PlanRecord::read(&json, &Domain::new("staff").unwrap()).is_err());
        }
        assert!(PlanRecord::read(br#"{"v":1,"domain":"customers","cohorts":0,"wrapped":""}"#, &domain).is_err());
    }
}
