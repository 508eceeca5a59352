use sluice_common::port::KeyPosture;

use super::{DesiredKey, KeyCheck, Rule};

/// The key can be used, and nobody has scheduled its end.
pub(super) struct Usable;

impl KeyCheck for Usable {
    fn rule(&self) -> Rule {
        Rule::KeyUnusable
    }

    fn problem(&self, _desired: &DesiredKey, found: &KeyPosture) -> Option<String> {
        let what_to_do = match found.state.as_str() {
            "Enabled" => return None,
            "PendingDeletion" | "PendingReplicaDeletion" => "cancel its deletion, or everything under it is lost",
            "Disabled" => "enable it",
            _ => "see what became of it",
        };
        Some(format!("the KMS key is not usable ({}): {what_to_do}", found.state))
    }
}
