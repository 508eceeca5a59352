//! From the keys that are trusted to those that followed them, by the bundle's own rotations.

use std::collections::BTreeMap;
use std::io;

use sluice_evidence::predicate::KeyRotation;
use sluice_evidence::verify::KeyId;
use sluice_evidence::{Stage, TrustedKeys};

use crate::files::Files;
use crate::leaf::Leaf;

/// The keys, and what is wrong with their succession.
pub(super) struct Succession {
    /// Trusted keys and their successors, each with its time.
    pub(super) keys: TrustedKeys,
    /// Why no successor is trusted.
    pub(super) fault: Option<String>,
    /// Each successor and the leaf of the statement that names it.
    named_by: BTreeMap<KeyId, Vec<u8>>,
}

/// Follows the rotations of a bundle.
pub(super) fn follow(keys: &TrustedKeys, files: &dyn Files) -> io::Result<Succession> {
    let mut envelopes = Vec::new();
    for key in files.list(&format!("att/{}/", Stage::KeyRotation))? {
        envelopes.extend(files.read(&key)?);
    }
    let (keys, fault) = match keys.clone().with_rotations(&envelopes) {
        Ok(keys) => (keys, None),
        Err(error) => (keys.clone(), Some(error.to_string())),
    };
    let mut named_by = BTreeMap::new();
    for envelope in &envelopes {
        let (Ok(rotation), Ok(genuine)) = (keys.verify::<KeyRotation>(envelope), keys.verify_any(envelope)) else {
            continue;
        };
        if let Some(leaf) = Leaf::of(&genuine).to_bytes() {
            named_by.insert(rotation.next, leaf);
        }
    }
    Ok(Succession { keys, fault, named_by })
}

impl Succession {
    /// Leaves that a key signed before the log knew it.
    pub(super) fn out_of_order(&self, entries: &[Vec<u8>]) -> Vec<String> {
        if self.named_by.is_empty() {
            return Vec::new();
        }
        let mut named: Vec<KeyId> = Vec::new();
        let mut faults = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            let signer = Leaf::parse(entry).map(|leaf| leaf.kid);
            let too_early = signer.filter(|key| self.named_by.contains_key(key) && !named.contains(key));
            if let Some(key) = too_early {
                faults.push(format!("leaf {index}: signed by key {key}, which no leaf before it names as a successor"));
            }
            named.extend(self.named_by.iter().filter(|(_, leaf)| *leaf == entry).map(|(key, _)| *key));
        }
        faults
    }
}
