//! What the evidence bucket says, read without the functions.

use std::collections::BTreeMap;

use serde_json::Value;
use sluice_common::port::{ListCursor, Signer as _, VersionEntry, VersionLister as _};
use sluice_common::{ObjectVersion, VersionId};
use sluice_evidence::TrustedKeys;
use sluice_evidence::dsse::Envelope;
use sluice_evidence::offline::{Expected, verify};
use sluice_testkit::names::bucket;

use crate::world::{CURATED, EVIDENCE, VAULT, World};

/// A statement whose signature and place hold.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) at: ObjectVersion,
    pub(crate) stage: String,
    pub(crate) payload: Value,
}

impl Found {
    pub(crate) fn predicate(&self, field: &str) -> &Value {
        &self.payload["predicate"][field]
    }

    pub(crate) fn text(&self, field: &str) -> &str {
        self.predicate(field).as_str().unwrap_or_else(|| panic!("{field} in {:#}", self.payload))
    }
}

impl World {
    pub(crate) async fn versions(&self, zone: &str) -> Vec<VersionEntry> {
        let mut entries = Vec::new();
        let mut next: Option<ListCursor> = None;
        loop {
            let page = self.s3.list_versions(&bucket(zone), "", next.as_ref()).await.unwrap();
            entries.extend(page.entries);
            match page.next {
                Some(more) => next = Some(more),
                None => return entries,
            }
        }
    }

    /// The statements that verify, by the order of their keys.
    pub(crate) async fn statements(&self) -> Vec<Found> {
        let keys = TrustedKeys::from_spki_der([&self.signing.public_key().await.unwrap()]).unwrap();
        let mut statements = Vec::new();
        for entry in self.versions(EVIDENCE).await.iter().filter(|entry| entry.key.as_str().starts_with("att/")) {
            let at = version(EVIDENCE, entry);
            let bytes = self.s3.stored_bytes(&at).unwrap();
            let expected = Expected { object_key: Some(entry.key.as_str()), ..Expected::default() };
            if verify(&bytes, &keys, expected).holds() {
                let payload = serde_json::from_slice(&Envelope::from_json(&bytes).unwrap().payload).unwrap();
                let stage = entry.key.as_str().split('/').nth(1).unwrap().to_owned();
                statements.push(Found { at, stage, payload });
            }
        }
        statements
    }

    pub(crate) async fn statements_of(&self, stage: &str) -> Vec<Found> {
        self.statements().await.into_iter().filter(|found| found.stage == stage).collect()
    }

    /// The only statement of a stage.
    pub(crate) async fn only(&self, stage: &str) -> Found {
        let mut found = self.statements_of(stage).await;
        assert_eq!(found.len(), 1, "{stage}: {found:#?}");
        found.remove(0)
    }

    /// How many statements of each stage there are, after a look at all of them: every one verifies, its key was written
    /// once, and its link leads to the statement that it names.
    pub(crate) async fn census(&self) -> BTreeMap<String, usize> {
        let entries = self.versions(EVIDENCE).await;
        let kept: Vec<&VersionEntry> = entries.iter().filter(|entry| entry.key.as_str().starts_with("att/")).collect();
        let mut keys: Vec<&str> = kept.iter().map(|entry| entry.key.as_str()).collect();
        keys.dedup();
        assert_eq!(keys.len(), kept.len(), "a statement's key has two versions");
        let statements = self.statements().await;
        assert_eq!(statements.len(), kept.len(), "a statement does not verify");
        let mut census = BTreeMap::new();
        for found in &statements {
            *census.entry(found.stage.clone()).or_insert(0) += 1;
            self.check_link(found);
        }
        census
    }

    fn check_link(&self, found: &Found) {
        let link = found.predicate("predecessor");
        if !link.is_object() {
            assert!(
                matches!(found.stage.as_str(), "seal" | "quarantine" | "finding"),
                "{} without a link",
                found.stage
            );
            return;
        }
        let at = ObjectVersion::from_uri(link["uri"].as_str().unwrap()).unwrap();
        let envelope = Envelope::from_json(&self.s3.stored_bytes(&at).unwrap()).unwrap();
        assert_eq!(link["paeSha256"].as_str().unwrap(), envelope.pae_sha256().to_hex(), "a link leads elsewhere");
    }

    /// Everything that was made, one line an object, version by version: the payloads of statements, for signatures differ
    /// each time, and the bytes of all else. The version ids of curated objects are left out: those of S3 are random.
    pub(crate) async fn outputs(&self) -> BTreeMap<String, String> {
        let curated = self.versions(CURATED).await;
        let mut outputs = BTreeMap::new();
        for zone in [CURATED, EVIDENCE, VAULT] {
            for entry in self.versions(zone).await {
                let bytes = self.s3.stored_bytes(&version(zone, &entry)).unwrap();
                let is_statement = entry.key.as_str().starts_with("att/");
                let bytes = if is_statement { Envelope::from_json(&bytes).unwrap().payload.into() } else { bytes };
                let mut text = String::from_utf8_lossy(&bytes).into_owned();
                for one in &curated {
                    text = text.replace(&one.version_id, "VERSION");
                }
                let clash = outputs.insert(format!("{zone}/{}", entry.key), text);
                assert!(clash.is_none(), "{zone}: a key has two versions");
            }
        }
        outputs
    }
}

pub(crate) fn version(zone: &str, entry: &VersionEntry) -> ObjectVersion {
    let version_id = VersionId::new(entry.version_id.clone()).unwrap();
    ObjectVersion { bucket: bucket(zone), key: entry.key.clone(), version_id }
}

/// A census from literals.
pub(crate) fn census(of: &[(&str, usize)]) -> BTreeMap<String, usize> {
    of.iter().map(|(stage, many)| ((*stage).to_owned(), *many)).collect()
}
