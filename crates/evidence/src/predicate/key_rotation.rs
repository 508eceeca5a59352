use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sluice_common::port::SpkiDer;

use crate::layout::{RunId, Stage, SubjectId};
use crate::statement::{Predicate, ResourceDescriptor, StatementError, inconsistent};
use crate::verify::KeyId;

/// "From then on that key signs, and until then I do." Signed by the old key; the subject is the old key. One for each key,
/// under a key of the bucket that is written once: who stole an old key cannot name a second successor unnoticed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeyRotation {
    /// The key that signs this statement and will sign no more.
    pub previous: KeyId,
    /// What S3 wrote of a statement of the old key after this instant is not believed.
    pub previous_not_after: Timestamp,
    /// The key that follows.
    pub next: KeyId,
    /// It as DER of `SubjectPublicKeyInfo`, in base64: its digest is its id.
    pub next_public_key: String,
    /// What S3 wrote of a statement of the new key before this instant is not believed.
    pub next_not_before: Timestamp,
}

impl KeyRotation {
    /// The subject of a rotation: a key by its name, which is also its digest.
    pub fn subject(previous: &KeyId) -> ResourceDescriptor {
        ResourceDescriptor::named(format!("signing-key:{previous}"), previous.digest())
    }

    /// The key that follows, when it is the one that its id names.
    pub fn next_spki(&self) -> Option<SpkiDer> {
        use base64::Engine as _;
        let der = base64::engine::general_purpose::STANDARD.decode(&self.next_public_key).ok()?;
        (KeyId::of_spki(&der) == self.next).then_some(SpkiDer(der))
    }
}

impl Predicate for KeyRotation {
    const STAGE: Stage = Stage::KeyRotation;

    fn place(&self, subject: &[ResourceDescriptor]) -> Result<(SubjectId, RunId), StatementError> {
        let expected = Self::subject(&self.previous);
        if subject != [expected.clone()] {
            return Err(inconsistent::<Self>("its subject is another key than the one it retires"));
        }
        if self.next == self.previous || self.next_spki().is_none() {
            return Err(inconsistent::<Self>("the key that follows is not another key, or not the one of its id"));
        }
        if self.next_not_before > self.previous_not_after {
            return Err(inconsistent::<Self>("between the two keys no key is valid"));
        }
        Ok((expected.id(), RunId::only()))
    }
}
