use std::collections::{BTreeMap, BTreeSet};

use super::answer::{Answer, Opened, Refusal};
use super::request::ReidentifyRequest;
use crate::crypto::{HmacKey, NotAuthentic};
use crate::keyring::{DomainKey, Epoch, KeyPurpose, KeyRef, KeyUnwrapper, KeyringError, ScopedKey};
use crate::transform::{Decrypt, TokenText};

/// The most epochs of one request: each costs a call to KMS. Keys of columns and cohorts cost none.
const MAX_EPOCHS: usize = 32;

/// What opens the pseudonyms of one key, or why nothing does.
type Opener = Result<Decrypt, Refusal>;

/// Opens the pseudonyms of a request. A pseudonym that cannot be opened is a result too, and does not stop the others.
///
/// # Errors
/// When a key could not be had for reasons that lie outside the request: the vault, KMS, an altered wrapped key.
pub async fn reidentify(request: &ReidentifyRequest, keys: &KeyUnwrapper) -> Result<Answer, KeyringError> {
    let mut openers: BTreeMap<KeyRef, Opener> = BTreeMap::new();
    let mut blind = None;
    let mut results = Vec::with_capacity(request.tokens.len());
    for token in &request.tokens {
        let (key, sealed) = match TokenText::parse(token) {
            Ok(TokenText::Encrypted { key, sealed }) => (key, sealed),
            Ok(TokenText::Token { .. }) => {
                results.push(Opened::Refused(Refusal::NotReversible));
                continue;
            }
            Err(_) => {
                results.push(Opened::Refused(Refusal::Malformed));
                continue;
            }
        };
        if !openers.contains_key(&key) {
            let epochs: BTreeSet<Epoch> = openers.keys().map(|key| key.epoch).collect();
            let opener = if epochs.len() < MAX_EPOCHS || epochs.contains(&key.epoch) {
                opener(request, keys, key, &mut blind).await?
            } else {
                Err(Refusal::UnknownEpoch)
            };
            openers.insert(key, opener);
        }
        results.push(match openers.get(&key) {
            Some(Ok(decrypt)) => match decrypt.open(&sealed) {
                Ok(value) => Opened::Value(value),
                Err(NotAuthentic) => Opened::Refused(Refusal::NotAuthentic),
            },
            Some(Err(refusal)) => Opened::Refused(*refusal),
            None => Opened::Refused(Refusal::UnknownEpoch),
        });
    }
    Ok(Answer { results, request: request.digest, blind })
}

async fn opener(
    request: &ReidentifyRequest,
    keys: &KeyUnwrapper,
    wanted: KeyRef,
    blind: &mut Option<[u8; 32]>,
) -> Result<Opener, KeyringError> {
    match keys.open(&request.domain, wanted.epoch).await {
        Ok(key) => {
            blind.get_or_insert_with(|| blind_of(request, &key));
            let key = match wanted.cohort {
                None => key,
                Some(cohort) => match keys.open_cohort(&key, cohort).await {
                    Ok(key) => key,
                    Err(KeyringError::CohortShredded { shredded, .. }) => {
                        return Ok(Err(Refusal::SubjectShredded(shredded)));
                    }
                    Err(KeyringError::CohortUnknown { .. }) => return Ok(Err(Refusal::UnknownCohort)),
                    Err(error) => return Err(error),
                },
            };
            let scoped = match (wanted.scope, &request.column) {
                (None, _) => ScopedKey::from(&*key),
                (Some(_), Some(column)) => key.of_column(column),
                (Some(_), None) => return Ok(Err(Refusal::ColumnNeeded)),
            };
            Ok(if scoped.key_ref() == wanted { Ok(Decrypt::new(scoped)) } else { Err(Refusal::OtherColumn) })
        }
        Err(KeyringError::Unknown { .. }) => Ok(Err(Refusal::UnknownEpoch)),
        Err(KeyringError::Shredded { .. }) => Ok(Err(Refusal::Shredded)),
        Err(error) => Err(error),
    }
}

/// Unknown to all who do not hold the domain's key, and the same when the request is run again.
fn blind_of(request: &ReidentifyRequest, key: &DomainKey) -> [u8; 32] {
    HmacKey::new(key.derive::<32>(KeyPurpose::Answer).as_slice()).tag(request.digest.as_bytes())
}
