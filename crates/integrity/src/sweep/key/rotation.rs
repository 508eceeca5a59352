use sluice_common::port::KeyPosture;

use super::{DesiredKey, KeyCheck, Rule};

/// The key's material is renewed every year, where it can be.
pub(super) struct Rotation;

impl KeyCheck for Rotation {
    fn rule(&self) -> Rule {
        Rule::KeyRotation
    }

    fn problem(&self, desired: &DesiredKey, found: &KeyPosture) -> Option<String> {
        let is_off = desired.rotated && found.is_rotated == Some(false);
        is_off.then(|| "the KMS key's rotation is off: turn it on".to_owned())
    }
}
