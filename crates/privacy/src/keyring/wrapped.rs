use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use sluice_common::port::EncryptionContext;

use super::domain::{Domain, Epoch};

/// The format's version.
const VERSION: u32 = 1;

/// The most bytes a record can have. A ciphertext blob of KMS for 32 bytes has less than 200.
pub(super) const MAX_RECORD_BYTES: u64 = 16 * 1024;

/// A domain's secret, encrypted under the KMS key: what the vault keeps. Not secret by itself.
#[derive(Clone, PartialEq, Eq)]
pub struct WrappedKey {
    /// The domain.
    pub domain: Domain,
    /// The epoch.
    pub epoch: Epoch,
    /// KMS's ciphertext blob.
    pub wrapped: Vec<u8>,
}

/// The record as JSON.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Record {
    v: u32,
    domain: Domain,
    epoch: Epoch,
    /// Standard base64.
    wrapped: String,
    context: EncryptionContext,
}

/// What KMS binds to the secret of a domain and epoch.
pub(super) fn encryption_context(domain: &Domain, epoch: Epoch) -> EncryptionContext {
    EncryptionContext::from([
        ("purpose".to_owned(), "pseudonymize".to_owned()),
        ("domain".to_owned(), domain.to_string()),
        ("epoch".to_owned(), epoch.to_string()),
    ])
}

impl WrappedKey {
    /// The record, one line of JSON: `{v, domain, epoch, wrapped, context}`.
    pub fn to_json(&self) -> Vec<u8> {
        let record = serde_json::json!({
            "v": VERSION,
            "domain": self.domain,
            "epoch": self.epoch,
            "wrapped": BASE64.encode(&self.wrapped),
            "context": encryption_context(&self.domain, self.epoch),
        });
        record.to_string().into_bytes()
    }

    /// Reads the record of a domain and epoch. Whatever it says is compared with what it must say.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_json(json: &[u8], domain: &Domain, epoch: Epoch) -> Result<Self, &'static str> {
        let record: Record = serde_json::from_slice(json).map_err(|_json| "it is not a wrapped key in JSON")?;
        if record.v != VERSION {
            return Err("its version is not 1");
        }
        if record.domain != *domain || record.epoch != epoch {
            return Err("it is the key of another domain or epoch");
        }
        if record.context != encryption_context(domain, epoch) {
            return Err("its encryption context is another");
        }
        let wrapped = BASE64.decode(record.wrapped).map_err(|_base64| "the wrapped key is not base64")?;
        Ok(Self { domain: record.domain, epoch, wrapped })
    }
}

impl fmt::Debug for WrappedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WrappedKey({}/{}, {} bytes)", self.domain, self.epoch, self.wrapped.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped() -> WrappedKey {
        WrappedKey { domain: Domain::new("customers").unwrap(), epoch: Epoch::FIRST, wrapped: vec![1, 2, 3] }
    }

    #[test]
    fn the_record_is_pinned() {
        assert_eq!(
            String::from_utf8(wrapped().to_json()).unwrap(),
            r#"{"context":{"domain":"customers","epoch":"1","purpose":"pseudonymize"},"domain":"customers","epoch":1,"v":1,"wrapped":"AQID"}"#
        );
    }

    #[test]
    fn reads_what_it_wrote_for_that_domain_and_epoch_only() {
        let key = wrapped();
        let json = key.to_json();
        assert_eq!(WrappedKey::from_json(&json, &key.domain, key.epoch), Ok(key.clone()));
        assert!(WrappedKey::from_json(&json, &Domain::new("staff").unwrap(), key.epoch).is_err());
        assert!(WrappedKey::from_json(&json, &key.domain, Epoch::new(2).unwrap()).is_err());
    }

    #[test]
    fn altered_records_are_refused() {
        let key = wrapped();
        let json = String::from_utf8(key.to_json()).unwrap();
        for (from, to) in [
            (r#""v":1"#, r#""v":2"#),
            (r#""v":1"#, r#""v":1,"more":1"#),
            ("AQID", "AQI*"),
            (r#""epoch":"1""#, r#""epoch":"2""#),
            (r#""purpose":"pseudonymize""#, r#""purpose":"other""#),
            (r#""domain":"customers","epoch":1"#, r#""domain":"customers","epoch":0"#),
            ("}", ""),
        ] {
            let altered = json.replacen(from, to, 1);
            assert_ne!(altered, json);
            assert!(WrappedKey::from_json(altered.as_bytes(), &key.domain, key.epoch).is_err(), "{altered}");
        }
    }
}
