//! The tables beside the policy that rules on two datasets and `CustomSql` look up.
//!
//! They change, and a verdict must not: the first attempt at a run takes the versions that are current then and writes
//! them down with their digests, beside the other inputs of the verdict. Every attempt reads those, and nothing that took
//! their place since.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::TryStreamExt as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sluice_common::policy::{Dataset, ReferenceSpec};
use sluice_common::port::{ObjectBody, StoreError};
use sluice_common::{ObjectVersion, Sha256Digest};
use sluice_quality::{StoredTable, Table};
use sluice_stage::input::receive;
use sluice_stage::table::read_options;
use sluice_tabular::{TabularError, spool};

use crate::QualityFunction;
use crate::error::JudgeError;

/// Lambda's largest ephemeral storage.
const MAX_SPOOL_BYTES: u64 = 10 << 30;

/// Tables by their aliases.
pub(crate) type References = BTreeMap<String, Arc<dyn Table>>;

/// A table that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ReferenceRef {
    alias: String,
    /// Its address in the evidence bucket.
    uri: String,
    /// SHA-256 of its bytes.
    sha256: Sha256Digest,
}

impl QualityFunction {
    /// The tables that the policy names, as they are now.
    pub(crate) async fn choose_references(&self, dataset: &Dataset) -> Result<Vec<ReferenceRef>, JudgeError> {
        let mut chosen = Vec::with_capacity(dataset.quality.references.len());
        for spec in &dataset.quality.references {
            let unreadable = |source| JudgeError::ReferenceUnreadable { alias: spec.alias.clone(), source };
            let at =
                self.frame.ports().reader.current(&self.in_evidence(spec.key.clone())).await.map_err(unreadable)?;
            let sha256 = self.digest_of(&at).await.map_err(unreadable)?;
            chosen.push(ReferenceRef { alias: spec.alias.clone(), uri: at.uri(), sha256 });
        }
        Ok(chosen)
    }

    async fn digest_of(&self, at: &ObjectVersion) -> Result<Sha256Digest, StoreError> {
        let ObjectBody { mut stream, .. } = self.frame.ports().reader.get(at).await?;
        let mut hasher = Sha256::new();
        while let Some(chunk) = stream.try_next().await? {
            hasher.update(&chunk);
        }
        Ok(Sha256Digest::from_bytes(hasher.finalize().into()))
    }

    /// Copies the tables that were taken to ephemeral storage, where rules read them as often as they like.
    pub(crate) async fn fetch_references(
        &self,
        taken: &[ReferenceRef],
        dataset: &Dataset,
    ) -> Result<References, JudgeError> {
        let mut tables = References::new();
        for reference in taken {
            let named = |spec: &&ReferenceSpec| spec.alias == reference.alias;
            let spec = dataset.quality.references.iter().find(named).ok_or(JudgeError::InputsDamaged)?;
            tables.insert(reference.alias.clone(), Arc::new(self.fetch(reference, spec).await?));
        }
        Ok(tables)
    }

    async fn fetch(&self, reference: &ReferenceRef, spec: &ReferenceSpec) -> Result<StoredTable, JudgeError> {
        let unreadable = |source| JudgeError::ReferenceUnreadable { alias: spec.alias.clone(), source };
        let unfit = |source| JudgeError::ReferenceUnfit { alias: spec.alias.clone(), source };
        let at = ObjectVersion::from_uri(&reference.uri).map_err(|_no_version| JudgeError::InputsDamaged)?;
        if at.bucket != *self.frame.context.evidence_bucket() || at.key != spec.key {
            return Err(JudgeError::InputsDamaged);
        }
        let ObjectBody { stream, .. } = self.frame.ports().reader.get(&at).await.map_err(unreadable)?;
        let (input, receiving) = receive(stream);
        let copied = tokio::task::spawn_blocking(move || spool(input, &std::env::temp_dir(), MAX_SPOOL_BYTES));
        let copied = copied.await.unwrap_or_else(|panicked| std::panic::resume_unwind(panicked.into_panic()));
        if receiving.finish().await.map_err(unreadable)?.sha256 != reference.sha256 {
            return Err(JudgeError::InputsDamaged);
        }
        let (file, options) = (copied.map_err(unfit)?, read_options(&spec.format));
        let opened = tokio::task::spawn_blocking(move || -> Result<StoredTable, TabularError> {
            StoredTable::open(Arc::new(file), options)
        });
        opened.await.unwrap_or_else(|panicked| std::panic::resume_unwind(panicked.into_panic())).map_err(unfit)
    }
}
