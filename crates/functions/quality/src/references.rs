//! The tables that rules on two datasets and `CustomSql` look up: objects beside the policy, and tables of the Glue Data
//! Catalog.
//!
//! They change, and a verdict must not: the first attempt at a run takes the versions that are current then and writes
//! them down with their digests, beside the other inputs of the verdict. Every attempt reads those, and nothing that took
//! their place since.

mod catalog_table;

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;

use futures::TryStreamExt as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sluice_common::policy::{Dataset, FormatSpec, ReferenceSource};
use sluice_common::port::{ObjectBody, StoreError};
use sluice_common::{ObjectKey, ObjectVersion, Sha256Digest};
use sluice_quality::{StoredTable, Table};
use sluice_stage::input::receive;
use sluice_stage::table::read_options;
use sluice_tabular::{ReadOptions, TabularError, spool};

use crate::QualityFunction;
use crate::error::JudgeError;

use catalog_table::TableRef;

/// Lambda's largest ephemeral storage.
const MAX_SPOOL_BYTES: u64 = 10 << 30;

/// Tables by their aliases.
pub(crate) type References = BTreeMap<String, Arc<dyn Table>>;

/// A table that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum ReferenceRef {
    Object(ObjectRef),
    Table(TableRef),
}

/// An object that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ObjectRef {
    alias: String,
    /// Its address in the evidence bucket.
    uri: String,
    /// SHA-256 of its bytes.
    sha256: Sha256Digest,
}

impl ReferenceRef {
    fn alias(&self) -> &str {
        match self {
            Self::Object(object) => &object.alias,
            Self::Table(table) => table.alias(),
        }
    }
}

impl QualityFunction {
    /// The tables that the policy names, as they are now.
    pub(crate) async fn choose_references(&self, dataset: &Dataset) -> Result<Vec<ReferenceRef>, JudgeError> {
        let (mut chosen, mut objects) = (Vec::with_capacity(dataset.quality.references.len()), 0);
        for spec in &dataset.quality.references {
            chosen.push(match &spec.source {
                ReferenceSource::Object { key, .. } => {
                    ReferenceRef::Object(self.choose_object(&spec.alias, key).await?)
                }
                ReferenceSource::Table { glue } => {
                    let table = self.choose_table(&spec.alias, glue, objects).await?;
                    objects += table.objects();
                    ReferenceRef::Table(table)
                }
            });
        }
        Ok(chosen)
    }

    async fn choose_object(&self, alias: &str, key: &ObjectKey) -> Result<ObjectRef, JudgeError> {
        let unreadable = |source| JudgeError::ReferenceUnreadable { alias: alias.to_owned(), source };
        let at = self.frame.ports().reader.current(&self.in_evidence(key.clone())).await.map_err(unreadable)?;
        let sha256 = self.digest_of(&at).await.map_err(unreadable)?;
        Ok(ObjectRef { alias: alias.to_owned(), uri: at.uri(), sha256 })
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
            let mut specs = dataset.quality.references.iter();
            let spec = specs.find(|spec| spec.alias == reference.alias()).ok_or(JudgeError::InputsDamaged)?;
            let table: Arc<dyn Table> = match (reference, &spec.source) {
                (ReferenceRef::Object(object), ReferenceSource::Object { key, format }) => {
                    Arc::new(self.fetch(object, key, format).await?)
                }
                (ReferenceRef::Table(table), ReferenceSource::Table { glue }) => {
                    Arc::new(self.fetch_table(table, glue).await?)
                }
                _ => return Err(JudgeError::InputsDamaged),
            };
            tables.insert(spec.alias.clone(), table);
        }
        Ok(tables)
    }

    async fn fetch(
        &self,
        reference: &ObjectRef,
        key: &ObjectKey,
        format: &FormatSpec,
    ) -> Result<StoredTable, JudgeError> {
        let at = ObjectVersion::from_uri(&reference.uri).map_err(|_no_version| JudgeError::InputsDamaged)?;
        if at.bucket != *self.frame.context.evidence_bucket() || at.key != *key {
            return Err(JudgeError::InputsDamaged);
        }
        self.open_copy(&reference.alias, &at, reference.sha256, read_options(format)).await
    }

    /// Copies a version whose digest is known, and opens the copy.
    async fn open_copy(
        &self,
        alias: &str,
        at: &ObjectVersion,
        sha256: Sha256Digest,
        options: ReadOptions,
    ) -> Result<StoredTable, JudgeError> {
        let unreadable = |source| JudgeError::ReferenceUnreadable { alias: alias.to_owned(), source };
        let unfit = |source| JudgeError::ReferenceUnfit { alias: alias.to_owned(), source };
        let ObjectBody { stream, .. } = self.frame.ports().reader.get(at).await.map_err(unreadable)?;
        let (input, receiving) = receive(stream);
        let copied = on_thread(move || spool(input, &std::env::temp_dir(), MAX_SPOOL_BYTES)).await;
        if receiving.finish().await.map_err(unreadable)?.sha256 != sha256 {
            return Err(JudgeError::InputsDamaged);
        }
        let file: File = copied.map_err(unfit)?;
        on_thread(move || StoredTable::open(Arc::new(file), options)).await.map_err(unfit)
    }
}

async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, TabularError> + Send + 'static,
) -> Result<T, TabularError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|panicked| std::panic::resume_unwind(panicked.into_panic()))
}
