use std::collections::BTreeMap;

use super::answer::{Answer, Opened, Refusal};
use super::request::ReidentifyRequest;
use crate::crypto::{HmacKey, NotAuthentic};
use crate::keyring::{DomainKey, Epoch, KeyPurpose, KeyUnwrapper, KeyringError};
use crate::transform::{Decrypt, TokenText};

/// The most epochs of one request: each costs a call to KMS.
const MAX_EPOCHS: usize = 32;

/// An epoch's key, or why there is none.
type Opener = Result<Decrypt, Refusal>;

/// Opens the pseudonyms of a request. A pseudonym that cannot be opened is a result too, and does not stop the others.
///
/// # Errors
/// When a key could not be had for reasons that lie outside the request: the vault, KMS, an altered wrapped key.
pub async fn reidentify(request: &ReidentifyRequest, keys: &KeyUnwrapper) -> Result<Answer, KeyringError> {
    let mut openers: BTreeMap<Epoch, Opener> = BTreeMap::new();
    let mut blind = None;
    let mut results = Vec::with_capacity(request.tokens.len());
    for token in &request.tokens {
        let (epoch, sealed) = match TokenText::parse(token) {
            Ok(TokenText::Encrypted { epoch, sealed }) => (epoch, sealed),
            Ok(TokenText::Token { .. }) => {
                results.push(Opened::Refused(Refusal::NotReversible));
                continue;
            }
            Err(_) => {
                results.push(Opened::Refused(Refusal::Malformed));
                continue;
            }
        };
        if !openers.contains_key(&epoch) {
            let opener = if openers.len() < MAX_EPOCHS {
                opener(request, keys, epoch, &mut blind).await?
            } else {
                Err(Refusal::UnknownEpoch)
            };
            openers.insert(epoch, opener);
        }
        results.push(match openers.get(&epoch) {
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
    epoch: Epoch,
    blind: &mut Option<[u8; 32]>,
) -> Result<Opener, KeyringError> {
    match keys.open(&request.domain, epoch).await {
        Ok(key) => {
            blind.get_or_insert_with(|| blind_of(request, &key));
            Ok(Ok(Decrypt::new(&key)))
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
