//! When a key's signatures count, and how one trusted key leads to those that followed it.
//!
//! The time of a statement is the one at which S3 wrote it (`Last-Modified`): whoever signs cannot choose it, so a stolen key
//! of before cannot sign statements of before, and a key of tomorrow none of today. The statement's own bytes hold no time, and
//! a time that the signer states is worth nothing when it is the signer who is doubted. Who verifies a copy made by others has
//! that time from them; the log still tells the order, for a rotation is a leaf like any other: see `sluice_log::bundle`.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sluice_common::port::SpkiDer;

use super::{KeyId, MAX_TRUSTED_KEYS, PublicKey, TrustError, TrustedKeys, VerifyError};
use crate::predicate::KeyRotation;

/// The instants between which statements of a key may have been written, both included; open where nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window {
    /// Not before.
    pub not_before: Option<Timestamp>,
    /// Not after.
    pub not_after: Option<Timestamp>,
}

impl Window {
    /// Whether an instant is in it.
    pub fn holds(&self, at: Timestamp) -> bool {
        self.not_before.is_none_or(|first| first <= at) && self.not_after.is_none_or(|last| at <= last)
    }

    /// Whether every instant is in it.
    pub const fn is_open(&self) -> bool {
        self.not_before.is_none() && self.not_after.is_none()
    }

    /// What is in both.
    fn and(self, other: Self) -> Self {
        Self {
            not_before: self.not_before.max(other.not_before),
            not_after: match (self.not_after, other.not_after) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            },
        }
    }
}

/// A set of keys as a document, `keys/statements.json` of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct KeySet {
    keys: Vec<KeySetEntry>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct KeySetEntry {
    key_id: KeyId,
    /// DER of `SubjectPublicKeyInfo`, in base64.
    public_key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_before: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_after: Option<Timestamp>,
}

/// Why a set of keys or their succession is not to be believed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeySetError {
    /// Not the document.
    #[error("not a key set: {0}")]
    NotAKeySet(String),
    /// A key that is not the one of its id.
    #[error("key set: the public key of {0} has another id: the set was altered")]
    OtherId(KeyId),
    /// Its keys cannot be trusted.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// A rotation that the retired key did not sign.
    #[error("the rotation of key {0} is not signed by that key")]
    NotByPrevious(KeyId),
    /// Two successors.
    #[error("two different rotations of key {0}: someone else holds that key; believe neither until you know which")]
    Fork(KeyId),
}

impl TrustedKeys {
    /// Trusts the keys of a key set: `{"keys":[{"keyId":…,"publicKey":…,"notBefore":…,"notAfter":…}]}`, the public key as
    /// DER in base64, the two instants optional.
    ///
    /// # Errors
    /// When it is no key set, a key does not have its id, or as [`TrustedKeys::from_spki_der`].
    pub fn from_key_set(json: &[u8]) -> Result<Self, KeySetError> {
        let place = |error: serde_json::Error| KeySetError::NotAKeySet(crate::dsse::error_place(&error));
        let set: KeySet = serde_json::from_slice(json).map_err(place)?;
        let mut keys = Vec::with_capacity(set.keys.len().min(MAX_TRUSTED_KEYS));
        let mut windows = BTreeMap::new();
        for (at, entry) in set.keys.iter().enumerate() {
            let der = BASE64.decode(&entry.public_key).ok();
            let key = der.and_then(|der| PublicKey::from_spki_der(&der)).ok_or(TrustError::NotAKey(at + 1))?;
            if key.id() != Some(entry.key_id) {
                return Err(KeySetError::OtherId(entry.key_id));
            }
            let window = Window { not_before: entry.not_before, not_after: entry.not_after };
            windows.insert(entry.key_id, window);
            keys.push(key);
        }
        let mut trusted = Self::of(keys)?;
        trusted.windows = windows;
        Ok(trusted)
    }

    /// The keys as a key set.
    pub fn to_key_set(&self) -> Option<String> {
        let entry = |(id, key): &(KeyId, PublicKey)| {
            let (public_key, window) = (BASE64.encode(key.to_spki_der()?), self.window(id));
            let Window { not_before, not_after } = window;
            Some(KeySetEntry { key_id: *id, public_key, not_before, not_after })
        };
        let keys = self.keys.iter().map(entry).collect::<Option<_>>()?;
        serde_json::to_string_pretty(&KeySet { keys }).ok()
    }

    /// When a key's signatures count.
    pub fn window(&self, key: &KeyId) -> Window {
        self.windows.get(key).copied().unwrap_or_default()
    }

    /// Demands that enough of the keys that signed a statement were valid when S3 wrote it.
    ///
    /// # Errors
    /// [`VerifyError::OutsideValidity`], which names the first key that was not.
    pub fn check_written(&self, signed_by: &[KeyId], written: Timestamp) -> Result<(), VerifyError> {
        let (valid, not): (Vec<&KeyId>, Vec<&KeyId>) =
            signed_by.iter().partition(|key| self.window(key).holds(written));
        match not.first() {
            Some(key) if valid.len() < self.threshold => Err(VerifyError::OutsideValidity { key: **key, written }),
            _ => Ok(()),
        }
    }

    /// Trusts those keys too that trusted ones name as their successors, from one to the next, and ends the time of each
    /// that was followed. Envelopes that no trusted key signed are left aside.
    ///
    /// # Errors
    /// When a rotation was not signed by the key that it retires, or a key names two successors.
    pub fn with_rotations<E: AsRef<[u8]>>(mut self, envelopes: &[E]) -> Result<Self, KeySetError> {
        let mut followed: BTreeMap<KeyId, KeyRotation> = BTreeMap::new();
        loop {
            let before = followed.len();
            for envelope in envelopes {
                let Ok(rotation) = self.verify::<KeyRotation>(envelope.as_ref()) else { continue };
                if !rotation.key_ids().contains(&rotation.previous) {
                    return Err(KeySetError::NotByPrevious(rotation.previous));
                }
                match followed.get(&rotation.previous) {
                    Some(known) if *known != *rotation => return Err(KeySetError::Fork(rotation.previous)),
                    Some(_) => {}
                    None => {
                        self.follow(&rotation)?;
                        followed.insert(rotation.previous, rotation.statement().predicate().clone());
                    }
                }
            }
            if followed.len() == before {
                return Ok(self);
            }
        }
    }

    fn follow(&mut self, rotation: &KeyRotation) -> Result<(), KeySetError> {
        let not_a_key = || TrustError::NotAKey(self.keys.len() + 1);
        let SpkiDer(der) = rotation.next_spki().ok_or_else(not_a_key)?;
        let next =
            PublicKey::from_spki_der(&der).filter(|key| key.id() == Some(rotation.next)).ok_or_else(not_a_key)?;
        if self.keys.iter().all(|(id, _)| *id != rotation.next) {
            if self.keys.len() >= MAX_TRUSTED_KEYS {
                return Err(TrustError::TooMany(self.keys.len() + 1).into());
            }
            self.keys.push((rotation.next, next));
        }
        let ended = Window { not_before: None, not_after: Some(rotation.previous_not_after) };
        let begun = Window { not_before: Some(rotation.next_not_before), not_after: None };
        for (key, window) in [(rotation.previous, ended), (rotation.next, begun)] {
            let known = self.window(&key);
            self.windows.insert(key, known.and(window));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sluice_common::port::{Signer, UserMetadata};
    use sluice_testkit::names::bucket;
    use sluice_testkit::{MemoryKms, MemoryS3};

    use super::*;
    use crate::{Archive, Ledger, Statement};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    async fn keys(signer: &MemoryKms) -> TrustedKeys {
        TrustedKeys::of_signer(signer).await.unwrap()
    }

    async fn rotation(from: &MemoryKms, to: &MemoryKms, signed_by: &MemoryKms) -> Vec<u8> {
        let (SpkiDer(old), SpkiDer(new)) = (from.public_key().await.unwrap(), to.public_key().await.unwrap());
        let predicate = KeyRotation {
            previous: KeyId::of_spki(&old),
            previous_not_after: at("2026-03-02T00:00:00Z"),
            next: KeyId::of_spki(&new),
            next_public_key: BASE64.encode(&new),
            next_not_before: at("2026-03-01T00:00:00Z"),
        };
        let statement = Statement::new(vec![KeyRotation::subject(&predicate.previous)], predicate).unwrap();
        let s3 = MemoryS3::default();
        s3.create_versioned_bucket(&bucket("evidence")).unwrap();
        let store = Arc::new(s3.clone());
        let archive = Archive::new(bucket("evidence"), store.clone(), store.clone(), keys(signed_by).await);
        let ledger = Ledger::new(archive, store, Arc::new(signed_by.clone()));
        let kept = ledger.record(&statement, &UserMetadata::new()).await.unwrap().into_kept();
        s3.stored_bytes(kept.at()).unwrap().to_vec()
    }

    #[tokio::test]
    async fn one_trusted_key_leads_to_all_that_followed_and_each_counts_in_its_time() {
        let [first, second, third] = ["first", "second", "third"].map(MemoryKms::new);
        let envelopes = [rotation(&second, &third, &second).await, rotation(&first, &second, &first).await];
        let trusted = keys(&first).await.with_rotations(&envelopes).unwrap();
        let ids: Vec<KeyId> = trusted.ids().collect();
        assert_eq!(ids.len(), 3);
        for (key, written, counts) in [
            (ids[0], "2026-03-02T00:00:00Z", true),
            (ids[0], "2026-03-02T00:00:01Z", false),
            (ids[1], "2026-02-28T23:59:59Z", false),
            (ids[1], "2026-03-01T00:00:00Z", true),
            (ids[2], "2026-03-01T00:00:00Z", true),
        ] {
            assert_eq!(trusted.check_written(&[key], at(written)).is_ok(), counts, "{key} {written}");
        }
        let again = TrustedKeys::from_key_set(trusted.to_key_set().unwrap().as_bytes()).unwrap();
        assert_eq!(again.to_key_set(), trusted.to_key_set());
    }

    #[tokio::test]
    async fn only_the_key_itself_names_its_successor_and_only_one() {
        let [first, second, other] = ["first", "second", "other"].map(MemoryKms::new);
        // Nobody trusts who signed: it leads nowhere.
        let envelopes = [rotation(&other, &second, &other).await];
        assert_eq!(keys(&first).await.with_rotations(&envelopes).unwrap().ids().count(), 1);
        // One trusted key retires another.
        let spki = [first.public_key().await.unwrap(), other.public_key().await.unwrap()];
        let both = TrustedKeys::from_spki_der(&spki).unwrap();
        let envelopes = [rotation(&first, &second, &other).await];
        assert!(matches!(both.with_rotations(&envelopes), Err(KeySetError::NotByPrevious(_))));
        // Two successors of one key.
        let envelopes = [rotation(&first, &second, &first).await, rotation(&first, &other, &first).await];
        assert!(matches!(keys(&first).await.with_rotations(&envelopes), Err(KeySetError::Fork(_))));
    }

    #[tokio::test]
    async fn a_key_set_with_a_key_under_another_id_is_refused() {
        let [first, second] = ["first", "second"].map(MemoryKms::new);
        let (one, other) = (keys(&first).await.to_key_set().unwrap(), keys(&second).await.to_key_set().unwrap());
        let id = |set: &str| serde_json::from_str::<serde_json::Value>(set).unwrap()["keys"][0]["keyId"].clone();
        let mixed = one.replace(id(&one).as_str().unwrap(), id(&other).as_str().unwrap());
        assert!(matches!(TrustedKeys::from_key_set(mixed.as_bytes()), Err(KeySetError::OtherId(_))));
        assert!(matches!(TrustedKeys::from_key_set(b"{}"), Err(KeySetError::NotAKeySet(_))));
        assert!(matches!(TrustedKeys::from_key_set(b"{\"keys\":[]}"), Err(KeySetError::Trust(TrustError::None))));
    }
}
