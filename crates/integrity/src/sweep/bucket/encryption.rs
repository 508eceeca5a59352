use sluice_common::port::{BucketPosture, EncryptionSetting};

use super::{BucketCheck, DesiredBucket, Rule};

/// New objects are encrypted as desired, with the desired key.
pub(super) struct Encryption;

impl BucketCheck for Encryption {
    fn rule(&self) -> Rule {
        Rule::BucketEncryption
    }

    fn problem(&self, desired: &DesiredBucket, found: &BucketPosture) -> Option<String> {
        let wanted = desired.encryption.as_ref()?;
        let Some(found) = &found.encryption else {
            return Some(format!("the bucket has no default encryption: set {}", wanted.algorithm));
        };
        if found.algorithm != wanted.algorithm {
            return Some(format!("default encryption is {}, {} is desired", found.algorithm, wanted.algorithm));
        }
        (!same_key(found, wanted)).then(|| "default encryption uses another KMS key than desired".to_owned())
    }
}

/// A key may be configured by its id or by its ARN.
fn same_key(found: &EncryptionSetting, wanted: &EncryptionSetting) -> bool {
    let id = |key: &str| key.rsplit('/').next().unwrap_or_default().to_owned();
    match (&found.kms_key, &wanted.kms_key) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(found), Some(wanted)) => {
            let both_arns = found.starts_with("arn:") && wanted.starts_with("arn:");
            if both_arns { found == wanted } else { id(found) == id(wanted) }
        }
    }
}
