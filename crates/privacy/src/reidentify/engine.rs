use std::collections::{BTreeMap, BTreeSet};

use super::answer::{Answer, Opened, Refusal};
use super::request::{FpeSource, ReidentifyRequest};
use crate::crypto::{HmacKey, NotAuthentic};
use crate::keyring::{DomainKey, Epoch, KeyPurpose, KeyRef, KeyUnwrapper, KeyringError, ScopedKey};
use crate::transform::{Decrypt, Fpe, TokenText, TokenTextError};

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
    let fpe = match &request.fpe {
        Some(source) => Some(fpe_opener(request, source, keys, &mut blind).await?),
        None => None,
    };
    let mut results = Vec::with_capacity(request.tokens.len());
    for token in &request.tokens {
        let (key, sealed) = match TokenText::parse(token) {
            Ok(TokenText::Encrypted { key, sealed }) => (key, sealed),
            Ok(TokenText::Token { .. }) => {
                results.push(Opened::Refused(Refusal::NotReversible));
                continue;
            }
            Err(error) => {
                // A number may begin like nothing that we write; what begins like a pseudonym is one.
                let fpe = fpe.as_ref().filter(|_| error == TokenTextError::Unknown);
                results.push(match fpe {
                    Some(Ok(fpe)) => {
                        fpe.open(token).map_or(Opened::Refused(Refusal::NotFormatPreserving), Opened::Value)
                    }
                    Some(Err(refusal)) => Opened::Refused(*refusal),
                    None => Opened::Refused(Refusal::Malformed),
                });
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

/// Why the values of `fpe` that a request names cannot be opened, if so: before any is, since FF1 would give other values of
/// the same format without a word. `None`: they can be, or there are none.
///
/// # Errors
/// As [`reidentify`].
pub async fn fpe_refusal(request: &ReidentifyRequest, keys: &KeyUnwrapper) -> Result<Option<Refusal>, KeyringError> {
    let Some(source) = &request.fpe else { return Ok(None) };
    Ok(fpe_opener(request, source, keys, &mut None).await?.err())
}

async fn fpe_opener(
    request: &ReidentifyRequest,
    source: &FpeSource,
    keys: &KeyUnwrapper,
    blind: &mut Option<[u8; 32]>,
) -> Result<Result<Fpe, Refusal>, KeyringError> {
    let key = match keys.open(&request.domain, source.mark.epoch()).await {
        Ok(key) => key,
        Err(KeyringError::Unknown { .. }) => return Ok(Err(Refusal::UnknownEpoch)),
        Err(KeyringError::Shredded { shredded, .. }) => return Ok(Err(Refusal::Shredded(shredded))),
        Err(error) => return Err(error),
    };
    blind.get_or_insert_with(|| blind_of(request, &key));
    // The id says whether it was the domain's key or the column's.
    let of_domain = ScopedKey::from(&*key);
    let of_column = request.column.as_deref().map(|column| key.of_column(column));
    let scoped = [Some(of_domain), of_column].into_iter().flatten().find(|scoped| source.mark.is_of_key(*scoped));
    let Some(scoped) = scoped else { return Ok(Err(Refusal::OtherKey)) };
    if !source.mark.has_parameters(&source.parameters) {
        return Ok(Err(Refusal::OtherParameters));
    }
    Ok(Fpe::new(&source.parameters, scoped).map_err(|_unfit| Refusal::OtherParameters))
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
        Err(KeyringError::Shredded { shredded, .. }) => Ok(Err(Refusal::Shredded(shredded))),
        Err(error) => Err(error),
    }
}

/// Unknown to all who do not hold the domain's key, and the same when the request is run again.
fn blind_of(request: &ReidentifyRequest, key: &DomainKey) -> [u8; 32] {
    HmacKey::new(key.derive::<32>(KeyPurpose::Answer).as_slice()).tag(request.digest.as_bytes())
}
